import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkMailboxName } from '@merpati/formats/imap/mailbox-name.ts';
import { nameOfOther, parentOf, placeOf, superiorsOf } from './names.ts';

test('own names are as they are, those of others below Other Users', () => {
  assert.deepEqual(placeOf('Rapat/2026'), { kind: 'own', name: 'Rapat/2026' });
  assert.deepEqual(placeOf('Other Usersx/a'), { kind: 'own', name: 'Other Usersx/a' });
  for (const name of ['Other Users', 'Other Users/', 'Other Users/ani@surat.test']) {
    assert.deepEqual(placeOf(name), { kind: 'between' }, name);
  }
  assert.deepEqual(placeOf('Other Users/ani@surat.test/inbox/a'), {
    kind: 'other',
    address: 'ani@surat.test',
    name: 'INBOX/a',
  });
});

test('an address of any signs has a level that a mailbox can be called by', () => {
  assert.equal(nameOfOther('a/b%c=d@x.test', 'Sent'), 'Other Users/a=2Fb=25c=3Dd@x.test/Sent');
  const locals = fc.string({ unit: fc.constantFrom(...'a/%*=2F.é'.split('')), minLength: 1 });
  fc.assert(
    fc.property(locals, (local) => {
      const address = `${local}@surat.test`;
      const name = nameOfOther(address, 'Rapat/2026');
      checkMailboxName(name);
      assert.deepEqual(placeOf(name), { kind: 'other', address, name: 'Rapat/2026' });
    }),
  );
});

test('levels above', () => {
  assert.equal(parentOf('a'), null);
  assert.equal(parentOf('a/b/c'), 'a/b');
  assert.deepEqual(superiorsOf('a/b/c'), ['a', 'a/b']);
  assert.deepEqual(superiorsOf('a'), []);
});
