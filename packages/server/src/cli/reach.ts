/** The way from a command to the operations: a running server's socket, else the store itself. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Connection } from '../admin/connection.ts';
import { connectControl } from '../admin/control-client.ts';
import { controlSocketFile } from '../admin/control-socket-name.ts';
import { Failure } from './failure.ts';
import type { OpeningOptions } from './in-process.ts';
import { say } from './language.ts';
import type { Globals } from './output.ts';
import { currentLab, findConfigFile } from './places.ts';

export async function reach(globals: Globals, options: OpeningOptions = {}): Promise<Connection> {
  const folder = globals.data ?? (globals.lab ? currentLab(process.env) : null);
  if (folder !== null) {
    const found = await connect(path.resolve(folder));
    if (found !== null) return found;
  }
  if (globals.lab || (folder !== null && existsSync(path.join(folder, 'lab-ca.key')))) {
    throw new Failure('lab.not-running', 'failed', {
      what: say('cannot ask the lab', 'tidak bisa bertanya ke lab'),
      why: say('no lab is running', 'tidak ada lab yang berjalan'),
      next: say('Start it in another terminal: merpati lab', 'Mulai di terminal lain: merpati lab'),
    });
  }
  return reachConfigured(globals, options);
}

async function reachConfigured(globals: Globals, options: OpeningOptions): Promise<Connection> {
  const { loadConfig } = await import('./load-config.ts');
  const file = findConfigFile(globals.config, process.env);
  const { config } = loadConfig(file, globals.data);
  const found = await connect(config.data);
  if (found !== null) return found;
  if (!existsSync(config.data)) throw await noData(config.data, file);
  const { openInProcess } = await import('./in-process.ts');
  return openInProcess(config, options);
}

async function connect(folder: string): Promise<Connection | null> {
  try {
    return await connectControl(controlSocketFile(folder));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new Failure('control.forbidden', 'notAllowed', {
      what: say('cannot ask the server', 'tidak bisa bertanya ke server'),
      why: say(`${folder} belongs to another user`, `${folder} milik pengguna lain`),
      next: say(
        'Run the command as the user of the server, e.g. with sudo -u merpati.',
        'Jalankan sebagai pengguna server, misalnya dengan sudo -u merpati.',
      ),
    });
  }
}

/** Most likely somebody is new here, or has a lab running and forgot to say so. */
async function noData(folder: string, file: string | null): Promise<Failure> {
  const lab = currentLab(process.env);
  const running = lab === null ? null : await connect(lab);
  await running?.close();
  const what = say('cannot open the store', 'tidak bisa membuka penyimpanan');
  const where = file === null ? '' : ` (${file})`;
  const why = say(`there is no folder ${folder}${where}`, `tidak ada folder ${folder}${where}`);
  const next =
    running === null
      ? say(
          'To try it out: merpati lab. For a real domain: merpati setup DOMAIN',
          'Untuk mencoba: merpati lab. Untuk domain sungguhan: merpati setup DOMAIN',
        )
      : say(
          'A lab is running: add --lab to address it.',
          'Ada lab yang berjalan: tambahkan --lab untuk memakainya.',
        );
  return new Failure('data.missing', 'notFound', { what, why, next });
}
