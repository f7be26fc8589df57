import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { concat, latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { CommandParts } from './command.ts';
import { imapCommandFuzzTargets } from './fuzz-targets.ts';
import { readCommand } from './read-command.ts';

/** How one string goes over the wire. */
type Form = 'shortest' | 'quoted' | 'literal';

/** Puts strings into a template at `?`, each in a form; the shortest is an atom where it may be. */
function write(template: string, values: readonly [string, Form][]): CommandParts {
  const parts: CommandParts[number][] = [];
  let line: Uint8Array[] = [];
  const pieces = template.split('?');
  pieces.forEach((piece, index) => {
    line.push(utf8(piece));
    const [value, form] = values[index] ?? ['', 'shortest'];
    if (index === pieces.length - 1) return;
    const isAtom = form === 'shortest' && /^[A-Za-z0-9.]+$/.test(value);
    if (isAtom) line.push(utf8(value));
    else if (form !== 'literal' && !/[\r\n\0]/.test(value)) {
      line.push(utf8(`"${value.replaceAll(/["\\]/g, '\\$&')}"`));
    } else {
      const literal = utf8(value);
      line.push(utf8(`{${literal.length}${index % 2 === 0 ? '+' : ''}}`));
      parts.push(concat(line), { literal, binary: false });
      line = [];
    }
  });
  return [...parts, concat(line)];
}

const templates = [
  'a1 LOGIN ? ?',
  'a1 SEARCH OR SUBJECT ? (NOT FROM ? HEADER X-A ?)',
  'a1 UID SORT (DATE) UTF-8 BODY ? TEXT ?',
  'a1 GETQUOTA ?',
  'a1 UID THREAD REFERENCES UTF-8 TO ? CC ?',
];

const value = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((text) => text.toWellFormed().replaceAll('\0', ''));
const form = fc.constantFrom<Form>('shortest', 'quoted', 'literal');

test('a string is the same in every form', () => {
  const five = { minLength: 5, maxLength: 5 };
  const values = fc.array(value, five);
  const forms = fc.array(form, five);
  fc.assert(
    fc.property(fc.constantFrom(...templates), values, forms, (template, words, chosen) => {
      const read = (wire: readonly Form[]) =>
        readCommand(
          write(
            template,
            words.map((word, at) => [word, wire[at] ?? 'literal']),
          ),
          { utf8: false },
        );
      assert.deepEqual(read(chosen), read(words.map(() => 'literal')));
    }),
    { numRuns: 500 },
  );
});

for (const target of imapCommandFuzzTargets) {
  test(`${target.name}: nothing but SyntaxFault, whatever comes`, () => {
    const run = (bytes: Uint8Array): void => {
      try {
        target.run(bytes);
      } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
      }
    };
    for (const seed of target.seeds) target.run(seed);
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom('(', ')', '"', '{3}\r\n', '{9+}\r\n', '[', ' ', '\\', '*', '$').map(utf8),
    );
    const mutated = fc
      .tuple(fc.constantFrom(...target.seeds), noise, fc.nat(200), fc.nat(8))
      .map(([seed, more, at, skip]) => {
        const place = at % (seed.length + 1);
        return concat([seed.subarray(0, place), more, seed.subarray(place + skip)]);
      });
    fc.assert(fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), run), {
      numRuns: 2000,
    });
  });
}

test('the seeds are read, and say what they seem to say', () => {
  const [command] = imapCommandFuzzTargets;
  for (const seed of command.seeds) {
    const read = command.run(seed);
    assert.ok(latin1(seed).toLowerCase().includes(` ${read.name}`));
  }
});
