/** Records: what was written is read, and no changed octet goes unnoticed. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CorruptBlob } from '../../contract.ts';
import {
  frameBytesMax,
  frameHeaderBytes,
  readFrame,
  readRecordHeader,
  recordBytesMax,
  recordHeaderBytes,
  writeRecord,
} from './format.ts';

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

function write(raw: Buffer, at = 0): Buffer {
  const target = Buffer.alloc(at + recordBytesMax(raw.length));
  const size = writeRecord(target, at, { hash: hashOf(raw), raw });
  return target.subarray(at, at + size);
}

/** As every reader does it. Throws `CorruptBlob`. */
function read(record: Buffer, hash: Uint8Array): Buffer {
  const header = readRecordHeader(record, 0);
  if (header === null) throw new CorruptBlob('test', 'header');
  if (Buffer.compare(header.hash, hash) !== 0) throw new CorruptBlob('test', 'hash');
  const frames: Uint8Array[] = [];
  let at = recordHeaderBytes;
  for (let index = 0; index < header.frames; index += 1) {
    frames.push(readFrame(record, at, 'test'));
    at += frameHeaderBytes + record.readUInt32LE(at + 8);
  }
  if (at !== record.length) throw new CorruptBlob('test', 'length');
  return Buffer.concat(frames);
}

const someBytes = fc.oneof(
  fc.uint8Array({ maxLength: 20_000 }),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text.repeat(100))),
);

test('reading gives what was written, compressed or not', () => {
  const property = fc.property(someBytes, fc.integer({ min: 0, max: 9 }), (bytes, at) => {
    const raw = Buffer.from(bytes);
    const record = write(raw, at);
    assert.ok(read(record, hashOf(raw)).equals(raw));
    const text = Buffer.alloc(recordBytesMax(raw.length));
    const size = writeRecord(text, 0, { hash: hashOf(raw), raw: raw.toString('latin1') });
    assert.ok(text.subarray(0, size).equals(record), 'text and octets give the same record');
  });
  fc.assert(property, { numRuns: 300 });
});

test('bodies of several frames', () => {
  for (const size of [frameBytesMax - 1, frameBytesMax, frameBytesMax + 1, 3 * frameBytesMax]) {
    const raw = Buffer.alloc(size, 'A line of some text, not all the same.\r\n');
    raw.set(hashOf(raw), size - 32);
    assert.ok(read(write(raw), hashOf(raw)).equals(raw));
    assert.ok(write(raw).length < raw.length / 10, 'it compresses');
  }
});

test('no changed bit goes unnoticed', () => {
  const flips = fc.property(
    someBytes,
    fc.nat(),
    fc.integer({ min: 0, max: 7 }),
    (bytes, n, bit) => {
      const raw = Buffer.from(bytes);
      const record = Buffer.from(write(raw));
      const index = n % record.length;
      record[index] = (record[index] ?? 0) ^ (1 << bit);
      assert.throws(() => read(record, hashOf(raw)), CorruptBlob);
    },
  );
  fc.assert(flips, { numRuns: 1000 });
});

test('a record cut short is no record', () => {
  const cuts = fc.property(someBytes, fc.nat(), (bytes, n) => {
    const raw = Buffer.from(bytes);
    const record = write(raw);
    assert.throws(() => read(record.subarray(0, n % record.length), hashOf(raw)), CorruptBlob);
  });
  fc.assert(cuts, { numRuns: 500 });
});

test('noise is no record', () => {
  const noise = fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
    assert.throws(() => read(Buffer.from(bytes), new Uint8Array(32)), CorruptBlob);
  });
  fc.assert(noise, { numRuns: 2000 });
});
