import assert from 'node:assert/strict';
import test from 'node:test';
import { clean, cleanLines, createPaint, cut, pad, wantsColour, width, wrap } from './screen.ts';

test('what strangers wrote cannot steer the terminal', () => {
  assert.equal(clean('a\u001b]0;pwned\u0007b'), 'a\ufffd]0;pwned\ufffdb');
  assert.equal(clean('line\r\nline\tx'), 'line line x');
  assert.equal(clean('exe\u202efdp.txt'), 'exe\ufffdfdp.txt');
  assert.equal(clean('\u009b31m'), '\ufffd31m');
  assert.equal(cleanLines('a\r\nb\tc\u0000\nd'), 'a\nb\tc\ufffd\nd');
});

test('columns: wide letters, pictures, combining marks, colours', () => {
  assert.equal(width('abc'), 3);
  assert.equal(width('日本'), 4);
  assert.equal(width('📎 x'), 4);
  assert.equal(width('e\u0301'), 1);
  assert.equal(width(createPaint(true).bold('abc')), 3);
  assert.equal(cut('日本語', 5), '日本…');
  assert.equal(cut('abc', 3), 'abc');
  assert.equal(cut('abcd', 3), 'ab…');
  assert.equal(pad('é', 3, 'left'), '  é');
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('averylongaddress@contoh.id x', 5), ['averylongaddress@contoh.id', 'x']);
});

test('colours: for terminals, unless told otherwise', () => {
  assert.equal(wantsColour({}, true), true);
  assert.equal(wantsColour({}, false), false);
  assert.equal(wantsColour({ NO_COLOR: '1' }, true), false);
  assert.equal(wantsColour({ NO_COLOR: '' }, true), true);
  assert.equal(wantsColour({ CLICOLOR_FORCE: '1' }, false), true);
  assert.equal(wantsColour({ CLICOLOR_FORCE: '1', NO_COLOR: '1' }, true), false);
  assert.equal(wantsColour({ TERM: 'dumb' }, true), false);
});
