/** The operations without a server: the store is opened for this one command, under its lock. */

import { StoreRefused } from '@merpati/store/contract.ts';
import type { SalvageReport } from '@merpati/store/sqlite/open.ts';
import type { Connection } from '../admin/connection.ts';
import type { AdminContext } from '../admin/operation.ts';
import { perform, performStream } from '../admin/perform.ts';
import type { Config } from '../config/schema.ts';
import { silentLog } from '../observe/log.ts';
import { realWorld } from '../real-world.ts';
import { openHome } from '../serve.ts';
import { Failure } from './failure.ts';
import { say } from './language.ts';
import { storeFailure } from './store-refused.ts';

export interface OpeningOptions {
  /** Build a damaged database anew from what can be read of it, and tell here what came of it. */
  readonly onSalvaged?: (report: SalvageReport) => void;
}

export async function openInProcess(
  config: Config,
  options: OpeningOptions = {},
): Promise<Connection> {
  const home = await open(config, options);
  const context: AdminContext = { homes: [home], lab: null, server: null };
  return {
    call: async (name, input) => (await perform(context, name, input)) as never,
    stream: (name, input, signal) =>
      performStream(context, { name, input }, signal ?? new AbortController().signal) as never,
    close: () => home.store.close(),
  };
}

async function open(config: Config, options: OpeningOptions) {
  const what = say('cannot open the store', 'tidak bisa membuka penyimpanan');
  // Nothing listens, so no certificate is needed, and one that cannot be read is no hindrance.
  const quiet = { ...config, tls: { ...config.tls, certificate_file: '', certificates: [] } };
  try {
    return await openHome(quiet, realWorld(config.dns), { log: silentLog(), ...options });
  } catch (error) {
    if (error instanceof StoreRefused) {
      throw storeFailure(error, what, {
        exit: 'later',
        next: say(
          'If that is a server, its control socket does not answer: see its log.',
          'Kalau itu server, soket kendalinya tidak menjawab: lihat lognya.',
        ),
      });
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    throw new Failure('store.forbidden', 'notAllowed', {
      what,
      why: say(`${config.data} may not be written`, `${config.data} tidak boleh ditulisi`),
      next: say(
        'Run the command as the user of the server, e.g. with sudo -u merpati.',
        'Jalankan sebagai pengguna server, misalnya dengan sudo -u merpati.',
      ),
    });
  }
}
