import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { concat, latin1 } from '../bytes.ts';
import { DotStuffer, DotUnstuffer, TopCutter } from './multiline.ts';

const octets = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
/** Mostly the octets that matter. */
const hostile = fc
  .array(fc.constantFrom('.', '.', '\r', '\n', '\r\n', '\r\n', 'a', 'bc'), { maxLength: 60 })
  .map((parts) => parts.join(''));
const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 });

function chunks(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    out.push(bytes.subarray(at, at + size));
    at += size;
  }
  return out;
}

function stuff(text: string, sizes: readonly number[]): string {
  const stuffer = new DotStuffer();
  const pieces = chunks(octets(text), sizes).map((chunk) => stuffer.push(chunk));
  return latin1(concat([...pieces, stuffer.end()]));
}

/** What the RFC says, and the quirk, as plainly as can be. */
function stuffNaively(text: string): string {
  const closed = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
  const strict = closed.replace(/(^|\r\n)\./g, '$1..');
  const both = strict.replace(/((?:(?<!\r)\n|\n\r|^\r)\.)(?=[\r\n])/g, '$1.');
  return `${both}.\r\n`;
}

test('stuffing is what RFC 1939 §3 says, whatever the chunks', () => {
  assert.equal(stuff('a\r\n.b\r\n.\r\n', [100]), 'a\r\n..b\r\n..\r\n.\r\n');
  assert.equal(stuff('.', [1]), '..\r\n.\r\n');
  assert.equal(stuff('', [1]), '.\r\n');
  assert.equal(stuff('a', [1]), 'a\r\n.\r\n');
  assert.equal(stuff('a\r\n', [2]), 'a\r\n.\r\n');
  assert.equal(stuff('a\n.b', [2]), 'a\n.b\r\n.\r\n');
  fc.assert(
    fc.property(hostile, cuts, (text, sizes) => {
      assert.equal(stuff(text, sizes), stuffNaively(text));
    }),
    { numRuns: 3000 },
  );
});

test('no message can end its own reply, for strict and for lenient readers', () => {
  fc.assert(
    fc.property(hostile, cuts, (text, sizes) => {
      const wire = stuff(text, sizes).slice(0, -3);
      // poplib's idea of a line: up to LF, one CR in front or behind stripped.
      for (const line of wire.split('\n')) {
        const bare = line.endsWith('\r') ? line.slice(0, -1) : line.replace(/^\r/, '');
        assert.notEqual(bare, '.');
      }
      assert.ok(!`\r\n${wire}`.includes('\r\n.\r\n'));
    }),
    { numRuns: 3000 },
  );
});

test('unstuffing gives the message back, whatever the chunks', () => {
  fc.assert(
    fc.property(hostile, cuts, cuts, (text, sizes, otherSizes) => {
      const wire = stuff(text, sizes);
      const unstuffer = new DotUnstuffer();
      const out: string[] = [];
      const rest = [...chunks(octets(`${wire}+OK`), otherSizes)];
      for (let chunk = rest.shift(); chunk !== undefined; chunk = rest.shift()) {
        const { content, consumed, done } = unstuffer.push(chunk);
        out.push(latin1(content));
        if (done) {
          assert.equal(latin1(concat([chunk.subarray(consumed), ...rest])), '+OK');
          break;
        }
      }
      const closed = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
      const expected = closed.replace(/((?:(?<!\r)\n|\n\r|^\r)\.)(?=[\r\n])/g, '$1.');
      assert.equal(out.join(''), expected);
    }),
    { numRuns: 3000 },
  );
});

function top(text: string, lines: number, sizes: readonly number[]): string {
  const cutter = new TopCutter(lines);
  const out: string[] = [];
  for (const chunk of chunks(octets(text), sizes)) {
    out.push(latin1(cutter.push(chunk)));
    if (cutter.done) break;
  }
  return out.join('');
}

test('TOP: the header, the blank line, and so many lines. RFC 1939 §7', () => {
  const message = 'A: b\r\nC: d\r\n\r\n1\r\n\r\n3\r\n';
  assert.equal(top(message, 0, [100]), 'A: b\r\nC: d\r\n\r\n');
  assert.equal(top(message, 1, [1]), 'A: b\r\nC: d\r\n\r\n1\r\n');
  assert.equal(top(message, 2, [3]), 'A: b\r\nC: d\r\n\r\n1\r\n\r\n');
  assert.equal(top(message, 3, [5]), message);
  assert.equal(top(message, 99, [5]), message);
  assert.equal(top('A: b\r\n', 0, [2]), 'A: b\r\n');
  assert.equal(top('\r\nbody\r\n', 0, [1]), '\r\n');
  assert.equal(top('A: b\n\nx\ny\n', 1, [2]), 'A: b\n\nx\n');
});

test('TOP does not depend on the chunks and never shows more than asked', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 0, max: 5 }), cuts, (text, lines, sizes) => {
      const shown = top(text, lines, sizes);
      const parts = text.split(/(?<=\n)/);
      const blank = parts.findIndex((line) => line === '\n' || line === '\r\n');
      const expected = blank < 0 ? parts : parts.slice(0, blank + 1 + lines);
      assert.equal(shown, expected.join(''));
    }),
    { numRuns: 3000 },
  );
});
