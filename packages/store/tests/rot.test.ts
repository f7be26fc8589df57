/**
 * Bit rot: whatever octet of a segment or of the database changes, no message is ever served with
 * wrong octets, numbers or flags without a word: reading throws, or the deep check says what is
 * wrong.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { storePaths } from '../src/sqlite/segments/files.ts';
import type { Store } from '../src/contract.ts';
import { mailboxId, uid } from '../src/ids.ts';
import { addYou, fill, readInbox, Scratch, you } from './scratch.ts';

const flips = Number(process.env['TEST_ROT_FLIPS'] ?? 60);

/** What clients see: numbers, flags and names as well as octets. */
async function readAll(store: Store): Promise<string[]> {
  const slice = { fromUid: uid(1), limit: 999 };
  const seen: unknown[] = [
    await store.mailboxes(you),
    await store.messages(you, mailboxId(1), slice),
  ];
  seen.push(await store.queue({}, 9));
  return [...(await readInbox(store)), JSON.stringify(seen)];
}

async function prepare(directory: string): Promise<string[]> {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const texts = Array.from({ length: 30 }, (_, index) => `Subject: ${index}\r\n\r\n`.repeat(20));
  await fill(store, [...texts, Buffer.alloc(30_000, 'long and dull '), Buffer.alloc(600_000, 'x')]);
  const inbox = await readAll(store);
  await store.close();
  cpSync(scratch.directory, directory, { recursive: true });
  return inbox;
}

function flip(file: string): string {
  const bytes = readFileSync(file);
  let at = 0;
  do at = randomInt(bytes.length);
  while (bytes[at] === 0); // most of what is 0 is idle
  const bit = randomInt(8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(file, bytes);
  return `${file}, octet ${at}, bit ${bit}`;
}

test('every flipped bit of a segment is noticed', { timeout: 120_000 }, async () => {
  await using sound = new Scratch();
  const inbox = await prepare(sound.directory);
  for (let round = 0; round < flips / 2; round += 1) {
    await using rotten = new Scratch();
    cpSync(sound.directory, rotten.directory, { recursive: true });
    const { segments } = storePaths(rotten.directory);
    const files = readdirSync(segments);
    const what = flip(join(segments, files[randomInt(files.length)] ?? ''));
    const store = await rotten.open();
    const { findings } = await store.check({ deep: true });
    assert.ok(findings.length > 0, what);
    const now = await readAll(store);
    const changed = now.filter((text, index) => text !== inbox[index]);
    assert.ok(changed.length <= 1, what);
    for (const text of changed) assert.equal(text, 'CorruptBlob', what);
    await store.close();
  }
});

test(
  'no flipped bit of the database changes a message without a word',
  { timeout: 120_000 },
  async (context) => {
    await using sound = new Scratch();
    const inbox = await prepare(sound.directory);
    let noticed = 0;
    for (let round = 0; round < flips; round += 1) {
      await using rotten = new Scratch();
      cpSync(sound.directory, rotten.directory, { recursive: true });
      const paths = storePaths(rotten.directory);
      const what = flip(paths.database);
      try {
        const store = await rotten.open();
        try {
          const { findings } = await store.check({ deep: true });
          if (findings.length > 0) noticed += 1;
          const now = await readAll(store);
          const isTold = findings.length > 0;
          for (const [index, text] of inbox.entries()) {
            const isSame = now[index] === text || now[index] === 'CorruptBlob';
            assert.ok(isSame || isTold, `${what}: ${index} of ${inbox.length} is another one`);
          }
        } finally {
          await store.close();
        }
      } catch (error) {
        // A database that cannot be opened or read says so itself.
        if (error instanceof assert.AssertionError) throw error;
        noticed += 1;
      }
    }
    context.diagnostic(
      `${noticed} of ${flips} flips in the database noticed; the rest was idle space or flags`,
    );
  },
);
