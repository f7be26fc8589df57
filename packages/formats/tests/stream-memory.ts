/**
 * Reads a message of 50 MB that is never whole in memory, and tells how much of it stays: started
 * by mime.test.ts with a small heap and an exposed collector. Memory is measured behind
 * collections, since octets that the collector has not come round to are not held by the reader.
 */

import { createContentDecoder } from '../src/message/content-decoder.ts';
import { createMimeReader } from '../src/message/mime.ts';

const collect = globalThis.gc;
if (collect === undefined) throw new Error('start this with --expose-gc');

const line = Buffer.from(`${'QUJD'.repeat(19)}\r\n`);
const chunk = Buffer.concat(Array.from({ length: 800 }, () => line));
const head = Buffer.from(
  'Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n' +
    'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n',
);

const told = { readBytes: 0, decodedBytes: 0, earlyBytes: 0, lateBytes: 0 };
const reader = createMimeReader({
  onPart: (part) => {
    const decoder = createContentDecoder(part.encoding);
    return {
      write: (octets) => {
        told.decodedBytes += decoder.write(octets).length;
      },
      end: () => {
        told.decodedBytes += decoder.end().length;
      },
    };
  },
});

function feed(octets: Uint8Array): void {
  reader.write(octets);
  told.readBytes += octets.length;
}

function usedBytes(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}

feed(head);
for (let warm = 0; warm < 20; warm += 1) feed(chunk);
collect();
const before = usedBytes();
for (let fed = 1; told.readBytes < 50_000_000; fed += 1) {
  feed(chunk);
  if (fed % 50 !== 0) continue;
  collect();
  const grown = usedBytes() - before;
  if (told.readBytes < 25_000_000) told.earlyBytes = Math.max(told.earlyBytes, grown);
  else told.lateBytes = Math.max(told.lateBytes, grown);
}
feed(Buffer.from('--b--\r\n'));
const tree = reader.end();
if (tree.size !== told.readBytes || tree.root.parts.length !== 2) throw new Error('misread');
process.stdout.write(JSON.stringify(told));
