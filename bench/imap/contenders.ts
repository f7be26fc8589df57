/** Who is measured with a large mailbox: ours, and Debian's Dovecot with two of its formats. */

import { writeFileSync } from 'node:fs';
import { hashPassword } from '@merpati/server/accounts/password.ts';
import { Dovecot } from '../../tests/peers/dovecot.ts';
import { makeCertificate, Folder } from '../../tests/peers/machine.ts';
import { Merpati } from '../../tests/peers/merpati.ts';

export const user = 'you@bench.test';
export const password = 'rahasia';

export interface ImapContender extends AsyncDisposable {
  readonly name: string;
  /** TLS at once. */
  readonly port: () => number;
  /** The process whose descendants are its own. */
  readonly pid: () => number;
  /** What comes from here on is on disk before it is answered. */
  filled(): Promise<void>;
  /** Nothing is left in memory afterwards but what the disk gives. */
  restart(): Promise<void>;
}

export async function startMerpati(): Promise<ImapContender> {
  const merpati = await Merpati.start({
    hostname: 'mx.bench.test',
    domains: ['bench.test'],
    accounts: { [user]: password },
  });
  return {
    name: 'Merpati',
    port: () => merpati.ports.imaps,
    pid: () => merpati.pid,
    filled: () => Promise.resolve(),
    async restart() {
      await merpati.stop();
      await merpati.restart();
    },
    [Symbol.asyncDispose]: () => merpati[Symbol.asyncDispose](),
  };
}

/**
 * The same password hash as ours; a mailbox may have as many messages and connections as it likes.
 * Hundreds of thousands of syncs would take hours: they begin when the mailbox is filled.
 */
const settings = (syncFile: string) => `!include ${syncFile}
plugin {
  quota_rule = *:storage=1000G
}
mail_max_userip_connections = 10000
service imap-login {
  client_limit = 6000
  process_limit = 10
  service_count = 0
}
service imap {
  process_limit = 6000
}
`;

export async function startDovecot(format: 'maildir' | 'sdbox'): Promise<ImapContender> {
  const folder = new Folder('bench-imap');
  const certificate = await makeCertificate(folder.path, ['dovecot.test', 'localhost']);
  const { passwordHash } = await hashPassword(password);
  const syncFile = folder.file('sync.conf');
  writeFileSync(syncFile, 'mail_fsync = never\n');
  const options = {
    users: { [user]: `{ARGON2ID}${passwordHash}` },
    certificate,
    imap: true,
    mailLocation: format,
    settings: settings(syncFile),
  };
  const dovecot = await Dovecot.start(options);
  return {
    name: `Dovecot ${format}`,
    port: () => dovecot.ports.imaps,
    pid: () => dovecot.pid,
    async filled() {
      writeFileSync(syncFile, 'mail_fsync = optimized\n');
      await dovecot.restart();
    },
    restart: () => dovecot.restart(),
    async [Symbol.asyncDispose]() {
      await dovecot[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
