import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DotReader, DotWriter, NewlineCheck } from './dot.ts';
import { TextScan } from './text-scan.ts';

function findSlowly(octets: Uint8Array, from: number): number {
  const at = octets.findIndex((octet, index) => index >= from && octet <= 13);
  return at < 0 ? octets.length : at;
}

test('finds what a plain loop finds, wherever the chunk lies in memory', () => {
  const octet = fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 14, max: 255 }) },
    fc.constantFrom(0, 9, 10, 12, 13, 14, 127, 128, 141, 142, 255),
  );
  fc.assert(
    fc.property(
      fc.array(octet, { minLength: 240, maxLength: 300, size: 'max' }),
      fc.nat(7),
      fc.nat(300),
      (values, offset, start) => {
        const whole = new Uint8Array(offset + values.length + 5).fill(13);
        const chunk = whole.subarray(offset, offset + values.length);
        chunk.set(values);
        const scan = new TextScan(chunk);
        for (let at = Math.min(start, chunk.length); at < chunk.length; at += 1) {
          const found = scan.next(at);
          assert.equal(found, findSlowly(chunk, at));
          at = found;
        }
        assert.equal(scan.next(chunk.length), chunk.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('each octet in each place of a word', () => {
  for (let offset = 0; offset < 4; offset += 1) {
    for (let place = 0; place < 8; place += 1) {
      for (let octet = 0; octet < 256; octet += 1) {
        const chunk = new Uint8Array(offset + 300).subarray(offset).fill(0x41);
        chunk[288 + place] = octet;
        const found = new TextScan(chunk).next(1);
        assert.equal(found, octet <= 13 ? 288 + place : chunk.length);
      }
    }
  }
});

const longText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('\r\n', '.', '\r\n.', 'word') },
      { weight: 3, arbitrary: fc.nat(300).map((length) => 'x'.repeat(length)) },
      { weight: 1, arbitrary: fc.constantFrom('\r', '\n', '\t', '\0') },
    ),
    { maxLength: 40, size: 'max' },
  )
  .map((parts) => Uint8Array.from(Buffer.from(parts.join(''), 'latin1')));

test('large chunks mean what their octets mean one by one', () => {
  fc.assert(
    fc.property(longText, (octets) => {
      assert.deepEqual(readAll([octets]), readAll(singly(octets)));
      assert.equal(isSound([octets]), isSound(singly(octets)));
      assert.deepEqual(writeAll([octets]), writeAll(singly(octets)));
    }),
    { numRuns: 300 },
  );
});

const singly = (octets: Uint8Array) => Array.from(octets, (_, at) => octets.subarray(at, at + 1));

function readAll(chunks: readonly Uint8Array[]) {
  const reader = new DotReader();
  const pieces: Uint8Array[] = [];
  let taken = 0;
  for (const chunk of chunks) {
    if (reader.isDone || reader.fault !== null) break;
    taken += reader.push(chunk, (piece) => pieces.push(piece));
  }
  const { isDone, fault } = reader;
  return fault === null ? { isDone, taken, text: Buffer.concat(pieces) } : { fault, taken };
}

function isSound(chunks: readonly Uint8Array[]): boolean {
  const check = new NewlineCheck();
  for (const chunk of chunks) check.push(chunk);
  return check.end();
}

function writeAll(chunks: readonly Uint8Array[]): Buffer | string {
  const writer = new DotWriter();
  try {
    const pieces = chunks.flatMap((chunk) => writer.write(chunk));
    return Buffer.concat([...pieces, writer.end()]);
  } catch (error) {
    return String(error);
  }
}
