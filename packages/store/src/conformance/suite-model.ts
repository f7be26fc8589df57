/** An engine does what the naive model does, whatever is asked of it. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { accountsMax, command, perform, plain, readEverything } from './commands.ts';
import { addAccount, addDomain } from './fixtures.ts';
import { ModelStore } from './model.ts';
import type { Engine } from './engine.ts';

const runs = Number(process.env['TEST_MODEL_RUNS'] ?? 40);

export function modelSuite(engine: Engine): void {
  it('answers and keeps what the model answers and keeps', { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(
      fc.array(command, { minLength: 10, maxLength: 80 }),
      async (commands) => {
        const store = await engine.open();
        try {
          const subject = { store, tokens: new Map<number, number>() };
          const model = { store: new ModelStore(), tokens: new Map<number, number>() };
          for (const each of [subject.store, model.store]) {
            await addDomain(each, 'surat.test');
            for (let n = 1; n <= accountsMax; n += 1) await addAccount(each, `a${n}@surat.test`);
          }
          for (const given of commands) {
            const answer = plain(await perform(subject, given));
            assert.deepEqual(answer, plain(await perform(model, given)), given.kind);
          }
          assert.deepEqual(
            plain(await readEverything(subject)),
            plain(await readEverything(model)),
          );
          const { findings } = await store.check({ deep: true });
          assert.deepEqual(findings, []);
        } finally {
          await engine.discard(store);
        }
      },
    );
    await fc.assert(property, { numRuns: runs });
  });
}
