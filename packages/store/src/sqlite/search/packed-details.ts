/**
 * One column of octets for many messages, read as one value: making an object of each cell is most
 * of what a long listing costs. The octets of the messages lie behind each other, and are views of
 * the same memory.
 */

import type { UidSlice } from '../../contract.ts';
import { contentId, emailId, uid, type AccountId, type MailboxId } from '../../ids.ts';
import type { DetailRow } from '../../search.ts';
import type { Database } from '../database.ts';
import { entryOfRow } from './expression.ts';

/** Details of octets. */
export type PackedKind = 'envelope' | 'head' | 'plainStructure' | 'structure';

const columns: Readonly<Record<PackedKind, readonly [table: string, column: string]>> = {
  envelope: ['content_wire', 'envelope'],
  head: ['content_head', 'head'],
  plainStructure: ['content_wire', 'plain_structure'],
  structure: ['content_wire', 'structure'],
};

export function isPackedKind(kind: string): kind is PackedKind {
  return kind in columns;
}

interface Packed {
  readonly n: number;
  /** Numbers with commas between. */
  readonly uids: string;
  readonly emails: string;
  readonly contents: string;
  readonly sizes: string;
  /** Of the octets of each; -1: not read yet. */
  readonly lengths: string;
  readonly octets: Uint8Array | null;
}

export function listPackedDetails(
  db: Database,
  box: { readonly account: AccountId; readonly mailbox: MailboxId },
  slice: UidSlice,
  kind: PackedKind,
): readonly DetailRow[] {
  const [table, column] = columns[kind];
  const packed = db.get<Packed>(
    `SELECT count(*) AS n, group_concat(uid) AS uids, group_concat(email_id) AS emails,
       group_concat(content_id) AS contents, group_concat(size) AS sizes,
       group_concat(ifnull(length(octets), -1)) AS lengths,
       CAST(group_concat(CAST(octets AS TEXT), '') AS BLOB) AS octets
     FROM (SELECT m.uid, m.email_id, m.content_id, m.size, ${table}.${column} AS octets
       FROM message m LEFT JOIN ${table} ON ${table}.entry_id = ${entryOfRow}
       WHERE m.account_id = ? AND m.mailbox_id = ? AND m.uid BETWEEN ? AND ?
       ORDER BY m.uid LIMIT ?)`,
    box.account,
    box.mailbox,
    slice.fromUid,
    slice.toUid,
    slice.limit,
  );
  return packed === undefined || packed.n === 0 ? [] : unpack(packed, kind);
}

const nothing = new Uint8Array(0);

function unpack(packed: Packed, kind: PackedKind): readonly DetailRow[] {
  const [uids, emails, contents, sizes, lengths] = [
    packed.uids,
    packed.emails,
    packed.contents,
    packed.sizes,
    packed.lengths,
  ].map((list) => list.split(','));
  const octets = packed.octets ?? nothing;
  const rows: DetailRow[] = [];
  let at = 0;
  for (let index = 0; index < packed.n; index += 1) {
    const length = Number(lengths![index]);
    const value = length < 0 ? null : octets.subarray(at, at + length);
    at += Math.max(0, length);
    rows.push({
      uid: uid(Number(uids![index])),
      email: emailId(Number(emails![index])),
      content: contentId(Number(contents![index])),
      size: Number(sizes![index]),
      envelope: kind === 'envelope' ? value : null,
      structure: kind === 'structure' ? value : null,
      plainStructure: kind === 'plainStructure' ? value : null,
      head: kind === 'head' ? value : null,
      preview: null,
      thread: null,
      sort: null,
    });
  }
  if (at !== octets.length) throw new Error('the octets of details do not fit their lengths');
  return rows;
}
