import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclEntry } from './contract.ts';
import { anyone, effectiveRights } from './rights.ts';

const list = (...entries: readonly (readonly [string, string])[]): AclEntry[] =>
  entries.map(([identifier, rights]) => ({ identifier, rights }));

test('what is given to an account and to anyone adds up', () => {
  assert.equal(effectiveRights([{ identifier: 'anyone', rights: 'lr' }], 'ani@surat.test'), 'lr');
  const entries = list([anyone, 'lr'], ['ani@surat.test', 'wsr'], ['budi@surat.test', 'a']);
  assert.equal(effectiveRights(entries, 'ani@surat.test'), 'lrsw');
  assert.equal(effectiveRights(entries, 'tono@surat.test'), 'lr');
  assert.equal(effectiveRights([], 'ani@surat.test'), '');
});

test('what is taken away is gone, whoever gave it', () => {
  const entries = list([anyone, 'lrs'], ['-ani@surat.test', 's'], ['-anyone', 'r']);
  assert.equal(effectiveRights(entries, 'ani@surat.test'), 'l');
  assert.equal(effectiveRights(entries, 'budi@surat.test'), 'ls');
});
