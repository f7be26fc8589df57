/**
 * Debian's Dovecot as a peer: LMTP, POP3, IMAP and submission on the loopback, with its own folders
 * and users in a file. Wants root; the system's Dovecot is neither needed nor touched.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Certificate } from './machine.ts';
import { Daemon, Folder, freePort, greets, mustRun, waitFor } from './machine.ts';

export interface DovecotOptions {
  /** Address to password, or to `{SCHEME}` and what it makes of one. */
  readonly users: Readonly<Record<string, string>>;
  readonly certificate?: Certificate;
  /** Where its submission service hands mail on. */
  readonly relay?: { readonly port: number };
  /** IMAP too, with what Debian's package can do beyond the defaults. */
  readonly imap?: boolean;
  readonly mailLocation?: string;
  readonly settings?: string;
}

/** Settings: a refused login answers at once, for nobody here guesses passwords. */
export const dovecotAtOnce = `auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}`;

export class Dovecot implements AsyncDisposable {
  /** `lmtp:unix:…` for Postfix. */
  readonly lmtpSocket: string;
  readonly ports: {
    readonly pop3: number;
    readonly pop3s: number;
    readonly imap: number;
    readonly imaps: number;
    readonly submission: number;
  };
  readonly #folder: Folder;
  #daemon: Daemon;

  private constructor(folder: Folder, daemon: Daemon, ports: Dovecot['ports']) {
    this.#folder = folder;
    this.#daemon = daemon;
    this.ports = ports;
    this.lmtpSocket = folder.file('run/lmtp');
  }

  static async start(options: DovecotOptions): Promise<Dovecot> {
    const folder = new Folder('dovecot');
    const ports = {
      pop3: await freePort(),
      pop3s: await freePort(),
      imap: await freePort(),
      imaps: await freePort(),
      submission: await freePort(),
    };
    for (const name of ['run', 'state', 'mail']) mkdirSync(folder.file(name));
    await mustRun('chown', ['dovecot:dovecot', folder.file('mail')]);
    const users = Object.entries(options.users);
    writeFileSync(
      folder.file('users'),
      users.map(([address, password]) => `${address}:${withScheme(password)}\n`).join(''),
    );
    writeFileSync(folder.file('dovecot.conf'), configuration(folder, ports, options));
    const daemon = new Daemon('dovecot', ['-c', folder.file('dovecot.conf'), '-F']);
    const dovecot = new Dovecot(folder, daemon, ports);
    try {
      await waitFor('Dovecot', () => greets(ports.pop3), 15_000);
    } catch (error) {
      const said = `${daemon.said}\n${dovecot.log}`;
      await dovecot[Symbol.asyncDispose]();
      throw new Error(`Dovecot did not start: ${said}`, { cause: error });
    }
    return dovecot;
  }

  /** Holds one folder for each user, by address. */
  get mailFolder(): string {
    return this.#folder.file('mail');
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  get log(): string {
    try {
      return readFileSync(this.#folder.file('log'), 'utf8');
    } catch {
      // Nothing was written yet.
      return '';
    }
  }

  home(address: string): string {
    return this.#folder.file(`mail/${address}`);
  }

  /** Ends all its processes, and begins anew with the same folders. */
  async restart(): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#daemon = new Daemon('dovecot', ['-c', this.#folder.file('dovecot.conf'), '-F']);
    await waitFor('Dovecot', () => greets(this.ports.pop3), 15_000);
  }

  /** Puts a message into the inbox, byte for byte. */
  async save(address: string, message: Uint8Array): Promise<void> {
    const config = ['-c', this.#folder.file('dovecot.conf')];
    await mustRun('doveadm', [...config, 'save', '-u', address], { stdin: message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

function withScheme(password: string): string {
  return /^\{[A-Z0-9-]+\}/.test(password) ? password : `{PLAIN}${password}`;
}

function configuration(folder: Folder, ports: Dovecot['ports'], options: DovecotOptions): string {
  const { certificate, relay } = options;
  const more = `${relay ? 'submission' : ''} ${options.imap ? 'imap' : ''}`;
  return `base_dir = ${folder.file('run')}
state_dir = ${folder.file('state')}
log_path = ${folder.file('log')}
protocols = lmtp pop3 ${more}
listen = 127.0.0.1
hostname = dovecot.test
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = ${options.mailLocation ?? 'sdbox'}:~/mail
mail_home = ${folder.file('mail')}/%u
mail_uid = dovecot
mail_gid = dovecot
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  args = ${folder.file('users')}
}
userdb {
  driver = static
  args = uid=dovecot gid=dovecot home=${folder.file('mail')}/%u
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service pop3-login {
  inet_listener pop3 {
    port = ${ports.pop3}
  }
  inet_listener pop3s {
    port = ${certificate ? ports.pop3s : 0}
    ssl = yes
  }
}
${relay ? submissionService(ports.submission, relay.port) : ''}
${options.imap ? imapService(ports, { folder, hasTls: certificate !== undefined }) : ''}
${certificate ? tlsSettings(certificate) : 'ssl = no'}
${options.settings ?? ''}
`;
}

function submissionService(port: number, relayPort: number): string {
  return `service submission-login {
  inet_listener submission {
    port = ${port}
  }
}
submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort}
submission_relay_trusted = yes`;
}

/** The mailboxes that a new account has, as ours; quota, ACL and metadata turned on. */
function imapService(
  ports: Dovecot['ports'],
  { folder, hasTls }: { readonly folder: Folder; readonly hasTls: boolean },
): string {
  const mailboxes = ['Sent', 'Drafts', 'Junk', 'Trash', 'Archive'].map(
    (name) => `  mailbox ${name} {
    auto = subscribe
    special_use = \\${name}
  }`,
  );
  return `service imap-login {
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${hasTls ? ports.imaps : 0}
    ssl = yes
  }
}
namespace inbox {
  inbox = yes
  separator = /
${mailboxes.join('\n')}
}
imap_metadata = yes
mail_attribute_dict = file:%h/attributes
mail_plugins = $mail_plugins acl quota
protocol imap {
  mail_plugins = $mail_plugins imap_acl imap_quota imap_zlib
}
plugin {
  acl = vfile
  acl_shared_dict = file:${folder.file('mail')}/shared
  quota = count:User quota
  quota_rule = *:storage=100M
  quota_vsizes = yes
}`;
}

function tlsSettings({ certificateFile, keyFile }: Certificate): string {
  return `ssl = yes
ssl_cert = <${certificateFile}
ssl_key = <${keyFile}`;
}
