/**
 * What IMAP tells of the messages of testdata/message: `NNN.imap` beside each `NNN.eml` has the
 * envelope, the structure, and for each part that has a number where its sections lie. After a
 * wanted change write them anew with `GOLDEN_WRITE=1 node --test golden.test.ts` and look at the
 * difference.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { latin1 } from '../bytes.ts';
import { readMime } from '../message/mime.ts';
import type { Part } from '../message/part.ts';
import { writeBodyStructure } from './body-structure.ts';
import { writeEnvelope } from './envelope.ts';
import { findPart, findSection } from './section.ts';
import type { SectionOctets } from './section.ts';
import { withoutExtensions } from './shorten-structure.ts';

const folder = new URL('../../testdata/message/', import.meta.url);
const files = ['rfc', 'legacy', 'malformed'].flatMap((kind) =>
  readdirSync(new URL(kind, folder))
    .filter((file) => file.endsWith('.eml'))
    .map((file) => `${kind}/${file}`),
);

/** Octets as one line of US-ASCII. */
function show(octets: Uint8Array): string {
  return latin1(octets).replace(
    /[^\x20-\x7e]|\\x/gu,
    (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function showPlaces(found: SectionOctets | null): string {
  if (found === null) return 'NIL';
  const ranges = found.ranges.map(({ start, end }) => `${start}-${end}`);
  if (found.tail.length > 0) ranges.push(`+${found.tail.length}`);
  return ranges.length === 0 ? 'empty' : ranges.join(' ');
}

function* numbersIn(root: Part, above: readonly number[] = []): Generator<readonly number[]> {
  for (let number = 1; ; number += 1) {
    const numbers = [...above, number];
    if (findPart(root, numbers) === null) return;
    yield numbers;
    yield* numbersIn(root, numbers);
  }
}

const texts = [null, 'mime', 'header', 'header.fields', 'header.fields.not', 'text'] as const;

function* linesOf(root: Part): Generator<string> {
  yield `ENVELOPE ${show(writeEnvelope(root.head))}`;
  yield `BODYSTRUCTURE ${show(writeBodyStructure(root, { extended: true }))}`;
  for (const part of [[], ...numbersIn(root)]) {
    for (const text of texts) {
      if (text === 'mime' && part.length === 0) continue;
      const fields = text?.startsWith('header.fields') ? ['subject', 'content-type'] : [];
      const name = [...part, ...(text === null ? [] : [text.toUpperCase()])].join('.');
      const found = findSection(root, { part, text, fields });
      if (found !== null) yield `BODY[${name}] ${showPlaces(found)}`;
    }
  }
}

assert.ok(files.length >= 50, 'the golden files are there');

for (const file of files) {
  const { root } = readMime(new Uint8Array(readFileSync(new URL(file, folder))));
  const readingUrl = new URL(file.replace(/\.eml$/u, '.imap'), folder);

  test(`tells of ${file}`, () => {
    const reading = `${[...linesOf(root)].join('\n')}\n`;
    if (process.env['GOLDEN_WRITE'] === '1') writeFileSync(readingUrl, reading);
    assert.equal(reading, readFileSync(readingUrl, 'utf8'));
  });

  test(`tells of ${file} without extension data what is left when they are taken away`, () => {
    assert.deepEqual(
      withoutExtensions(writeBodyStructure(root, { extended: true })),
      writeBodyStructure(root, { extended: false }),
    );
  });
}
