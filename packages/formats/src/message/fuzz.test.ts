/** Each fuzz target on its seeds and on a few hundred mutations; tests/ runs very many more. */

import { test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzTargets } from './fuzz-targets.ts';

const pieces = [
  '\r\n',
  '\n',
  '\r',
  '=?utf-8?Q?',
  '?=',
  '"',
  '<',
  '(',
  ';',
  ',',
  ':',
  '@',
  '--xx',
  '=',
  '\0',
];

for (const target of fuzzTargets) {
  test(`${target.name} keeps its promises`, () => {
    for (const seed of target.seeds) target.run(seed);
    const piece = fc.oneof(
      fc.constantFrom(...pieces).map((text) => [...Buffer.from(text)]),
      fc.array(fc.nat(255), { maxLength: 6 }),
    );
    const edit = fc.tuple(fc.nat(), fc.nat(12), piece);
    const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(target.seeds.length - 1), edits, (seed, changes) => {
        const octets = [...target.seeds[seed]!];
        for (const [at, removed, added] of changes) {
          octets.splice(at % (octets.length + 1), removed, ...added);
        }
        target.run(Uint8Array.from(octets));
      }),
      { numRuns: 300 },
    );
  });
}
