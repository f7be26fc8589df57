/**
 * The deep check of bodies: every blob is read where the database knows it, every frame's CRC and
 * the whole body's SHA-256 are compared. What lies in the segments besides must be sound records
 * too.
 */

import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { segmentFile } from '../segments/files.ts';
import { recordAt } from '../segments/scan.ts';
import type { CheckContext } from './check.ts';

interface BlobColumns {
  readonly hash: Uint8Array;
  readonly offset: number;
  readonly stored_size: number;
  readonly raw_size: number;
}

export function checkBodies(context: CheckContext): void {
  const { db, onProgress } = context;
  const segments = db.all<{ segment_id: number; length: number; sealed: number }>(
    'SELECT segment_id, length, sealed FROM segment ORDER BY segment_id',
  );
  const total = segments.reduce((sum, segment) => sum + segment.length, 0);
  let done = 0;
  for (const segment of segments) {
    checkSegment(context, segment);
    done += segment.length;
    onProgress({ what: 'bodies', done, total });
  }
}

function checkSegment(
  context: CheckContext,
  segment: { readonly segment_id: number; readonly length: number },
): void {
  const { db, paths } = context;
  const id = segment.segment_id;
  const file = segmentFile(paths, id);
  if (!existsSync(file)) return; // `segment.missing` has been said
  const blobs = db.all<BlobColumns>(
    'SELECT hash, offset, stored_size, raw_size FROM blob WHERE segment_id = ? ORDER BY offset',
    id,
  );
  const fd = openSync(file, 'r');
  try {
    let end = 0;
    for (const blob of blobs) {
      if (blob.offset > end) checkGap(context, { id, fd, from: end, to: blob.offset });
      checkBlob(context, { id, fd, blob });
      end = Math.max(end, blob.offset + blob.stored_size);
    }
    if (segment.length > end) checkGap(context, { id, fd, from: end, to: segment.length });
  } finally {
    closeSync(fd);
  }
}

function checkBlob(
  { db, findings }: CheckContext,
  at: { readonly id: number; readonly fd: number; readonly blob: BlobColumns },
): void {
  const { id, fd, blob } = at;
  const hash = createHash('sha256');
  const record = recordAt(fd, blob.offset, (raw) => hash.update(raw));
  let message: string | null = null;
  if (record === null) message = 'the record is damaged or not there';
  else if (Buffer.compare(record.hash, blob.hash) !== 0) message = 'another body lies there';
  else if (record.storedSize !== blob.stored_size || record.rawSize !== blob.raw_size) {
    message = 'the record has another size';
  } else if (Buffer.compare(hash.digest(), blob.hash) !== 0) message = 'the SHA-256 does not fit';
  if (message === null) return;
  // It may have been expunged or moved while we looked.
  const still = db.get(
    'SELECT 1 FROM blob WHERE hash = ? AND segment_id = ? AND offset = ?',
    blob.hash,
    id,
    blob.offset,
  );
  if (still === undefined) return;
  findings.add({
    severity: 'error',
    code: 'body.damaged',
    where: `segment ${id} at ${blob.offset}, ${Buffer.from(blob.hash).toString('hex')}`,
    message,
    mendable: false,
  });
}

/** Between live bodies lie dead ones: nobody needs them, but rot is worth knowing. */
function checkGap(
  { findings }: CheckContext,
  gap: { readonly id: number; readonly fd: number; readonly from: number; readonly to: number },
): void {
  let at = gap.from;
  while (at < gap.to) {
    const record = recordAt(gap.fd, at);
    if (record === null || at + record.storedSize > gap.to) {
      findings.add({
        severity: 'warning',
        code: 'segment.garbage',
        where: `segment ${gap.id} at ${at}`,
        message: `${gap.to - at} octets without a sound record; nothing refers to them`,
        mendable: true,
      });
      return;
    }
    at += record.storedSize;
  }
}
