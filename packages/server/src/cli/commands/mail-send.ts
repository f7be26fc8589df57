/**
 * `merpati mail send`: composes a message and hands it to a submission service, like any mail
 * program.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { contentOf } from '@merpati/client/smtp/content.ts';
import type { Envelope } from '@merpati/client/smtp/envelope.ts';
import {
  makeMailbox,
  mailboxesOf,
  readAddressList,
  type Mailbox,
} from '@merpati/formats/message/address.ts';
import {
  compose,
  type Attachment,
  type MessageDescription,
} from '@merpati/formats/message/compose.ts';
import { needsSmtpUtf8 } from '@merpati/formats/message/compose.ts';
import { writeAddress } from '@merpati/formats/message/field-writer.ts';
import { localOffsetMinutes } from '../../journey/figures.ts';
import { verdictText } from '../../journey/render.ts';
import type { Cli } from '../cli.ts';
import { exitCodes, sysexits } from '../exit.ts';
import { Failure, usage } from '../failure.ts';
import { readSeconds } from '../figures.ts';
import { showLive } from '../live-journey.ts';
import { say } from '../language.ts';
import { chooseAccount } from '../mail-account.ts';
import { mediaType } from '../media-types.ts';
import { sessionLimits } from '../../smtp/limits.ts';
import { ownCommand } from '../own-command.ts';
import { withSubmission, type ServerOptions } from '../submission-way.ts';
import { asFailure, readResults, sysexitOfFault, type Submitted } from '../submitted.ts';
import { renderOptions } from './journey.ts';

export interface SendOptions extends ServerOptions {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly as?: string;
  readonly from?: string;
  readonly subject: string;
  readonly body?: string;
  readonly html?: string;
  readonly attach: readonly string[];
  readonly hold?: string;
  readonly notify?: string;
  readonly watch?: boolean;
  readonly wait?: string;
  readonly sysexits?: boolean;
}

const several = (value: string, before: readonly string[]) => [...before, value];

export function registerSend(mail: Command, cli: () => Cli): void {
  mail
    .command('send')
    .summary(say('send a message', 'kirim email'))
    .option(
      '--to <address>',
      say('recipient; may be repeated', 'penerima; boleh diulang'),
      several,
      [],
    )
    .option('--cc <address>', say('copy, seen by all', 'tembusan, terlihat semua'), several, [])
    .option('--bcc <address>', say('copy, seen by nobody', 'tembusan tersembunyi'), several, [])
    .option('--as <address>', say('the account that sends', 'akun pengirim'))
    .option('--from <address>', say('name and address in From', 'nama dan alamat di From'))
    .option('--subject <text>', say('subject', 'subjek'), '')
    .option('--body <text>', say('text; - reads standard input', 'isi; - membaca masukan baku'))
    .option('--html <file>', say('the same as HTML', 'isi yang sama sebagai HTML'))
    .option(
      '--attach <file>',
      say('attachment; may be repeated', 'lampiran; boleh diulang'),
      several,
      [],
    )
    .option(
      '--hold <time>',
      say(
        'leave after 20s, 10m, 2h: time to change your mind',
        'berangkat setelah 20s, 10m, 2h: bisa berubah pikiran',
      ),
    )
    .option(
      '--notify <words>',
      say('success,failure,delay or never', 'success,failure,delay atau never'),
    )
    .option('--watch', say('show the journey until it ends', 'tampilkan perjalanan sampai selesai'))
    .option(
      '--wait <time>',
      say('as --watch, at most so long (exit 9)', 'seperti --watch, paling lama sekian (keluar 9)'),
    )
    .option('--sysexits', say('exit codes of sendmail', 'kode keluar ala sendmail'))
    .option(
      '--server <url>',
      say('another submission service: smtps://HOST', 'layanan lain: smtps://HOST'),
    )
    .option('--user <name>', say('user there', 'user di sana'))
    .option('--password <text>', say('password there', 'kata sandi di sana'))
    .option(
      '--password-file <file>',
      say('file with it, - for standard input', 'berkas kata sandi, - untuk masukan baku'),
    )
    .option('--insecure', say('take any certificate', 'terima sertifikat apa pun'))
    .action(async (given: SendOptions) => send(cli(), given));
}

async function send(cli: Cli, given: SendOptions): Promise<void> {
  const clickUs = Date.now() * 1000;
  const what = say('cannot send', 'tidak bisa mengirim');
  if (given.wait !== undefined && readSeconds(given.wait) === null) {
    const why = say(`"${given.wait}" is no time`, `"${given.wait}" bukan waktu`);
    throw usage(what, why, '--wait 30s');
  }
  if (given.to.length + given.cc.length + given.bcc.length === 0) {
    throw usage(what, say('there are no recipients', 'tidak ada penerima'), '--to ADDRESS');
  }
  const account = given.user ?? (await chooseAccount(cli, what, given.as));
  const from = given.from ?? (await ownFrom(cli, what, account, given));
  const description = await describe(what, from, given, clickUs / 1000);
  const recipients = recipientsOf(description);
  const message = compose(description);
  if (cli.globals.dryRun) {
    process.stdout.write(message);
    return;
  }
  const envelope = envelopeOf(what, { account, recipients, given, clickUs, description });
  let submitted: Submitted;
  try {
    const about = { what, account, given };
    const results = await withSubmission(cli, about, (client) =>
      client.send(envelope, contentOf(message)),
    );
    submitted = readResults(recipients, results);
  } catch (error) {
    if (given.sysexits === true) process.exitCode = sysexitOfFault(error);
    const failure = asFailure(what, error);
    if (given.sysexits !== true || !(failure instanceof Failure)) throw failure;
    cli.output.failure(failure);
    return;
  }
  await report(cli, given, { submitted, recipients });
}

/** With the account's name, where the server is ours and knows it. */
async function ownFrom(
  cli: Cli,
  what: string,
  account: string,
  given: SendOptions,
): Promise<string> {
  if (given.server !== undefined) return account;
  const { displayName } = (await cli.call(what, 'account.show', { address: account })).account;
  const at = account.lastIndexOf('@');
  const name = displayName === '' ? null : displayName;
  return writeAddress(makeMailbox(name, account.slice(0, at), account.slice(at + 1)));
}

async function describe(
  what: string,
  author: string,
  given: SendOptions,
  dateMs: number,
): Promise<MessageDescription> {
  const [from] = people(what, [author]);
  if (from === undefined) throw usage(what, say('From is empty', 'From kosong'));
  const text = given.body === '-' || given.body === undefined ? await readInput(given) : given.body;
  const seed = randomBytes(12).toString('hex');
  return {
    from,
    to: people(what, given.to),
    cc: people(what, given.cc),
    bcc: people(what, given.bcc),
    subject: given.subject,
    dateMs,
    offsetMinutes: localOffsetMinutes(dateMs),
    messageId: `${seed}@${from.domain}`,
    text,
    ...(given.html === undefined ? {} : { html: readFile(what, given.html).toString('utf8') }),
    attachments: given.attach.map((file) => readAttachment(what, file)),
    utf8: true,
    boundarySeed: seed,
  };
}

function people(what: string, texts: readonly string[]): Mailbox[] {
  return texts.flatMap((text) => {
    const { entries, faults } = readAddressList(text);
    const found = [...mailboxesOf({ entries })];
    if (found.length > 0 && found.every((one) => one.domain !== '') && faults.length === 0)
      return found;
    throw usage(what, say(`"${text}" is not an e-mail address`, `"${text}" bukan alamat email`));
  });
}

function recipientsOf({ to, cc = [], bcc = [] }: MessageDescription): string[] {
  const all = mailboxesOf({ entries: [...to, ...cc, ...bcc] }).map((one) => one.address);
  return [...new Set(all)];
}

/** A pipe is read; a person at a terminal who gave no body sends an empty message. */
async function readInput(given: SendOptions): Promise<string> {
  if (given.body === undefined) return '';
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function readFile(what: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Failure('file.unreadable', 'failed', { what, why: (error as Error).message });
  }
}

function readAttachment(what: string, file: string): Attachment {
  const name = path.basename(file);
  return { name, type: mediaType(name), bytes: readFile(what, file) };
}

const notifyWords = ['never', 'success', 'failure', 'delay'] as const;

function envelopeOf(
  what: string,
  about: {
    readonly account: string;
    readonly recipients: readonly string[];
    readonly given: SendOptions;
    readonly clickUs: number;
    readonly description: MessageDescription;
  },
): Envelope {
  const { given, description } = about;
  const forS = given.hold === undefined ? undefined : readSeconds(given.hold);
  if (forS === null) {
    throw usage(
      what,
      say(`"${given.hold}" is no time`, `"${given.hold}" bukan waktu`),
      '--hold 20s',
    );
  }
  const { holdMaxS } = sessionLimits;
  if (forS !== undefined && forS > holdMaxS) {
    throw usage(
      what,
      say(
        `a message is held back for ${holdMaxS / 86_400} days at most`,
        `email ditahan paling lama ${holdMaxS / 86_400} hari`,
      ),
      '--hold 20s',
    );
  }
  const notify = (given.notify ?? '').split(',').flatMap((word) => {
    const known = notifyWords.find((one) => one === word.trim().toLowerCase());
    if (known !== undefined) return [known];
    if (word.trim() === '') return [];
    throw usage(
      what,
      say(`"${word}" is no notice`, `"${word}" bukan jenis kabar`),
      `--notify ${notifyWords.join(',')}`,
    );
  });
  const { from } = description;
  const sender = 'address' in from ? from.address : about.account;
  return {
    from: sender,
    recipients: about.recipients.map((address) => ({ address, notify })),
    smtputf8: needsSmtpUtf8(description),
    clickUs: about.clickUs,
    ...(forS === undefined ? {} : { hold: { forS } }),
  };
}

async function report(
  cli: Cli,
  given: SendOptions,
  done: { readonly submitted: Submitted; readonly recipients: readonly string[] },
): Promise<void> {
  const { output } = cli;
  const { accepted, refused, journey } = done.submitted;
  output.value('merpati.mail.send/1', done.submitted, () => {
    for (const one of refused) {
      output.line(`${output.paint.bad('✕')} ${one.address}: ${one.reply}`);
    }
    if (accepted.length === 0) return;
    const command = `${ownCommand(cli.globals.lab)} journey ${journey}`;
    const id = journey === null ? '' : `  ${output.paint.muted(command)}`;
    const to = accepted.join(', ');
    output.line(`${output.paint.ok('✓')} ${say(`sent to ${to}`, `dikirim ke ${to}`)}${id}`);
  });
  if (refused.length > 0) process.exitCode = exitOf(given, done.submitted);
  const isWatched = given.watch === true || given.wait !== undefined;
  if (!isWatched || journey === null || output.globals.json) return;
  await watch(cli, given, { journey, recipients: accepted });
}

function exitOf(given: SendOptions, { accepted, refused }: Submitted): number {
  if (given.sysexits === true) return refused[0]?.sysexit ?? sysexits.unavailable;
  if (accepted.length > 0) return exitCodes.partly;
  return refused.every((one) => one.again) ? exitCodes.later : exitCodes.failed;
}

async function watch(
  cli: Cli,
  given: SendOptions,
  sent: { readonly journey: string; readonly recipients: readonly string[] },
): Promise<void> {
  const what = say('cannot follow the journey', 'tidak bisa mengikuti perjalanan');
  const seconds = given.wait === undefined ? null : readSeconds(given.wait);
  const gone = new AbortController();
  const timer = seconds === null ? null : setTimeout(() => gone.abort(), seconds * 1000);
  const interrupt = () => {
    process.exitCode = exitCodes.interrupted;
    gone.abort();
  };
  process.once('SIGINT', interrupt);
  const options = renderOptions(cli);
  const input = { id: sent.journey };
  const verdict = await showLive({
    recipients: sent.recipients,
    events: cli.stream({ what, name: 'journey.tail', input }, gone.signal),
    options,
    print: (line) => cli.output.line(line),
  });
  process.off('SIGINT', interrupt);
  gone.abort();
  if (timer !== null) clearTimeout(timer);
  if (verdict === null) {
    if (process.exitCode !== exitCodes.interrupted) process.exitCode = exitCodes.timedOut;
    const command = `${ownCommand(cli.globals.lab)} journey tail ${sent.journey}`;
    cli.output.note(
      say(
        `The message goes its way without you. To watch on: ${command}`,
        `Email tetap berjalan tanpa Anda. Untuk melihat lagi: ${command}`,
      ),
    );
    return;
  }
  cli.output.line(verdictText(verdict, options));
  if (verdict.kind !== 'failed') return;
  const isPartly = verdict.lanes.length < verdict.total;
  process.exitCode = isPartly ? exitCodes.partly : exitCodes.failed;
}
