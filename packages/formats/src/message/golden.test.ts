/**
 * Messages of testdata/message and what is read of them: in the manner of the RFCs' own examples
 * (rfc), as old and common programs write (legacy), damaged (malformed). After a wanted change
 * write the readings anew with `GOLDEN_WRITE=1 node --test golden.test.ts` and look at the
 * difference.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeBase64 } from '../bytes.ts';
import { createMimeReader, readMime } from './mime.ts';
import type { MimeTree, Part } from './mime.ts';
import { probeMimeParse } from './probe.ts';

const folder = new URL('../../testdata/message/', import.meta.url);
const kinds = ['rfc', 'legacy', 'malformed'];
const files = kinds.flatMap((kind) =>
  readdirSync(new URL(kind, folder))
    .filter((file) => file.endsWith('.eml'))
    .map((file) => `${kind}/${file}`),
);

function placesOf(part: Part): Record<string, unknown> {
  return {
    path: part.path,
    type: part.type.value,
    head: [part.headStart, part.bodyStart],
    body: [part.bodyStart, part.bodyEnd],
    lines: part.bodyLines,
    ...(part.parts.length === 0 ? {} : { parts: part.parts.map(placesOf) }),
    ...(part.message === null ? {} : { message: placesOf(part.message) }),
  };
}

function writtenOf(tree: MimeTree): Record<string, unknown>[] {
  const all = (part: Part): Part[] => [
    part,
    ...part.parts.flatMap(all),
    ...(part.message === null ? [] : all(part.message)),
  ];
  return all(tree.root)
    .filter(({ written }) => written.id ?? written.md5 ?? written.language ?? written.location)
    .map(({ path, written }) => ({ path, ...written }));
}

function read(bytes: Uint8Array): unknown {
  const tree = readMime(bytes);
  const written = writtenOf(tree);
  return {
    ...probeMimeParse({ message: encodeBase64(bytes) }),
    places: placesOf(tree.root),
    ...(written.length === 0 ? {} : { written }),
  };
}

assert.ok(files.length >= 50, 'the golden files are there');

for (const file of files) {
  const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
  const readingUrl = new URL(file.replace(/\.eml$/u, '.json'), folder);

  test(`reads ${file}`, () => {
    const reading = `${JSON.stringify(read(bytes), null, 1)}\n`;
    if (process.env['GOLDEN_WRITE'] === '1') writeFileSync(readingUrl, reading);
    assert.deepEqual(JSON.parse(reading), JSON.parse(readFileSync(readingUrl, 'utf8')));
  });

  test(`reads ${file} the same octet by octet`, () => {
    const reader = createMimeReader();
    for (const octet of bytes) reader.write(Uint8Array.of(octet));
    assert.deepEqual(placesOf(reader.end().root), placesOf(readMime(bytes).root));
  });
}
