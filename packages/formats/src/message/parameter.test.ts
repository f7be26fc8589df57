import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { utf8 } from '../bytes.ts';
import type { Fault } from './fault.ts';
import { parameterPieces, writeParameterField } from './field-writer.ts';
import { readHead } from './head.ts';
import { parameterLimits } from './limits.ts';
import { readContentType, readParameters } from './parameter.ts';
import { SyntaxFault } from '../syntax-fault.ts';

function shown(value: string): [Record<string, string>, ...string[]] {
  const faults: Fault[] = [];
  const { parameters } = readParameters(value, faults);
  return [Object.fromEntries(parameters), ...faults.map((fault) => fault.code)];
}

const fields: readonly (readonly [string, readonly [Record<string, string>, ...string[]]])[] = [
  ['attachment', [{}]],
  ['attachment; filename=a.txt', [{ filename: 'a.txt' }]],
  ['attachment; FileName="a b.txt" ; size = 3 (octets)', [{ filename: 'a b.txt', size: '3' }]],
  ['x; a="q\\"uo\\\\te"', [{ a: 'q"uo\\te' }]],
  ["x; f*=utf-8''%e2%82%ac%20rates", [{ f: '€ rates' }]],
  ["x; f*=iso-8859-1'en'%A3", [{ f: '£' }]],
  ['x; f*0*=utf-8\'\'%E2%82; f*1*=%AC; f*2=" 100%25"', [{ f: '€ 100%25' }]],
  ['x; f*1=b; f*0=a', [{ f: 'ab' }]],
  ["x; f=old.txt; f*=utf-8''new.txt", [{ f: 'new.txt' }]],
  ['x; f="=?utf-8?B?4oKs?=.pdf"', [{ f: '€.pdf' }, 'parameter-encoded-word']],
  ['x; f*0="=?utf-8?B?4o"; f*1="Ks?="', [{ f: '€' }, 'parameter-encoded-word']],
  ['x; f=my file (1).doc; g=1', [{ f: 'my file (1).doc', g: '1' }, 'parameter-broken']],
  ['x; f=a g=b', [{ f: 'a', g: 'b' }, 'parameter-broken']],
  ['x; f="a" g="b"', [{ f: 'a', g: 'b' }]],
  ['x; f="a "b" c.txt"; g=1', [{ f: 'a "b" c.txt', g: '1' }, 'parameter-broken']],
  ['x; f="open; g=1', [{ f: 'open', g: '1' }, 'quote-not-closed']],
  ['x; f=a; f=b', [{ f: 'a' }, 'parameter-duplicate']],
  ['x; f*0=a; f*2=c', [{ f: 'a' }, 'parameter-gap']],
  ['x; f*1=b; f*2=c', [{ f: 'bc' }, 'parameter-gap']],
  ['x; =v; ; novalue; g=1', [{ g: '1' }, 'parameter-broken']],
  ['x; f*=nocharset%20x', [{ f: 'nocharset x' }, 'parameter-broken']],
  ['x; __proto__=1; constructor=2', [{ ['__proto__']: '1', constructor: '2' }]],
];

for (const [value, expected] of fields) {
  test(`reads ${value}`, () => assert.deepEqual(shown(value), expected));
}

test('content types: good, odd, unreadable', () => {
  const type = (value: string | null): string => readContentType(value, []).value;
  assert.equal(type('Text/HTML; charset=utf-8'), 'text/html');
  assert.equal(type(' text / plain '), 'text/plain');
  assert.equal(type(null), 'text/plain');
  for (const bad of ['', 'text', 'a/b/c', '/', 'text/', '; charset=utf-8']) {
    assert.equal(type(bad), 'text/plain', bad);
  }
  const missing = readContentType('text/html charset=utf-8', []);
  assert.deepEqual([missing.value, missing.parameters.get('charset')], ['text/html', 'utf-8']);
  assert.equal(readContentType('', [], 'message/rfc822').value, 'message/rfc822');
});

test('limits hold', () => {
  const many = Array.from({ length: parameterLimits.parametersMax + 5 }, (_, n) => `; a${n}=1`);
  assert.equal(
    readParameters(`x${many.join('')}`, []).parameters.size,
    parameterLimits.parametersMax,
  );
  const faults: Fault[] = [];
  const long = readParameters(
    `x; f="${'y'.repeat(parameterLimits.parameterLengthMax + 9)}"`,
    faults,
  );
  assert.equal(long.parameters.get('f')?.length, parameterLimits.parameterLengthMax);
  assert.equal(faults[0]?.code, 'parameter-too-long');
});

test('any file name reads back, from short lines of US-ASCII', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    fc.stringMatching(/^[ -~]{0,120}$/u),
  );
  fc.assert(
    fc.property(name, name, (filename, other) => {
      const field = writeParameterField('Content-Disposition', 'attachment', [
        ['filename', filename],
        ['x-other', other],
      ]);
      assert.match(field, /^(?:[ -~]{1,78}\r\n)+$/u);
      const faults: Fault[] = [];
      const value = readHead(utf8(field)).fields[0]!.value();
      const read = readParameters(value, faults);
      assert.deepEqual(Object.fromEntries(read.parameters), { filename, 'x-other': other });
      assert.deepEqual(faults, []);
    }),
    { numRuns: 1500 },
  );
});

test('the longest value that may be written can be read, in every script', () => {
  const max = parameterLimits.parameterLengthMax;
  for (const character of ['a', '"', '%', 'é', '日', '😀', '\0']) {
    const value = character.repeat(max / character.length);
    const faults: Fault[] = [];
    const field = parameterPieces('filename', value).join(';\r\n ');
    const read = readParameters(`attachment; ${field}`, faults);
    assert.equal(read.parameters.get('filename'), value);
    assert.deepEqual(faults, []);
    assert.throws(() => parameterPieces('filename', `${value}x`), SyntaxFault);
  }
});

test('the pieces of the docstring, and names that are none', () => {
  assert.deepEqual(parameterPieces('filename', 'Grün.pdf'), ["filename*=utf-8''Gr%C3%BCn.pdf"]);
  assert.throws(() => parameterPieces('a b', 'x'), SyntaxFault);
  assert.throws(() => parameterPieces('a*', 'x'), SyntaxFault);
});
