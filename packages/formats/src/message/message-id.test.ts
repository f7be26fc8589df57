import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeIdField } from './field-writer.ts';
import { idLimits } from './limits.ts';
import { readIds } from './message-id.ts';

test('ids in brackets, with comments and phrases around them', () => {
  assert.deepEqual(readIds('<one@merpati.test> (seen) <two@surat.test>'), [
    'one@merpati.test',
    'two@surat.test',
  ]);
  assert.deepEqual(readIds('<a@b><c@d>'), ['a@b', 'c@d']);
  assert.deepEqual(readIds('Your message of "Monday" <a@b>'), ['a@b']);
  assert.deepEqual(readIds(''), []);
});

test('damaged ids', () => {
  assert.deepEqual(readIds('a@b, c@d (x)'), ['a@b', 'c@d']);
  assert.deepEqual(readIds('<a@b <c@d'), ['a@b', 'c@d']);
  assert.deepEqual(readIds('<a b@c>'), ['ab@c']);
  assert.deepEqual(readIds('<>'), []);
  assert.equal(readIds('<a@b>'.repeat(idLimits.idsMax + 5)).length, idLimits.idsMax);
});

test('ids are written folded, without those that cannot be', () => {
  const field = writeIdField('References', ['a@b', 'bad id', 'x>\r\ny', 'é@b'], { utf8: false });
  assert.equal(field, 'References: <a@b>\r\n');
  assert.equal(writeIdField('References', ['bad id'], { utf8: false }), '');
  const long = writeIdField(
    'References',
    Array.from({ length: 40 }, (_, n) => `${n}@surat.test`),
    {
      utf8: false,
    },
  );
  assert.ok(long.split('\r\n').every((line) => line.length <= 78));
  assert.equal(readIds(long).length, 40);
});
