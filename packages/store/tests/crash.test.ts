/**
 * kill -9 at random moments under load, again and again on the same store, sometimes with a torn
 * record at the end of a segment: whatever was answered is there exactly once and byte for byte,
 * what was removed stays so, and the deep check finds nothing.
 */

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../src/sqlite/open.ts';
import { readSegmentName, segmentFile, storePaths } from '../src/sqlite/segments/files.ts';
import { readRecords } from '../src/sqlite/segments/scan.ts';
import { runLoader } from './loader-process.ts';
import { verify, type Known } from './workload.ts';

const rounds = Number(process.env['TEST_CRASH_ROUNDS'] ?? 204);
const chains = 3;
const roundsBetweenChecks = 17;

interface Chain {
  readonly directory: string;
  readonly known: Map<number, Known>;
  readonly alreadyRead: Set<number>;
  torn: number;
}

/** One process from its start to its sudden end. */
function round(chain: Chain): Promise<void> {
  return runLoader(chain.directory, chain.known, {
    // Now and then it does not even get as far as to be ready.
    onStart: (kill) => randomInt(8) === 0 && setTimeout(kill, randomInt(60, 250)),
    onReady: (kill) => setTimeout(kill, randomInt(2, 300)),
  });
}

/**
 * Half a record, or noise, where the next record would go: what a crash in the middle of a write
 * leaves.
 */
function tearTail(chain: Chain): void {
  const paths = storePaths(chain.directory);
  if (!existsSync(paths.segments)) return; // it was killed before it had begun
  const ids = readdirSync(paths.segments).flatMap((name) => readSegmentName(name) ?? []);
  const id = Math.max(0, ...ids);
  if (id === 0) return;
  let end = 0;
  let last = { offset: 0, storedSize: 0 };
  for (const record of readRecords(paths, id, 0)) {
    end = record.offset + record.storedSize;
    last = record;
  }
  const fd = openSync(segmentFile(paths, id), 'r+');
  try {
    const torn = Buffer.alloc(Math.max(1, Math.floor(last.storedSize * Math.random())));
    readSync(fd, torn, 0, torn.length, last.offset);
    writeSync(fd, randomInt(2) === 0 ? torn : randomBytes(randomInt(1, 5000)), 0, undefined, end);
    chain.torn += 1;
  } finally {
    closeSync(fd);
  }
}

async function check(chain: Chain): Promise<void> {
  const store = await openStore({ directory: chain.directory, reserveBytes: 0 });
  try {
    const verified = await verify(store, chain.known, chain.alreadyRead);
    assert.deepEqual(verified.problems, []);
    const { findings } = await store.check({ deep: true });
    assert.deepEqual(findings, []);
  } finally {
    await store.close();
  }
}

async function runChain(count: number): Promise<Chain> {
  const directory = await mkdtemp(join(tmpdir(), 'merpati-crash-'));
  const chain: Chain = { directory, known: new Map(), alreadyRead: new Set(), torn: 0 };
  for (let done = 1; done <= count; done += 1) {
    await round(chain);
    if (randomInt(3) === 0) tearTail(chain);
    if (done % roundsBetweenChecks === 0 || done === count) await check(chain);
  }
  await rm(directory, { recursive: true });
  return chain;
}

test(`${rounds} × kill -9 under load`, { timeout: 600_000 }, async (context) => {
  const results = await Promise.all(
    Array.from({ length: chains }, () => runChain(Math.ceil(rounds / chains))),
  );
  const all = results.flatMap((chain) => [...chain.known.values()]);
  const answered = all.filter((each) => each.state !== 'begun').length;
  const torn = results.reduce((sum, chain) => sum + chain.torn, 0);
  context.diagnostic(`${answered} answered, 0 lost, 0 torn; ${torn} tails torn on purpose`);
  assert.ok(answered > rounds, 'there was a load');
});
