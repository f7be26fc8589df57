/**
 * Mending bodies. A damaged one is looked for elsewhere in the segments; otherwise what is readable
 * of it is kept in its place and the damaged record is put into quarantine. Only a body of which
 * nothing at all can be read takes its message along, and then the message's header fields go into
 * quarantine.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptBlob } from '../../contract.ts';
import { contentCrc, queueMessageCrc } from '../checksums.ts';
import { latin1 } from '../operations.ts';
import type { Place } from '../segments/append.ts';
import { readSegmentName, segmentFile } from '../segments/files.ts';
import {
  frameBytesMax,
  frameHeaderBytes,
  readFrame,
  readFrameHeader,
  recordHeaderBytes,
} from '../segments/format.ts';
import { recordAt } from '../segments/scan.ts';
import type { RepairContext } from './repair.ts';
import { nameMessage, nameQueued } from './repair-names.ts';

/** Bodies whose record is damaged, or that rows refer to and the table of bodies does not know. */
export function mendBodies(context: RepairContext): void {
  const wanted = findTroubled(context);
  if (wanted.size === 0) return;
  const elsewhere = findSound(context, new Set(wanted.keys()));
  for (const [key, hash] of wanted) {
    const place = context.blobs.find(hash);
    const sound = elsewhere.get(key);
    if (sound !== undefined) setPlace(context, hash, sound);
    else if (place === null || !rescue(context, hash, place)) giveUp(context, hash);
  }
}

function findTroubled({ db, paths, damaged }: RepairContext): Map<string, Uint8Array> {
  const troubled = new Map<string, Uint8Array>(
    damaged.map((hex) => [hex, Buffer.from(hex, 'hex')]),
  );
  const missing = db.all<{ hash: Uint8Array }>(
    `SELECT DISTINCT blob_hash AS hash FROM
       (SELECT blob_hash FROM content UNION ALL SELECT blob_hash FROM queue_message)
     WHERE blob_hash NOT IN (SELECT hash FROM blob)`,
  );
  const segments = db.all<{ id: number }>('SELECT DISTINCT segment_id AS id FROM blob');
  for (const { id } of segments) {
    if (existsSync(segmentFile(paths, id))) continue;
    missing.push(...db.all<{ hash: Uint8Array }>('SELECT hash FROM blob WHERE segment_id = ?', id));
  }
  for (const { hash } of missing) troubled.set(hexOf(hash), Buffer.from(hash));
  return troubled;
}

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

/** Sound records of these bodies anywhere in the segments, also behind damaged ones. */
function findSound(context: RepairContext, wanted: ReadonlySet<string>): Map<string, Place> {
  const found = new Map<string, Place>();
  for (const name of readdirSync(context.paths.segments)) {
    const segment = readSegmentName(name);
    if (segment === null) continue;
    const fd = openSync(segmentFile(context.paths, segment), 'r');
    try {
      for (let at: number | null = 0; at !== null;) {
        const digest = createHash('sha256');
        const record = recordAt(fd, at, (raw) => digest.update(raw));
        if (record === null) {
          at = findMagic(fd, at + 1);
          continue;
        }
        const key = hexOf(record.hash);
        if (wanted.has(key) && digest.digest('hex') === key) found.set(key, { segment, ...record });
        at += record.storedSize;
      }
    } finally {
      closeSync(fd);
    }
  }
  return found;
}

const magicText = Buffer.from('MPR1');

/** Where a record may begin, from `from` on; null: nowhere. */
function findMagic(fd: number, from: number): number | null {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  for (let at = from; ; at += buffer.length - magicText.length) {
    const count = readSync(fd, buffer, 0, buffer.length, at);
    const index = buffer.subarray(0, count).indexOf(magicText);
    if (index >= 0) return at + index;
    if (count < buffer.length) return null;
  }
}

function setPlace({ db }: RepairContext, hash: Uint8Array, place: Place): void {
  db.run(
    `INSERT INTO blob (hash, refs, segment_id, offset, stored_size, raw_size)
     VALUES (?, 1, ?, ?, ?, ?)
     ON CONFLICT (hash) DO UPDATE SET segment_id = excluded.segment_id, offset = excluded.offset,
       stored_size = excluded.stored_size, raw_size = excluded.raw_size`,
    hash,
    place.segment,
    place.offset,
    place.storedSize,
    place.rawSize,
  );
}

/** Keeps what can be read of a damaged record as another body of the same size. */
function rescue(context: RepairContext, hash: Uint8Array, place: Place): boolean {
  const record = readRecord(context, place);
  if (record === null) return false;
  quarantine(context, `${hexOf(hash)}.record`, record);
  const { bytes, doubtful } = readWhatIsLeft(record, place.rawSize);
  if (bytes === null) return false;
  const digest = createHash('sha256').update(bytes).digest();
  const raw = bytes.length <= 64 * 1024 ? latin1(bytes) : bytes;
  const common = { size: bytes.length, unterminated: false, spool: null };
  // Or it would be found, where it is damaged.
  context.db.run('DELETE FROM blob WHERE hash = ?', hash);
  const placed = context.blobs.place({ ...common, hash: latin1(digest), raw });
  context.blobs.sync();
  setPlace(context, digest, placed.place);
  if (Buffer.compare(digest, hash) === 0) return true; // all octets were there after all
  for (const where of relink(context, hash, digest)) {
    context.lost.push({
      code: 'body.damaged',
      where,
      message: `${doubtful} of ${bytes.length} octets are doubtful or replaced by spaces`,
    });
  }
  return true;
}

/** null: the segment ends before it even begins. */
function readRecord({ paths }: RepairContext, place: Place): Buffer | null {
  const file = segmentFile(paths, place.segment);
  if (!existsSync(file)) return null;
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(place.storedSize);
    const count = readSync(fd, bytes, 0, bytes.length, place.offset);
    return count <= recordHeaderBytes + frameHeaderBytes ? null : bytes.subarray(0, count);
  } finally {
    closeSync(fd);
  }
}

/**
 * Frame by frame. A stored frame with a wrong CRC is most probably off by a bit: better than
 * nothing.
 */
function readWhatIsLeft(
  record: Buffer,
  rawSize: number,
): { bytes: Buffer | null; doubtful: number } {
  const bytes = Buffer.alloc(rawSize, ' ');
  let filled = 0;
  let sound = 0;
  let at = recordHeaderBytes;
  while (filled < rawSize && at < record.length) {
    const size = Math.min(frameBytesMax, rawSize - filled);
    const head = readFrameHeader(record, at);
    const frame = head === null ? null : readFrameOrNull(record, at);
    if (frame !== null && frame.length === size) {
      bytes.set(frame, filled);
      sound += size;
    } else if (head?.codec !== 1) {
      const start = at + frameHeaderBytes;
      bytes.set(record.subarray(start, start + size), filled);
    }
    filled += size;
    at += frameHeaderBytes + (head?.storedSize ?? size);
  }
  const isNothing = sound === 0 && crc32(bytes) === crc32(Buffer.alloc(rawSize, ' '));
  return { bytes: isNothing ? null : bytes, doubtful: rawSize - sound };
}

function readFrameOrNull(record: Buffer, at: number): Uint8Array | null {
  try {
    return readFrame(record, at, '');
  } catch (error) {
    if (error instanceof CorruptBlob) return null;
    throw error;
  }
}

/** Whoever referred to the old body refers to the new one; answers who that is. */
function relink({ db }: RepairContext, from: Uint8Array, to: Uint8Array): string[] {
  const contents = db.all<{
    rowid: number;
    account_id: number;
    content_id: number;
    prefix: Uint8Array;
    meta: string;
    size: number;
  }>('SELECT rowid, * FROM content WHERE blob_hash = ?', from);
  for (const { rowid, prefix, meta, size } of contents) {
    const crc = contentCrc({ hash: to, prefix, meta, size });
    db.run('UPDATE content SET blob_hash = ?, crc = ? WHERE rowid = ?', to, crc, rowid);
  }
  const queued = db.all<{ first_id: number; prefix: Uint8Array }>(
    'SELECT first_id, prefix FROM queue_message WHERE blob_hash = ?',
    from,
  );
  for (const { first_id: id, prefix } of queued) {
    const crc = queueMessageCrc({ hash: to, prefix });
    db.run('UPDATE queue_message SET blob_hash = ?, crc = ? WHERE first_id = ?', to, crc, id);
  }
  return [
    ...contents.map(({ account_id: account, content_id: number, meta }) =>
      nameMessage(db, { account, mailbox: null, number, meta }),
    ),
    ...queued.map((row) => nameQueued(db, row.first_id)),
  ];
}

/** Nothing is left of it: the messages go, their header fields and listing data are kept aside. */
function giveUp(context: RepairContext, hash: Uint8Array): void {
  const { db } = context;
  const messages = db.all<{
    account_id: number;
    mailbox_id: number;
    uid: number;
    content_id: number;
    meta: string;
    prefix: Uint8Array;
  }>(
    `SELECT m.account_id, m.mailbox_id, m.uid, m.content_id, c.meta, c.prefix
     FROM content c JOIN message m USING (account_id, content_id) WHERE c.blob_hash = ?`,
    hash,
  );
  const queued = db.all<{
    queue_id: number;
    recipient: string;
    sender: string;
    first_id: number;
  }>(
    `SELECT q.queue_id, q.recipient, m.sender, m.first_id
     FROM queue_message m JOIN queue q USING (first_id) WHERE m.blob_hash = ?`,
    hash,
  );
  const readable = messages.map((each) => ({
    ...each,
    prefix: Buffer.from(each.prefix).toString('latin1'),
  }));
  const note = JSON.stringify({ messages: readable, queued }, null, 2);
  quarantine(context, `${hexOf(hash)}.json`, Buffer.from(note));
  for (const each of messages) {
    context.lost.push({
      code: 'body.damaged',
      where: nameMessage(db, {
        account: each.account_id,
        mailbox: each.mailbox_id,
        number: each.uid,
        meta: each.meta,
      }),
      message: 'nothing of the body can be read; the message is gone',
    });
  }
  for (const { first_id: first, recipient } of queued) {
    const message = `nothing of the body can be read; ${recipient} will not get it`;
    context.lost.push({ code: 'queue.blob', where: nameQueued(db, first), message });
  }
  dropAll(context, hash);
}

function dropAll({ db }: RepairContext, hash: Uint8Array): void {
  const contents = `(SELECT account_id, content_id FROM content WHERE blob_hash = ?)`;
  db.run(
    `INSERT OR IGNORE INTO expunged (account_id, modseq, mailbox_id, uid, email_id)
     SELECT m.account_id, a.modseq + 1, m.mailbox_id, m.uid, m.email_id
     FROM message m JOIN account a USING (account_id)
     WHERE (m.account_id, m.content_id) IN ${contents}`,
    hash,
  );
  db.run(
    `UPDATE account SET modseq = modseq + 1
     WHERE account_id IN (SELECT account_id FROM content WHERE blob_hash = ?)`,
    hash,
  );
  db.run(`DELETE FROM message WHERE (account_id, content_id) IN ${contents}`, hash);
  db.run('DELETE FROM content WHERE blob_hash = ?', hash);
  db.run(
    'DELETE FROM queue WHERE first_id IN (SELECT first_id FROM queue_message WHERE blob_hash = ?)',
    hash,
  );
  db.run('DELETE FROM queue_message WHERE blob_hash = ?', hash);
  db.run('DELETE FROM blob WHERE hash = ?', hash);
}

function quarantine({ paths }: RepairContext, name: string, bytes: Uint8Array): void {
  mkdirSync(paths.quarantine, { recursive: true, mode: 0o700 });
  writeFileSync(join(paths.quarantine, name), bytes, { mode: 0o600, flush: true });
}
