import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { makeListPattern } from './list-pattern.ts';

const fits = (pattern: string, name: string, reference = '') =>
  makeListPattern(reference, pattern).matches(name);

test('* is anything, % ends at the separator. RFC 9051 §6.3.9.1', () => {
  assert.ok(fits('*', 'a/b/c'));
  assert.ok(fits('%', 'a'));
  assert.ok(!fits('%', 'a/b'));
  assert.ok(fits('a/%', 'a/b'));
  assert.ok(!fits('a/%', 'a/b/c'));
  assert.ok(fits('a/*', 'a/b/c'));
  assert.ok(!fits('a/*', 'a'));
  assert.ok(fits('%/%', 'a/b'));
  assert.ok(fits('*c', 'a/b/c'));
  assert.ok(fits('a%c', 'abc'));
  assert.ok(!fits('a%c', 'a/c'));
  assert.ok(fits('a*%*c', 'a/x/c'));
  assert.ok(fits('%', 'Projects/Garden', 'Projects/'));
  assert.ok(!fits('', 'a'));
  assert.ok(fits('a😀%', 'a😀b'));
});

test('INBOX fits in any case, and nothing else does', () => {
  assert.ok(fits('inbox', 'INBOX'));
  assert.ok(fits('inb%', 'INBOX'));
  assert.ok(!fits('drafts', 'Drafts'));
});

test('what can be below', () => {
  const pattern = makeListPattern('', 'a/%/c');
  assert.ok(pattern.mayMatchBelow('a'));
  assert.ok(pattern.mayMatchBelow('a/x'));
  assert.ok(!pattern.mayMatchBelow('b'));
  assert.ok(!pattern.mayMatchBelow('a/x/c'));
  assert.ok(!makeListPattern('', '%').mayMatchBelow('a'));
  assert.ok(makeListPattern('', '*').mayMatchBelow('a'));
});

const letters = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 12 });
const patternLetters = fc.array(fc.constantFrom('a', 'b', '/', '*', '%'), { maxLength: 8 });

test('the same as an expression says', () => {
  fc.assert(
    fc.property(patternLetters, letters, (pattern, name) => {
      const wildcards: Record<string, string> = { '*': '.*', '%': '[^/]*' };
      const expression = pattern.map((character) => wildcards[character] ?? character).join('');
      assert.equal(
        fits(pattern.join(''), name.join('')),
        RegExp(`^${expression}$`).test(name.join('')),
      );
    }),
    { numRuns: 2000 },
  );
});

test('a name below which nothing can match has no match below', () => {
  fc.assert(
    fc.property(patternLetters, letters, letters, (pattern, name, rest) => {
      const made = makeListPattern('', pattern.join(''));
      const below = `${name.join('')}/${rest.join('')}x`;
      if (made.matches(below)) assert.ok(made.mayMatchBelow(name.join('')));
    }),
    { numRuns: 2000 },
  );
});

test('no pattern makes it slow', () => {
  const pattern = makeListPattern('', '%a'.repeat(4000));
  const started = performance.now();
  assert.ok(!pattern.matches(`${'a'.repeat(250)}b`));
  assert.ok(performance.now() - started < 15_000);
});
