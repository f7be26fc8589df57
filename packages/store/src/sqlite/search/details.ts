/** Details of messages, from the index alone. */

import type { UidSlice } from '../../contract.ts';
import { contentId, emailId, threadId, uid, type AccountId, type MailboxId } from '../../ids.ts';
import type { DetailKind, DetailRow, SortDetail } from '../../search.ts';
import type { Database } from '../database.ts';
import { entryOfRow } from './expression.ts';
import { isPackedKind, listPackedDetails } from './packed-details.ts';

/** Which table and columns each kind takes; nothing else is read. */
const sources: Readonly<
  Record<DetailKind, { readonly table: string; readonly columns: readonly string[] }>
> = {
  envelope: { table: 'content_wire', columns: ['envelope'] },
  structure: { table: 'content_wire', columns: ['structure'] },
  plainStructure: { table: 'content_wire', columns: ['plain_structure'] },
  head: { table: 'content_head', columns: ['head'] },
  preview: { table: 'content_index', columns: ['preview'] },
  thread: { table: 'content_index', columns: ['thread_id'] },
  sort: {
    table: 'content_index',
    columns: [
      'sent_ms',
      'subject',
      'from_key',
      'to_key',
      'cc_key',
      'display_from',
      'display_to',
      'is_reply',
      'message_id',
      'refs',
    ],
  },
};

const kinds = Object.keys(sources) as DetailKind[];

export function listDetails(
  db: Database,
  box: { readonly account: AccountId; readonly mailbox: MailboxId },
  slice: UidSlice,
  wanted: readonly DetailKind[],
): readonly DetailRow[] {
  const asked = kinds.filter((kind) => wanted.includes(kind));
  const [only] = asked;
  if (asked.length === 1 && only !== undefined && isPackedKind(only)) {
    return listPackedDetails(db, box, slice, only);
  }
  const tables = [...new Set(asked.map((kind) => sources[kind].table))];
  const columns = asked.flatMap((kind) =>
    sources[kind].columns.map((column) => `${sources[kind].table}.${column}`),
  );
  const joins = tables.map((table) => `LEFT JOIN ${table} ON ${table}.entry_id = ${entryOfRow}`);
  const statement = db.statement(
    `SELECT ${['m.uid', 'm.email_id', 'm.content_id', 'm.size', ...columns].join(', ')}
     FROM message m ${joins.join(' ')}
     WHERE m.account_id = ? AND m.mailbox_id = ? AND m.uid >= ? AND m.uid <= ?
     ORDER BY m.uid LIMIT ?`,
  );
  statement.setReturnArrays(true);
  const rows = statement.all(
    box.account,
    box.mailbox,
    slice.fromUid,
    slice.toUid,
    slice.limit,
  ) as unknown as (readonly unknown[])[];
  return rows.map((row) => detailRow(row, asked));
}

const common = 4;

function detailRow(row: readonly unknown[], asked: readonly DetailKind[]): DetailRow {
  const detail = {
    uid: uid(row[0] as number),
    email: emailId(row[1] as number),
    content: contentId(row[2] as number),
    size: row[3] as number,
    envelope: null as DetailRow['envelope'],
    structure: null as DetailRow['structure'],
    plainStructure: null as DetailRow['plainStructure'],
    head: null as DetailRow['head'],
    preview: null as DetailRow['preview'],
    thread: null as DetailRow['thread'],
    sort: null as DetailRow['sort'],
  };
  let at = common;
  for (const kind of asked) {
    if (row[at] !== null || (kind === 'sort' && row[at + 1] !== null)) {
      fill(detail, kind, row, at);
    }
    at += sources[kind].columns.length;
  }
  return detail;
}

type Filled = { -readonly [K in keyof DetailRow]: DetailRow[K] };

function fill(detail: Filled, kind: DetailKind, row: readonly unknown[], at: number): void {
  switch (kind) {
    case 'envelope':
      detail.envelope = row[at] as Uint8Array;
      return;
    case 'structure':
      detail.structure = row[at] as Uint8Array;
      return;
    case 'plainStructure':
      detail.plainStructure = row[at] as Uint8Array;
      return;
    case 'head':
      detail.head = row[at] as Uint8Array;
      return;
    case 'preview':
      detail.preview = row[at] as string;
      return;
    case 'thread':
      detail.thread = threadId(row[at] as number);
      return;
    case 'sort':
      detail.sort = sortDetail(row.slice(at) as unknown as SortValues);
      return;
    default:
      kind satisfies never;
  }
}

type SortValues = readonly [
  sentMs: number | null,
  subject: string,
  from: string,
  to: string,
  cc: string,
  displayFrom: string,
  displayTo: string,
  isReply: number,
  messageId: string | null,
  refs: string,
];

function sortDetail(values: SortValues): SortDetail {
  const [sentMs, subject, from, to, cc, displayFrom, displayTo, isReply, messageId, refs] = values;
  return {
    sentMs,
    subject,
    from,
    to,
    cc,
    displayFrom,
    displayTo,
    isReplyOrForward: isReply !== 0,
    messageId,
    references: refs === '' ? [] : refs.split(' '),
  };
}
