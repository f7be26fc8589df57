/**
 * The dot machine in both directions, and what smugglers try. RFC 5321 §4.5.2, §2.3.8; RFC 3030 §3.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { concat, latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { DotReader, DotWriter, NewlineCheck } from './dot.ts';

interface Read {
  text: string;
  taken: number;
  isDone: boolean;
  fault: string | null;
}

function read(...chunks: string[]): Read {
  const reader = new DotReader();
  const pieces: Uint8Array[] = [];
  let taken = 0;
  for (const chunk of chunks) {
    if (reader.isDone || reader.fault !== null) break;
    taken += reader.push(utf8(chunk), (piece) => pieces.push(piece));
  }
  return { text: latin1(concat(pieces)), taken, isDone: reader.isDone, fault: reader.fault };
}

/** What others take for the end of a message; nothing but CRLF.CRLF is one. */
const smugglingSequences = [
  '\n.\n',
  '\n.\r\n',
  '\n.\r',
  '\r.\r',
  '\r.\n',
  '\r.\r\n',
  '\r\n.\n',
  '\r\n.\r',
  '\r\n.\0\r\n',
  '\r\n\0.\r\n',
  '\r\r\n.\r\r\n',
  '\r\n.\r\r\n',
];

describe('DotReader', () => {
  test('ends at CRLF.CRLF and leaves the rest', () => {
    const got = read('a\r\nb\r\n.\r\nQUIT\r\n');
    assert.deepEqual(got, { text: 'a\r\nb\r\n', taken: 9, isDone: true, fault: null });
  });

  test('an empty message is the dot alone', () => {
    assert.deepEqual(read('.\r\n'), { text: '', taken: 3, isDone: true, fault: null });
  });

  test('takes stuffed dots out', () => {
    assert.equal(read('..\r\n...a\r\n.b\r\n.\r\n').text, '.\r\n..a\r\nb\r\n');
  });

  for (const sequence of smugglingSequences) {
    test(`${JSON.stringify(sequence)} ends nothing`, () => {
      const got = read(`Subject: a\r\n\r\ntext${sequence}MAIL FROM:<evil@example.org>\r\n`);
      assert.equal(got.isDone, false);
      // A NUL is an octet like others; every other sequence is a fault.
      if (!sequence.includes('\0')) assert.match(got.fault ?? '', /^bare-(?:cr|lf)$/);
    });
  }

  test('any cutting of the same octets gives the same reading', () => {
    const octets = fc.string({
      unit: fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(octets, fc.array(fc.nat(10)), (text, lengths) => {
        const chunks: string[] = [];
        let rest = text;
        for (const length of lengths) {
          chunks.push(rest.slice(0, length));
          rest = rest.slice(length);
        }
        const [cut, whole] = [read(...chunks, rest), read(text)];
        // After a fault nothing of the message is used.
        if (whole.fault === null) assert.deepEqual(cut, whole);
        else assert.equal(cut.fault, whole.fault);
      }),
      { numRuns: 2000 },
    );
  });

  test('agrees with a naive model', () => {
    const octets = fc.string({
      unit: fc.constantFrom('\r\n', '.', 'a', '\r\n.', '\r', '\n'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(octets, (text) => {
        const whole = `\r\n${text}`;
        const end = whole.indexOf('\r\n.\r\n');
        const upTo = end < 0 ? whole : whole.slice(0, end + 2);
        const isBare = /\r(?!\n)|(?<!\r)\n/.test(end < 0 ? whole.replace(/\r$/, '') : upTo);
        const got = read(text);
        if (isBare) assert.notEqual(got.fault, null);
        else if (end >= 0) assert.equal(got.text, upTo.replace(/\r\n\./g, '\r\n').slice(2));
        assert.equal(got.isDone, end >= 0 && !isBare);
      }),
      { numRuns: 3000 },
    );
  });
});

function write(...chunks: string[]): string {
  const writer = new DotWriter();
  const pieces = chunks.flatMap((chunk) => writer.write(utf8(chunk)));
  return latin1(concat([...pieces, writer.end()]));
}

describe('DotWriter', () => {
  test('stuffs dots at line starts only', () => {
    assert.equal(write('.a\r\nb.\r\n..\r\n'), '..a\r\nb.\r\n...\r\n.\r\n');
  });

  test('ends a last line that has no CRLF', () => {
    assert.equal(write('a'), 'a\r\n.\r\n');
    assert.equal(write(''), '.\r\n');
  });

  for (const sequence of smugglingSequences.filter((one) => !one.includes('\0'))) {
    test(`${JSON.stringify(sequence)} does not go out`, () => {
      assert.throws(() => write(`text${sequence}MAIL`), SyntaxFault);
    });
  }

  test('what is written is read again, however it is cut', () => {
    const lines = fc.array(fc.string({ unit: fc.constantFrom('.', 'a', '\0', '€'), maxLength: 5 }));
    fc.assert(
      fc.property(lines, fc.nat(20), (all, cut) => {
        const text = all.map((line) => `${line}\r\n`).join('');
        const wire = write(text.slice(0, cut), text.slice(cut));
        const reader = new DotReader();
        const pieces: Uint8Array[] = [];
        const octets = Uint8Array.from(wire, (sign) => sign.charCodeAt(0));
        assert.equal(
          reader.push(octets, (piece) => pieces.push(piece)),
          octets.length,
        );
        assert.equal(reader.isDone, true);
        assert.deepEqual(concat(pieces), utf8(text));
      }),
    );
  });
});

describe('NewlineCheck', () => {
  test('knows CRLF from all else, across chunks', () => {
    const check = (...chunks: string[]): boolean => {
      const newlines = new NewlineCheck();
      for (const chunk of chunks) newlines.push(utf8(chunk));
      return newlines.end();
    };
    assert.equal(check('a\r', '\nb\r\n'), true);
    assert.equal(check('a\r', 'b'), false);
    assert.equal(check('a\n'), false);
    assert.equal(check('a\r'), false);
    assert.equal(check('\n'), false);
    assert.equal(check(''), true);
  });
});
