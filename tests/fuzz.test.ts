/**
 * Fuzzing of all readers in packages/formats: at least 100,000 damaged inputs a run, from a seed
 * that is printed. TEST_SEED and TEST_FUZZ_INPUTS choose other runs.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { createRandom, mutate } from './fuzz/mutate.ts';
import { collectTargets } from './fuzz/targets.ts';
import type { Run } from './fuzz/targets.ts';

const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const inputsMin = Number(process.env['TEST_FUZZ_INPUTS'] ?? 100_000);
/** One input in 64 may be long: what is quadratic shows there. */
const bytesMax = 4096;
const longBytesMax = 65_536;
const inputMsMax = 200;

const targets = await collectTargets();
const perTarget = Math.ceil(inputsMin / Math.max(targets.length, 1));

describe(`fuzz, TEST_SEED=${seed}`, () => {
  test('there are targets in every format', () => {
    const formats = new Set(targets.map(({ name }) => name.split(/[/ ]/)[0]));
    for (const format of ['dns', 'message', 'pop3', 'sasl', 'smtp']) {
      assert.ok(formats.has(format), `no fuzz target for ${format}`);
    }
  });

  for (const [index, target] of targets.entries()) {
    test(`${target.name}: ${perTarget} inputs`, (t) => {
      const random = createRandom(seed + index);
      let refused = 0;
      for (let round = 0; round < perTarget; round += 1) {
        const limit = random.below(64) === 0 ? longBytesMax : bytesMax;
        const input = mutate({ seeds: target.seeds, bytesMax: limit }, random);
        if (!drive(target.run, input)) refused += 1;
      }
      t.diagnostic(`${refused} of ${perTarget} refused`);
    });
  }
});

describe('the fuzzer itself', () => {
  const input = new TextEncoder().encode('a');

  test('tells a fault from a crash', () => {
    assert.ok(drive(() => 1, input));
    const refuse = (): never => {
      throw new SyntaxFault('x', 'refused');
    };
    assert.ok(!drive(refuse, input));
    const crash = (): never => {
      throw new RangeError('our bug');
    };
    assert.throws(() => drive(crash, input), /our bug/);
  });

  test('sees slowness and results without a bound', () => {
    const sleep = (): void => {
      const end = performance.now() + inputMsMax + 50;
      while (performance.now() < end);
    };
    assert.throws(() => drive(sleep, input), /ms/);
    assert.throws(() => drive(() => Array.from({ length: 100_000 }, () => 0), input), /weighs/);
    assert.throws(() => drive(() => 'x'.repeat(500_000), input), /weighs/);
  });

  test('the same seed gives the same inputs', () => {
    const corpus = { seeds: [new TextEncoder().encode('MAIL FROM:<a@b.test>')], bytesMax };
    const inputs = (): string[] => {
      const random = createRandom(7);
      return Array.from({ length: 50 }, () => mutate(corpus, random).join());
    };
    assert.deepEqual(inputs(), inputs());
    assert.ok(new Set(inputs()).size > 40);
  });
});

/** False when the reader refused the input; throws when it did anything it must not do. */
function drive(run: Run, input: Uint8Array): boolean {
  const fail = (why: string): never => {
    throw new Error(`${why}\ninput (base64): ${Buffer.from(input).toString('base64')}`);
  };
  let isAccepted = true;
  let fastestMs = Infinity;
  // A pause of the machine is not the reader's fault: the best of three counts.
  for (let round = 0; round < 3 && fastestMs > inputMsMax; round += 1) {
    const start = performance.now();
    try {
      weigh(run(input), input.length, fail);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        fail(text);
      }
      isAccepted = false;
    }
    fastestMs = Math.min(fastestMs, performance.now() - start);
  }
  if (fastestMs > inputMsMax) fail(`took ${fastestMs.toFixed(0)} ms for ${input.length} octets`);
  return isAccepted;
}

/** Nodes and characters of a result, against what its input can account for. */
function weigh(value: unknown, inputLength: number, fail: (why: string) => never): void {
  const weightMax = 16_384 + inputLength * 64;
  let weight = 0;
  const open: unknown[] = [value];
  for (let node = open.pop(); open.length > 0 || node !== undefined; node = open.pop()) {
    weight += 1;
    if (typeof node === 'string') weight += node.length;
    else if (node instanceof Uint8Array) weight += node.length;
    else if (Array.isArray(node)) for (const item of node) open.push(item);
    else if (typeof node === 'object' && node !== null) open.push(...Object.values(node));
    if (weight > weightMax) fail(`the result weighs more than ${weightMax}`);
  }
}
