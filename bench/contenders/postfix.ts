/**
 * Debian's Postfix with Debian's settings, in three shapes: handing mail to Dovecot by LMTP, filing
 * it into Maildirs of its own (virtual(8)), and relaying it. It runs without the system log and
 * without chroot, which only makes it faster.
 */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Dovecot } from '../../tests/peers/dovecot.ts';
import { Folder, mustRun } from '../../tests/peers/machine.ts';
import { Postfix } from '../../tests/peers/postfix.ts';
import type { Contender } from '../contender.ts';
import { domain, recipients, sinkAddress, sinkDomain } from '../contender.ts';

/** By the system's log, as Debian has it: nobody need listen there. */
const settings = { maillog_file: '' };

export async function startPostfixWithDovecot(): Promise<Contender> {
  const users = Object.fromEntries(recipients.map((address) => [address, 'secret']));
  const dovecot = await Dovecot.start({ users, mailLocation: 'sdbox' });
  const postfix = await Postfix.start({
    domains: { [domain]: `lmtp:unix:${dovecot.lmtpSocket}` },
    recipients,
    settings,
  });
  return {
    name: 'Postfix + Dovecot',
    port: postfix.port,
    version: `Postfix ${await postfixVersion()}, Dovecot ${await dovecotVersion()} (LMTP, sdbox)`,
    roots: () => [postfix.pid, dovecot.pid],
    backlog: () => queued(postfix),
    stored: async () => {
      const boxes = recipients.map((address) => join(dovecot.mailFolder, address));
      const folders = boxes.map((box) => join(box, 'mail/mailboxes/INBOX/dbox-Mails'));
      return countFiles(folders, /^u\.\d+$/);
    },
    async [Symbol.asyncDispose]() {
      await postfix[Symbol.asyncDispose]();
      await dovecot[Symbol.asyncDispose]();
    },
  };
}

export async function startPostfix(): Promise<Contender> {
  const folder = new Folder('maildirs');
  const { uid, gid } = await ids('postfix');
  mkdirSync(folder.file('mail'));
  await mustRun('chown', ['postfix:postfix', folder.file('mail')]);
  const lines = recipients.map((address) => `${address} ${address}/\n`);
  writeFileSync(folder.file('mailboxes'), lines.join(''));
  const postfix = await Postfix.start({
    domains: { [domain]: 'virtual:' },
    recipients,
    settings: {
      ...settings,
      virtual_mailbox_base: folder.file('mail'),
      virtual_mailbox_maps: `texthash:${folder.file('mailboxes')}`,
      virtual_uid_maps: `static:${uid}`,
      virtual_gid_maps: `static:${gid}`,
      virtual_mailbox_limit: '0',
    },
  });
  return {
    name: 'Postfix',
    port: postfix.port,
    version: `Postfix ${await postfixVersion()} (virtual, Maildir)`,
    roots: () => [postfix.pid],
    backlog: () => queued(postfix),
    stored: async () => {
      const boxes = recipients.map((address) => folder.file(`mail/${address}/new`));
      return countFiles(boxes, /./);
    },
    async [Symbol.asyncDispose]() {
      await postfix[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** As ours: the alias of `sinkAddress` leads to the sink. */
export async function startPostfixRelay(sinkPort: number): Promise<Contender> {
  const folder = new Folder('aliases');
  writeFileSync(folder.file('aliases'), `${sinkAddress} anyone@${sinkDomain}\n`);
  const postfix = await Postfix.start({
    settings: {
      ...settings,
      virtual_alias_domains: domain,
      virtual_alias_maps: `texthash:${folder.file('aliases')}`,
      relayhost: `[127.0.0.1]:${sinkPort}`,
    },
  });
  return {
    name: 'Postfix',
    port: postfix.port,
    version: `Postfix ${await postfixVersion()}`,
    roots: () => [postfix.pid],
    backlog: () => queued(postfix),
    stored: async () => 0,
    async [Symbol.asyncDispose]() {
      await postfix[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function queued(postfix: Postfix): number {
  const names = ['maildrop', 'incoming', 'active'];
  return countFiles(
    names.map((name) => join(postfix.queueFolder, name)),
    /./,
  );
}

function countFiles(folders: readonly string[], pattern: RegExp): number {
  let count = 0;
  for (const folder of folders) {
    count += list(folder).filter((name) => pattern.test(name)).length;
  }
  return count;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Made with its first message.
    return [];
  }
}

async function ids(user: string): Promise<{ uid: string; gid: string }> {
  const { stdout } = await mustRun('getent', ['passwd', user]);
  const [, , uid = '', gid = ''] = stdout.split(':');
  return { uid, gid };
}

async function postfixVersion(): Promise<string> {
  return (await mustRun('postconf', ['-dh', 'mail_version'])).stdout.trim();
}

async function dovecotVersion(): Promise<string> {
  return (await mustRun('dovecot', ['--version'])).stdout.split(' ')[0]?.trim() ?? '';
}
