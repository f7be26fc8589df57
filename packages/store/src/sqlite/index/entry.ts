/**
 * What the index keeps of one content: the message is read once, while it streams by, and
 * everything that listings, searches and sorting ask is made of that.
 */

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { writeBodyStructure } from '@merpati/formats/imap/body-structure.ts';
import { writeEnvelope } from '@merpati/formats/imap/envelope.ts';
import { readSortKeys } from '@merpati/formats/imap/sort-key.ts';
import { readThreadKeys } from '@merpati/formats/imap/thread.ts';
import { readDate } from '@merpati/formats/message/date.ts';
import { findField, type Head } from '@merpati/formats/message/head.ts';
import { readIds } from '@merpati/formats/message/message-id.ts';
import { createMimeReader, type Part } from '@merpati/formats/message/mime.ts';
import { TextGatherer } from '@merpati/formats/message/text.ts';
import type { StoredBody } from '../../contract.ts';
import { isDetailField } from '../../search.ts';

/** Why a search must look into the body all the same. */
export type Why = 'damaged' | 'long' | 'beyond' | 'redo';

/** The columns of an entry, all tables together. */
export interface EntryColumns {
  readonly sent_ms: number | null;
  readonly sent_day: number | null;
  readonly is_reply: number;
  readonly subject: string;
  readonly from_key: string;
  readonly to_key: string;
  readonly cc_key: string;
  readonly display_from: string;
  readonly display_to: string;
  readonly message_id: string | null;
  /** Separated by spaces. */
  readonly refs: string;
  readonly preview: string;
  readonly envelope: Uint8Array;
  readonly structure: Uint8Array;
  readonly plain_structure: Uint8Array;
  readonly head: Uint8Array;
  readonly text_head: Uint8Array;
  readonly text_body: Uint8Array;
}

export interface Entry {
  readonly columns: EntryColumns;
  /** By which threads are found, the most important first. RFC 8621 §3. */
  readonly threadRefs: readonly number[];
  /** All of its text is there. */
  readonly isWhole: boolean;
}

const dayMs = 86_400_000;

/** Throws `CorruptBlob` when the body cannot be read. */
export async function readEntry(body: StoredBody, textLengthMax?: number): Promise<Entry> {
  const gatherer = new TextGatherer(textLengthMax);
  const reader = createMimeReader({ onPart: (part) => gatherer.onPart(part) });
  for await (const chunk of body.chunks()) reader.write(chunk);
  const { root } = reader.end();
  const text = gatherer.finish(root);
  const keys = readSortKeys(root.head);
  const thread = readThreadKeys(root.head);
  const columns = {
    sent_ms: keys.sentMs,
    sent_day: readSentDay(root.head),
    is_reply: thread.isReplyOrForward ? 1 : 0,
    subject: keys.subject,
    from_key: keys.from,
    to_key: keys.to,
    cc_key: keys.cc,
    display_from: keys.displayFrom,
    display_to: keys.displayTo,
    message_id: thread.messageId,
    refs: thread.references.join(' '),
    preview: text.preview,
    ...readWire(root),
    head: readDetailHead(root.head),
    text_head: Buffer.from(text.head),
    text_body: Buffer.from(text.body),
  };
  return { columns, threadRefs: readThreadRefs(root.head), isWhole: text.isWhole };
}

function readWire(root: Part): Pick<EntryColumns, 'envelope' | 'structure' | 'plain_structure'> {
  return {
    envelope: writeEnvelope(root.head),
    structure: writeBodyStructure(root, { extended: true }),
    plain_structure: writeBodyStructure(root, { extended: false }),
  };
}

/** The day that the Date field names, where it was written. RFC 9051 §6.4.4 (SENTON). */
function readSentDay(head: Head): number | null {
  const date = readDate(findField(head, 'date')?.value() ?? '');
  return date === null ? null : Math.floor((date.ms + date.offsetMinutes * 60_000) / dayMs);
}

function readDetailHead(head: Head): Uint8Array {
  const fields = head.fields.filter((field) => isDetailField(field.key));
  return Buffer.concat(fields.map((field) => field.raw()));
}

/** Ids of a message that are looked up: its own, the first and the last ones of its references. */
const threadRefsMax = 64;

/**
 * Numbers of 52 bits for the ids that the message names, each together with the base subject: the
 * same conversation goes on under the same subject. RFC 8621 §3.
 */
function readThreadRefs(head: Head): readonly number[] {
  const { messageId, references, subject } = readThreadKeys(head);
  const answered = readIds(findField(head, 'in-reply-to')?.value() ?? '');
  const others = [...answered, ...references.toReversed()].filter((id) => id !== messageId);
  const ids = [...new Set(messageId === null ? others : [messageId, ...others])];
  const few = ids.length <= threadRefsMax ? ids : [...ids.slice(0, threadRefsMax - 1), ids.at(-1)];
  return few.map((id) => Number.parseInt(hash('sha1', `${id}\0${subject}`).slice(0, 13), 16));
}

/** Over all columns: SQLite does not notice bit rot. */
export function entryCrc(columns: EntryColumns): number {
  const { envelope, structure, plain_structure, head, text_head, text_body } = columns;
  const small = [
    columns.sent_ms,
    columns.sent_day,
    columns.is_reply,
    columns.subject,
    columns.from_key,
    columns.to_key,
    columns.cc_key,
    columns.display_from,
    columns.display_to,
    columns.message_id,
    columns.refs,
    columns.preview,
  ];
  let crc = crc32(JSON.stringify(small));
  for (const octets of [envelope, structure, plain_structure, head, text_head, text_body]) {
    crc = crc32(octets, crc32(`${octets.length}`, crc));
  }
  return crc;
}

/** Of an entry that has its thread. */
export function sealEntry(crc: number, thread: number): number {
  return crc32(String(thread), crc);
}
