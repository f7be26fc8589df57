/**
 * `merpati sendmail`: stands in for /usr/sbin/sendmail for cron, git and scripts. Its options and
 * exit codes are those of that program; the message is handed to submission like any other.
 */

import os from 'node:os';
import { contentOf } from '@merpati/client/smtp/content.ts';
import { concat, latin1, utf8 } from '@merpati/formats/bytes.ts';
import { mailboxesOf, makeMailbox, readAddressList } from '@merpati/formats/message/address.ts';
import { writeAddress } from '@merpati/formats/message/field-writer.ts';
import { findField, findFields, readHead, type Head } from '@merpati/formats/message/head.ts';
import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import type { Command } from 'commander';
import type { SenderFound } from '../../admin/operations/sender-find.ts';
import { Cli } from '../cli.ts';
import { sysexits } from '../exit.ts';
import { Failure, usage } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { Output, type Globals } from '../output.ts';
import { qualify, qualifyFields } from '../qualify.ts';
import { readSendmail, type SendmailOptions } from '../sendmail-options.ts';
import { withSubmission } from '../submission-way.ts';
import { asFailure, readResults, sysexitOfFault } from '../submitted.ts';

/**
 * Only for `--help` and completion: the real thing takes its words before anything else sees them.
 */
export function register(sendmail: Command): void {
  sendmail
    .usage('[-t] [-i] [-f ADDRESS] [-F NAME] [-N NOTICES] [-V ENVID] [ADDRESS...]')
    .option('-t', say('recipients from To, Cc and Bcc', 'penerima dari To, Cc, dan Bcc'))
    .option(
      '-i',
      say(
        'a line with a single dot does not end the message',
        'baris titik tunggal bukan akhir pesan',
      ),
    )
    .option('-f <address>', say('sender', 'pengirim'))
    .option('-F <name>', say('name of the sender', 'nama pengirim'));
  examples(sendmail, [
    'merpati sendmail -t < message.eml',
    "git send-email --sendmail-cmd='merpati sendmail' 0001.patch",
  ]);
}

const messageBytesMax = 100 * 1024 * 1024;

/** Answers the exit code. */
export async function runSendmail(
  args: readonly string[],
  globals: Pick<Globals, 'lab' | 'data' | 'config'>,
): Promise<number> {
  const output = new Output({
    ...globals,
    json: false,
    fields: null,
    header: true,
    quiet: false,
    progress: 'line',
    verbose: false,
    colour: true,
    yes: true,
    dryRun: false,
  });
  const cli = new Cli(output);
  try {
    const options = readSendmail(args);
    const message = await readInput(options.ignoreDots);
    return await send(cli, options, message);
  } catch (error) {
    const failure = asFailure(say('cannot send', 'tidak bisa mengirim'), error);
    if (failure instanceof Failure) output.failure(failure);
    else output.bug(failure);
    if (!(failure instanceof Failure)) return sysexits.software;
    return failure === error ? sysexitOfFailure(failure) : sysexitOfFault(error);
  } finally {
    await cli.close();
  }
}

function sysexitOfFailure(failure: Failure): number {
  switch (failure.exit) {
    case 'usage':
      return sysexits.usage;
    case 'notFound':
      // The sender: no account of ours may send under that name.
      return failure.code.startsWith('data.') ? sysexits.temporary : sysexits.noPermission;
    case 'notAllowed':
      return sysexits.noPermission;
    case 'done':
    case 'failed':
    case 'conflict':
    case 'later':
    case 'partly':
    case 'problems':
    case 'timedOut':
    case 'interrupted':
      return sysexits.temporary;
    default:
      return failure.exit satisfies never;
  }
}

/**
 * Until the end, or (as sendmail has it without -i) until a line with a single dot. LF becomes
 * CRLF.
 */
async function readInput(ignoreDots: boolean): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size <= messageBytesMax) continue;
    throw usage(
      say('cannot send', 'tidak bisa mengirim'),
      say('the message is too large', 'email terlalu besar'),
    );
  }
  let text = latin1(concat(chunks)).replaceAll(/\r?\n/g, '\r\n');
  const end = ignoreDots ? -1 : `\r\n${text}`.indexOf('\r\n.\r\n');
  if (end >= 0) text = text.slice(0, end);
  return Buffer.from(text, 'latin1');
}

async function send(cli: Cli, options: SendmailOptions, given: Uint8Array): Promise<number> {
  const what = say('cannot send', 'tidak bisa mengirim');
  const written = readHead(given);
  const asked = [...options.recipients, ...(options.fromHeader ? headRecipients(written) : [])];
  if (asked.length === 0) {
    throw usage(what, say('there are no recipients', 'tidak ada penerima'), 'merpati sendmail -t');
  }
  const server = process.env['MERPATI_SUBMISSION'];
  const named =
    options.sender ??
    process.env['MERPATI_USER'] ??
    addressesIn(written, 'from')[0] ??
    os.userInfo().username;
  const { address: sender, account, domain } = await findSender(cli, { what, named, server });
  const recipients = [...new Set(asked.map((one) => qualify(one, domain)))];
  const message = qualifyFields(given, written, domain);
  const head = readHead(message);
  const complete = withFrom(message, head, { sender, name: options.name });
  const login = { user: account, ...(server === undefined ? {} : { server }) };
  const results = await withSubmission(cli, { what, account, given: login }, (client) =>
    client.send(
      {
        from: sender,
        recipients: recipients.map((address) => ({ address, notify: options.notify })),
        smtputf8: [sender, ...recipients].some(needsUtf8),
        envid: options.envid,
      },
      contentOf(complete),
    ),
  );
  const { refused } = readResults(recipients, results);
  for (const one of refused) {
    cli.output.failure(
      new Failure('smtp.refused', 'failed', {
        what: say(`cannot send to ${one.address}`, `tidak bisa mengirim ke ${one.address}`),
        why: one.reply,
      }),
    );
  }
  return refused[0]?.sysexit ?? sysexits.ok;
}

/** A submission service that is named knows its users; the server of this machine is asked. */
async function findSender(
  cli: Cli,
  about: { readonly what: string; readonly named: string; readonly server: string | undefined },
): Promise<SenderFound> {
  const { what, named, server } = about;
  if (server === undefined) return cli.call(what, 'sender.find', { sender: named });
  const user = process.env['MERPATI_USER'] ?? named;
  const domain = user.includes('@') ? user.slice(user.lastIndexOf('@') + 1) : os.hostname();
  const address = qualify(named, domain);
  return { address, account: user.includes('@') ? user : address, domain };
}

const headRecipients = (head: Head): string[] =>
  ['to', 'cc', 'bcc'].flatMap((key) => addressesIn(head, key));

function addressesIn(head: Head, key: string): string[] {
  return findFields(head, key).flatMap((field) =>
    mailboxesOf(readAddressList(field.value())).flatMap((one) =>
      one.local === '' ? [] : [one.address],
    ),
  );
}

/**
 * Cron and scripts often leave From out. The server adds Date and Message-ID, and takes Bcc away.
 */
function withFrom(
  message: Uint8Array,
  head: Head,
  who: { readonly sender: string; readonly name: string | null },
): Uint8Array {
  if (findField(head, 'from') !== undefined) return message;
  const at = who.sender.lastIndexOf('@');
  const mailbox = makeMailbox(who.name, who.sender.slice(0, at), who.sender.slice(at + 1));
  const from = utf8(`From: ${writeAddress(mailbox)}\r\n`);
  // A message without any header has no empty line to end it either.
  const end = head.fields.length === 0 ? utf8('\r\n') : new Uint8Array(0);
  return concat([from, end, message]);
}
