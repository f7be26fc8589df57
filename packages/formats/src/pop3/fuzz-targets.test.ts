import test from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { pop3FuzzTargets } from './fuzz-targets.ts';

for (const target of pop3FuzzTargets) {
  test(`${target.name}: nothing but SyntaxFault, whatever comes`, () => {
    const run = (bytes: Uint8Array) => {
      try {
        target.run(bytes);
      } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
      }
    };
    for (const seed of target.seeds) run(seed);
    const mutated = fc
      .tuple(fc.constantFrom(...target.seeds), fc.uint8Array({ maxLength: 12 }), fc.nat(200))
      .map(([seed, noise, at]) => {
        const place = seed.length === 0 ? 0 : at % seed.length;
        return Uint8Array.of(...seed.subarray(0, place), ...noise, ...seed.subarray(place));
      });
    const dotty = fc
      .array(fc.constantFrom(0x0d, 0x0a, 0x2e, 0x61), { maxLength: 40 })
      .map((bytes) => Uint8Array.from(bytes));
    const inputs = fc.oneof(mutated, dotty, fc.uint8Array({ maxLength: 300 }));
    fc.assert(fc.property(inputs, run), { numRuns: 3000 });
  });
}
