/** The bare server of bench/bare-server.ts: not a mail server, but how far it is to the ground. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Folder, freePort, greets, waitFor } from '../../tests/peers/machine.ts';
import type { Contender } from '../contender.ts';

export async function startBare(): Promise<Contender> {
  const folder = new Folder('bare');
  const port = await freePort();
  const file = folder.file('messages.db');
  const program = join(import.meta.dirname, '../bare-server.ts');
  const child = spawn(process.execPath, [program, String(port), file], { stdio: 'inherit' });
  await waitFor('the bare server', () => greets(port), 5000);
  const database = new DatabaseSync(file, { readOnly: true });
  const all = database.prepare('SELECT count(*) AS count FROM message');
  return {
    name: 'bare',
    port,
    version: `bench/bare-server.ts on Node ${process.version}`,
    roots: () => [child.pid ?? 0],
    backlog: () => 0,
    stored: async () => Number(all.get()?.['count']),
    async [Symbol.asyncDispose]() {
      database.close();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      folder[Symbol.dispose]();
    },
  };
}
