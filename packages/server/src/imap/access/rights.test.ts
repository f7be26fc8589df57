import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { permittedFlags, refuseWithout, rightsOfFlags } from './needs.ts';
import { allRights, changeRights, readRights, writeRights } from './rights.ts';

test('letters are read in any order, the old ones as what they stand for', () => {
  assert.equal(readRights('srl'), 'lrs');
  assert.equal(readRights('c'), 'kx');
  assert.equal(readRights('dd'), 'et');
  assert.equal(readRights('lrswipcda'), allRights);
  assert.equal(readRights(''), '');
  for (const letters of ['z', 'lr1', 'L', 'l r']) assert.equal(readRights(letters), null, letters);
});

test('rights are written in the order of RFC 4314, those of RFC 2086 behind', () => {
  assert.equal(writeRights(allRights), 'lrswipkxteacd');
  assert.equal(writeRights('lr'), 'lr');
  assert.equal(writeRights('k'), 'kc');
  assert.equal(writeRights('e'), 'ed');
  assert.equal(writeRights(''), '');
});

const someRights = fc.subarray(Array.from(allRights)).map((letters) => letters.join(''));

test('what is written reads back, once the old letters mean no more than is there', () => {
  fc.assert(
    fc.property(someRights, (rights) => {
      const isWhole = rights.includes('k') === rights.includes('x');
      fc.pre(isWhole && rights.includes('e') === rights.includes('t'));
      assert.equal(readRights(writeRights(rights)), rights);
    }),
  );
});

test('rights are set, added and taken away', () => {
  fc.assert(
    fc.property(someRights, someRights, (before, letters) => {
      assert.equal(changeRights(before, 'set', letters), letters);
      const added = changeRights(before, 'add', letters);
      assert.deepEqual(new Set(added), new Set(before + letters));
      assert.equal(added, Array.from(added).sort().join(''));
      const left = changeRights(before, 'remove', letters);
      assert.ok(Array.from(left).every((letter) => !letters.includes(letter)));
      assert.equal(changeRights(left, 'add', letters), added);
    }),
  );
});

test('a command is refused for the first right that is missing', () => {
  assert.equal(refuseWithout('select', 'named', 'lr'), null);
  assert.deepEqual(refuseWithout('select', 'named', 'l')?.code, { code: 'NOPERM' });
  assert.equal(refuseWithout('move', 'open', 'rt')?.text, 'You may not expunge there (e)');
  assert.equal(refuseWithout('move', 'named', 'i'), null);
  assert.equal(refuseWithout('noop', 'open', ''), null);
});

test('each flag asks for its right', () => {
  const flags = { system: ['seen', 'deleted', 'flagged'], keywords: ['$Junk'] } as const;
  assert.deepEqual(rightsOfFlags(flags).toSorted(), ['s', 't', 'w']);
  assert.deepEqual(permittedFlags('ls', flags), { system: ['seen'], keywords: [] });
  assert.deepEqual(permittedFlags('w', flags), { system: ['flagged'], keywords: ['$Junk'] });
  assert.deepEqual(permittedFlags(allRights, flags), flags);
});
