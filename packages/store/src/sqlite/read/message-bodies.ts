/** Bodies of messages: of one by its content, or of many by their places in a mailbox. */

import type { StoredBody, UidSlice, WholeMessage } from '../../contract.ts';
import { CorruptBlob } from '../../contract.ts';
import { type AccountId, type ContentId, type MailboxId, uid } from '../../ids.ts';
import { contentCrc } from '../checksums.ts';
import type { Database } from '../database.ts';
import type { Bodies } from './bodies.ts';
import { findContent } from './mailboxes.ts';

/** null: there is no such content. Throws `CorruptBlob`. */
export function openMessage(
  db: Database,
  bodies: Bodies,
  which: { readonly account: AccountId; readonly content: ContentId },
): StoredBody | null {
  const { account, content } = which;
  const row = findContent(db, account, content);
  if (row === null) return null;
  const body = bodies.find(row);
  if (body !== null) return body;
  // Expunged between the two reads, or really lost?
  if (findContent(db, account, content) === null) return null;
  throw new CorruptBlob(`content ${account}/${content}`, 'its body is not there');
}

type Columns = readonly [
  uid: number,
  hash: Uint8Array,
  prefix: Uint8Array,
  meta: string,
  size: number,
  crc: number,
  segment: number,
  offset: number,
  storedSize: number,
  rawSize: number,
];

export type WholeSlice = UidSlice & { readonly octetsMax: number };

export async function readWholeMessages(
  db: Database,
  bodies: Bodies,
  ask: WholeSlice & { readonly account: AccountId; readonly mailbox: MailboxId },
): Promise<readonly WholeMessage[]> {
  const rows = db.rows<Columns>(
    `SELECT m.uid, c.blob_hash, c.prefix, c.meta, c.size, c.crc,
       b.segment_id, b.offset, b.stored_size, b.raw_size
     FROM message m
     CROSS JOIN content c ON c.account_id = m.account_id AND c.content_id = m.content_id
     CROSS JOIN blob b ON b.hash = c.blob_hash
     WHERE m.account_id = ? AND m.mailbox_id = ? AND m.uid BETWEEN ? AND ?
     ORDER BY m.uid LIMIT ?`,
    ask.account,
    ask.mailbox,
    ask.fromUid,
    ask.toUid,
    ask.limit,
  );
  const some = upTo(rows, ask.octetsMax);
  const small = some.filter((row) => row[4] <= ask.octetsMax && isSound(row));
  const whole = await bodies.whole(small.map(placedBody));
  const bytes = new Map(small.map((row, index) => [row[0], whole[index] ?? null]));
  return some.map((row) => ({ uid: uid(row[0]), bytes: bytes.get(row[0]) ?? null }));
}

/** The first rows, as many as fit. */
function upTo(rows: readonly Columns[], octetsMax: number): readonly Columns[] {
  let octets = 0;
  const end = rows.findIndex((row, index) => {
    octets += row[4];
    return index > 0 && octets > octetsMax;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

function isSound([, hash, prefix, meta, size, crc]: Columns): boolean {
  return contentCrc({ hash, prefix, meta, size }) === crc;
}

function placedBody([, hash, prefix, , , , segment, offset, storedSize, rawSize]: Columns) {
  return { hash, prefix, place: { segment, offset, storedSize, rawSize } };
}
