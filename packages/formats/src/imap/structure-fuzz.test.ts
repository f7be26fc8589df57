/** Each target on its seeds and on a few hundred mutations; tests/ runs very many more. */

import { test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { imapStructureFuzzTargets } from './structure-fuzz.ts';

const pieces = ['\r\n', '\n', '"', '<', '(', ';', ',', ':', '@', '--x', '--x--', '=', '\0', '\xff'];

for (const target of imapStructureFuzzTargets) {
  test(`${target.name} keeps its promises`, () => {
    for (const seed of target.seeds) target.run(seed);
    const piece = fc.oneof(
      fc.constantFrom(...pieces).map((text) => [...Buffer.from(text, 'latin1')]),
      fc.array(fc.nat(255), { maxLength: 6 }),
    );
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(12), piece), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(target.seeds.length - 1), edits, (seed, changes) => {
        const octets = [...target.seeds[seed]!];
        for (const [at, removed, added] of changes) {
          octets.splice(at % (octets.length + 1), removed, ...added);
        }
        runUnlessRefused(target, Uint8Array.from(octets));
      }),
      { numRuns: 500 },
    );
  });
}

/** Only what is given to us may be refused, never what we write ourselves. */
function runUnlessRefused(
  target: (typeof imapStructureFuzzTargets)[number],
  octets: Uint8Array,
): void {
  try {
    target.run(octets);
  } catch (error) {
    if (target.name !== 'imap url' || !(error instanceof SyntaxFault)) throw error;
  }
}
