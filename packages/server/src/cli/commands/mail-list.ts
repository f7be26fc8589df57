/** `merpati mail list`: the messages of a folder, here or by IMAP, or of a POP3 maildrop. */

import type { Command } from 'commander';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { summarise } from '@merpati/formats/message/summary.ts';
import { concat } from '@merpati/formats/bytes.ts';
import type { MessageView } from '../../admin/operations/mail-list.ts';
import type { Cli } from '../cli.ts';
import { bytes, when } from '../figures.ts';
import { say } from '../language.ts';
import { isImapUrl, withImap } from '../imap-way.ts';
import { chooseAccount } from '../mail-account.ts';
import type { Column } from '../output.ts';
import { addPopOptions, openNamedPop, popFailure, type PopOptions } from '../pop-way.ts';

interface ListOptions extends PopOptions {
  readonly as?: string;
  readonly folder: string;
  readonly limit: string;
  readonly imap?: boolean;
}

type Row = Pick<MessageView, 'uid' | 'from' | 'subject' | 'size' | 'seen' | 'journey'> & {
  readonly dateMs: number | null;
};

const columns = (): readonly Column<Row>[] => [
  { key: 'uid', title: say('No.', 'No.'), cell: (one) => String(one.uid), right: true },
  { key: 'seen', title: '', cell: (one) => (one.seen ? ' ' : '●') },
  { key: 'from', title: say('From', 'Dari'), cell: (one) => one.from, shrinks: true },
  { key: 'subject', title: say('Subject', 'Subjek'), cell: (one) => one.subject, shrinks: true },
  {
    key: 'dateMs',
    title: say('When', 'Waktu'),
    cell: (one) => (one.dateMs === null ? '–' : when(one.dateMs)),
  },
  { key: 'size', title: say('Size', 'Ukuran'), cell: (one) => bytes(one.size), right: true },
  { key: 'journey', title: say('Journey', 'Perjalanan'), cell: (one) => one.journey },
];

export function registerList(mail: Command, cli: () => Cli): void {
  const command = mail
    .command('list')
    .summary(say('the messages of a folder, newest first', 'email dalam folder, terbaru dulu'))
    .option('--as <address>', say('whose mail', 'email siapa'))
    .option('--folder <name>', say('folder', 'folder'), 'INBOX')
    .option('--imap', say('ask the IMAP service', 'lewat layanan IMAP'))
    .option('--limit <n>', say('at most so many', 'paling banyak sekian'), '50');
  addPopOptions(command, 'imaps://HOST[:PORT], pop3s://…').action(async (given: ListOptions) => {
    const what = say('cannot list mail', 'tidak bisa menampilkan email');
    const limit = Number(given.limit);
    const none = say('No mail here.', 'Tidak ada email di sini.');
    const rows = await listRows(cli(), what, given, limit);
    cli().output.list('merpati.mail.list/1', rows, columns(), none);
  });
}

async function listRows(
  cli: Cli,
  what: string,
  given: ListOptions,
  limit: number,
): Promise<readonly Row[]> {
  if (given.imap === true || isImapUrl(given.server)) return listByImap(cli, what, given, limit);
  if (given.server !== undefined) return listByPop(what, given, limit);
  const address = await chooseAccount(cli, what, given.as);
  const found = await cli.call(what, 'mail.list', { address, mailbox: given.folder, limit });
  return found.map((row) => ({ ...row, dateMs: row.receivedMs }));
}

const listedItems =
  'UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE MESSAGE-ID)]';

async function listByImap(
  cli: Cli,
  what: string,
  given: ListOptions,
  limit: number,
): Promise<Row[]> {
  return await withImap(cli, { what, given, folder: given.folder }, async (client) => {
    const rows: Row[] = [];
    const exists = client.mailbox?.exists ?? 0;
    if (exists === 0) return rows;
    const set = `${Math.max(1, exists - limit + 1)}:${exists}`;
    for await (const one of client.fetch(set, listedItems, { byNumber: true })) {
      const [head] = one.sections.values();
      const { from, subject, dateMs } = summarise(readHead(head ?? new Uint8Array(0)));
      const seen = one.flags?.some((flag) => /^\\seen$/i.test(flag)) ?? false;
      rows.push({
        uid: one.uid ?? 0,
        from,
        subject,
        dateMs,
        size: one.size ?? 0,
        seen,
        journey: '',
      });
    }
    return rows.reverse();
  });
}

async function listByPop(what: string, given: ListOptions, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    await using client = await openNamedPop(what, given);
    const sizes = [...(await client.list())].reverse().slice(0, limit);
    for (const [number, size] of sizes) {
      const { from, subject, dateMs } = await readSummary(client, number);
      rows.push({ uid: number, from, subject, dateMs, size, seen: true, journey: '' });
    }
    await client.quit();
  } catch (error) {
    throw popFailure(what, error);
  }
  return rows;
}

async function readSummary(client: Pop3Client, number: number) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await client.top(number, 0)) chunks.push(chunk);
  return summarise(readHead(concat(chunks)));
}
