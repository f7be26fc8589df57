/** `merpati mail read`: one message as text, its raw octets, or its attachments as files. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { readWhole } from '@merpati/client/imap/client.ts';
import { concat } from '@merpati/formats/bytes.ts';
import { decodeWords } from '@merpati/formats/message/encoded-word.ts';
import { findField } from '@merpati/formats/message/head.ts';
import { readContent, readMime, readPartText, type Part } from '@merpati/formats/message/mime.ts';
import { fileNameOf } from '@merpati/formats/message/part.ts';
import type { Cli } from '../cli.ts';
import { Failure, usage } from '../failure.ts';
import { bytes } from '../figures.ts';
import { say } from '../language.ts';
import { isImapUrl, withImap } from '../imap-way.ts';
import { chooseAccount } from '../mail-account.ts';
import { addPopOptions, openNamedPop, popFailure, type PopOptions } from '../pop-way.ts';
import { clean, cleanLines } from '../../journey/screen.ts';

interface ReadOptions extends PopOptions {
  readonly as?: string;
  readonly folder: string;
  readonly imap?: boolean;
  readonly raw?: boolean;
  readonly save?: string;
}

export function registerRead(mail: Command, cli: () => Cli): void {
  const command = mail
    .command('read [number]')
    .summary(
      say('one message; without a number the newest', 'satu email; tanpa nomor, yang terbaru'),
    )
    .option('--as <address>', say('whose mail', 'email siapa'))
    .option('--folder <name>', say('folder', 'folder'), 'INBOX')
    .option('--imap', say('ask the IMAP service', 'lewat layanan IMAP'))
    .option('--raw', say('the octets as they are stored', 'oktet apa adanya'))
    .option('--save <folder>', say('write the attachments there', 'tulis lampiran ke sana'));
  addPopOptions(command, 'imaps://HOST[:PORT], pop3s://…').action(
    async (number: string | undefined, given: ReadOptions) => {
      const what = say('cannot read the message', 'tidak bisa membaca email');
      if (number !== undefined && !/^\d{1,10}$/.test(number)) {
        throw usage(what, say(`"${number}" is no number`, `"${number}" bukan nomor`));
      }
      const wanted = number === undefined ? null : Number(number);
      const message = await readMessage(cli(), what, given, wanted);
      if (given.raw === true) {
        process.stdout.write(message);
        return;
      }
      show(cli(), message, given.save ?? null);
    },
  );
}

async function readMessage(
  cli: Cli,
  what: string,
  given: ReadOptions,
  number: number | null,
): Promise<Uint8Array> {
  if (given.imap === true || isImapUrl(given.server)) return readByImap(cli, what, given, number);
  if (given.server !== undefined) return readByPop(what, given, number);
  const address = await chooseAccount(cli, what, given.as);
  const input = { address, mailbox: given.folder, uid: number };
  const chunks: Uint8Array[] = [];
  for await (const piece of cli.stream({ what, name: 'mail.read', input })) {
    if ('bytes' in piece) chunks.push(Buffer.from(piece.bytes, 'base64'));
  }
  return concat(chunks);
}

async function readByImap(
  cli: Cli,
  what: string,
  given: ReadOptions,
  number: number | null,
): Promise<Uint8Array> {
  return await withImap(cli, { what, given, folder: given.folder }, async (client) => {
    const uids = number === null ? '*' : String(number);
    let message: Uint8Array | null = null;
    if ((client.mailbox?.exists ?? 0) > 0) {
      for await (const { content } of client.download(uids)) message = await readWhole(content);
    }
    if (message !== null) return message;
    const why = say('there is no such message', 'email itu tidak ada');
    throw new Failure('message.unknown', 'notFound', { what, why });
  });
}

async function readByPop(
  what: string,
  given: ReadOptions,
  number: number | null,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    await using client = await openNamedPop(what, given);
    const newest = number ?? [...(await client.list()).keys()].at(-1);
    if (newest === undefined) {
      const why = say('the maildrop is empty', 'kotak POP kosong');
      throw new Failure('message.unknown', 'notFound', { what, why });
    }
    for await (const chunk of await client.retr(newest)) chunks.push(chunk);
    await client.quit();
  } catch (error) {
    throw popFailure(what, error);
  }
  return concat(chunks);
}

const shownFields = ['from', 'to', 'cc', 'date', 'subject'] as const;

interface AttachmentFact {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly savedAs: string | null;
}

function show(cli: Cli, message: Uint8Array, folder: string | null): void {
  const { output } = cli;
  const { root, faults } = readMime(message);
  const leaves = leavesOf(root);
  const main =
    leaves.find((part) => part.type.value === 'text/plain' && !isAttachment(part)) ??
    leaves.find((part) => part.type.type === 'text' && !isAttachment(part));
  const others = leaves.filter((part) => isAttachment(part));
  const attachments = others.map((part, i): AttachmentFact => {
    const content = readContent(message, part);
    const name = fileNameOf(part) ?? `${say('part', 'bagian')}-${i + 1}`;
    const savedAs = folder === null ? null : save(folder, name, content);
    return { name, type: part.type.value, size: content.length, savedAs };
  });
  const text = main === undefined ? '' : bodyText(message, main);
  const fields = Object.fromEntries(
    shownFields.flatMap((key) => {
      const field = findField(root.head, key);
      return field === undefined ? [] : [[key, decodeWords(field.value())]];
    }),
  );
  const facts = { ...fields, text, attachments, faults: faults.map((fault) => fault.code) };
  output.value('merpati.mail.read/1', facts, () => {
    for (const [key, value] of Object.entries(fields)) {
      output.line(`${output.paint.bold(`${fieldWord(key)}:`)} ${clean(value)}`);
    }
    output.line('');
    output.line(cleanLines(text).trimEnd());
    if (attachments.length > 0) output.line('');
    for (const one of attachments) {
      const where = one.savedAs === null ? '' : `  → ${one.savedAs}`;
      const size = output.paint.muted(`${clean(one.type)}  ${bytes(one.size)}`);
      output.line(`📎 ${clean(one.name)}  ${size}${where}`);
    }
  });
}

function fieldWord(key: string): string {
  const words: Readonly<Record<string, readonly [string, string]>> = {
    from: ['From', 'Dari'],
    to: ['To', 'Kepada'],
    cc: ['Cc', 'Cc'],
    date: ['Date', 'Tanggal'],
    subject: ['Subject', 'Subjek'],
  };
  const [en, id] = words[key] ?? [key, key];
  return say(en, id);
}

function leavesOf(part: Part): Part[] {
  if (part.parts.length > 0) return part.parts.flatMap(leavesOf);
  return [part];
}

function isAttachment(part: Part): boolean {
  if (part.disposition?.value === 'attachment') return true;
  return part.type.type !== 'text' && part.type.type !== 'multipart';
}

function bodyText(message: Uint8Array, part: Part): string {
  const text = readPartText(message, part);
  return part.type.value === 'text/html' ? htmlToText(text) : text;
}

/**
 * Enough to read a message that has nothing but HTML; nothing of it is ever executed or fetched.
 */
function htmlToText(html: string): string {
  const names: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
  };
  return html
    .replaceAll(/<(style|script|head)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<(?:br|\/p|\/div|\/tr|\/h[1-6]|\/li)\b[^>]*>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, dec, hex, name) => {
      const code = dec === undefined ? Number.parseInt(String(hex), 16) : Number(dec);
      if (name !== undefined) return names[String(name).toLowerCase()] ?? whole;
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
    })
    .replaceAll(/\n\s*\n\s*\n+/g, '\n\n')
    .trim();
}

/** A name of a stranger's choosing must not lead out of the folder nor replace a file. */
function save(folder: string, name: string, content: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const safe =
    clean(name)
      .replaceAll(/[/\\:*?"<>|]/g, '_')
      .replace(/^\.+/, '_')
      .slice(0, 150) || '_';
  const { name: stem, ext } = path.parse(safe);
  let file = path.join(folder, safe);
  for (let i = 2; existsSync(file); i += 1) file = path.join(folder, `${stem} (${i})${ext}`);
  writeFileSync(file, content, { flag: 'wx' });
  return file;
}
