/**
 * Debian's Postfix as a peer: an instance of its own with its own folders and port, started on the
 * loopback and stopped after use. The system's Postfix is neither needed nor touched. Wants root.
 */

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import type { Certificate } from './machine.ts';
import { Folder, freePort, greets, mustRun, runProgram, waitFor } from './machine.ts';

export interface PostfixOptions {
  readonly hostname?: string;
  readonly port?: number;
  /**
   * Domains whose mail it takes, and where it hands it on: `lmtp:unix:…`, `smtp:[127.0.0.1]:25`.
   */
  readonly domains?: Readonly<Record<string, string>>;
  /** Addresses it knows in these domains; absent: all. */
  readonly recipients?: readonly string[];
  readonly certificate?: Certificate;
  /** More lines of main.cf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class Postfix implements AsyncDisposable {
  readonly port: number;
  readonly #folder: Folder;

  private constructor(folder: Folder, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  static async start(options: PostfixOptions = {}): Promise<Postfix> {
    const folder = new Folder('postfix');
    const port = options.port ?? (await freePort());
    const postfix = new Postfix(folder, port);
    for (const name of ['etc', 'spool', 'lib']) mkdirSync(folder.file(name));
    writeFileSync(folder.file('etc/master.cf'), masterCf(port));
    postfix.#writeMainCf(options);
    await mustRun('chown', ['postfix', folder.file('lib')]);
    try {
      await postfix.#start();
      await waitFor('Postfix', () => greets(port), 15_000);
    } catch (error) {
      const log = postfix.log;
      await postfix[Symbol.asyncDispose]();
      throw new Error(`Postfix did not start: ${log}`, { cause: error });
    }
    return postfix;
  }

  get log(): string {
    try {
      return readFileSync(this.#folder.file('log'), 'utf8');
    } catch {
      // Nothing was written yet.
      return '';
    }
  }

  /** Where messages lie between acceptance and delivery: `incoming`, `active`, `deferred`. */
  get queueFolder(): string {
    return this.#folder.file('spool');
  }

  /** Process id of its master: the parent of all its servers. */
  get pid(): number {
    return Number(readFileSync(this.#folder.file('spool/pid/master.pid'), 'utf8').trim());
  }

  /**
   * Changes settings by a restart: on a reload, processes that hold a connection keep the old ones,
   * and a client that reuses its connection would never see the new.
   */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await mustRun('postconf', ['-c', this.#folder.file('etc'), '-e', ...assignments]);
    await runProgram('postfix', ['-c', this.#folder.file('etc'), 'abort']);
    await this.restart();
  }

  /** Tries everything in the queue again, now. */
  async flush(): Promise<void> {
    await mustRun('postqueue', ['-c', this.#folder.file('etc'), '-f']);
  }

  /** Messages in the queue. */
  async queued(): Promise<number> {
    const { stdout } = await mustRun('postqueue', ['-c', this.#folder.file('etc'), '-j']);
    return stdout.split('\n').filter((line) => line !== '').length;
  }

  /** The same by looking at its files: costs the server nothing. */
  spooled(): number {
    const queues = ['maildrop', 'incoming', 'active', 'deferred'];
    return queues.reduce((sum, queue) => sum + countFiles(this.#folder.file(`spool/${queue}`)), 0);
  }

  async stop(): Promise<void> {
    await runProgram('postfix', ['-c', this.#folder.file('etc'), 'stop']);
  }

  async restart(): Promise<void> {
    await this.#start();
    await waitFor('Postfix', () => greets(this.port), 15_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }

  async #start(): Promise<void> {
    await mustRun('postfix', ['-c', this.#folder.file('etc'), 'start']);
  }

  #writeMainCf(options: PostfixOptions): void {
    const folder = this.#folder;
    const hostname = options.hostname ?? 'postfix.test';
    const lines = {
      ...debianDefaults,
      myhostname: hostname,
      mydestination: '',
      inet_interfaces: '127.0.0.1',
      inet_protocols: 'ipv4',
      queue_directory: folder.file('spool'),
      data_directory: folder.file('lib'),
      maillog_file: folder.file('log'),
      maillog_file_prefixes: folder.path,
      alias_maps: '',
      alias_database: '',
      // Nothing is asked of the outside world.
      smtp_dns_support_level: 'disabled',
      smtp_host_lookup: 'native',
      ...destinations(folder, options),
      ...(options.certificate ? tlsSettings(options.certificate) : {}),
      ...options.settings,
    };
    const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(folder.file('etc/main.cf'), text.join(''));
  }
}

function countFiles(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).length;
}

/** What Debian's package puts into main.cf. */
const debianDefaults = {
  smtpd_banner: '$myhostname ESMTP $mail_name (Debian/GNU)',
  biff: 'no',
  append_dot_mydomain: 'no',
  readme_directory: 'no',
  compatibility_level: '3.6',
  smtpd_relay_restrictions: 'permit_mynetworks permit_sasl_authenticated defer_unauth_destination',
  mynetworks: '127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128',
  mailbox_size_limit: '0',
  recipient_delimiter: '+',
};

function destinations(folder: Folder, options: PostfixOptions): Record<string, string> {
  const domains = Object.entries(options.domains ?? {});
  if (domains.length === 0) return {};
  const transport = domains.map(([name, target]) => `${name} ${target}\n`).join('');
  writeFileSync(folder.file('etc/transport'), transport);
  const settings: Record<string, string> = {
    virtual_mailbox_domains: domains.map(([name]) => name).join(' '),
    transport_maps: `texthash:${folder.file('etc/transport')}`,
    virtual_mailbox_maps: 'static:all',
  };
  if (options.recipients) {
    const file = folder.file('etc/recipients');
    writeFileSync(file, options.recipients.map((address) => `${address} ok\n`).join(''));
    settings['virtual_mailbox_maps'] = `texthash:${file}`;
  }
  return settings;
}

function tlsSettings({ certificateFile, keyFile }: Certificate): Record<string, string> {
  return {
    smtpd_tls_cert_file: certificateFile,
    smtpd_tls_key_file: keyFile,
    smtpd_tls_security_level: 'may',
    smtp_tls_security_level: 'may',
  };
}

/** Debian's services without chroot (the folders are not prepared for it), on one port. */
function masterCf(port: number): string {
  return `127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
}
