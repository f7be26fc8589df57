import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readBaseSubject } from './base-subject.ts';

const base = (subject: string): string => readBaseSubject(subject).text;

test('what RFC 5256 §2.1 takes away', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['hello', 'hello'],
    ['  hello \t world\r\n again ', 'hello world again'],
    ['Re: hello', 'hello'],
    ['RE:hello', 'hello'],
    ['re : hello', 'hello'],
    ['Fw: hello', 'hello'],
    ['FWD: hello', 'hello'],
    ['Re[2]: hello', 'hello'],
    ['Re [2] : hello', 'hello'],
    ['Re: Re: FWD: re: hello', 'hello'],
    ['[list] hello', 'hello'],
    ['[list] Re: hello', 'hello'],
    ['Re: [list] [sub] Re: [other] hello', 'hello'],
    ['hello (fwd)', 'hello'],
    ['hello (FWD) (fwd) ', 'hello'],
    ['[fwd: hello]', 'hello'],
    ['[Fwd: [Fwd: Re: hello (fwd)]]', 'hello'],
    ['Re: [fwd: [list] hello] (fwd)', 'hello'],
    // The last blob is the subject when nothing else would be left.
    ['[list]', '[list]'],
    ['[a] [b]', '[b]'],
    ['Re: [list]', '[list]'],
    // Not of the grammar.
    ['Re hello', 'Re hello'],
    ['Rel: hello', 'Rel: hello'],
    ['Fwdd: hello', 'Fwdd: hello'],
    ['[a[b]] hello', '[a[b]] hello'],
    ['[fwd: hello', '[fwd: hello'],
    ['AW: hello', 'AW: hello'],
    ['hello Re: x', 'hello Re: x'],
    ['Re: ', ''],
    ['(fwd)', ''],
    ['[fwd:]', ''],
    ['', ''],
    ['   ', ''],
  ];
  for (const [subject, expected] of cases) assert.equal(base(subject), expected, subject);
});

test('a reply or a forward is what lost a mark of one', () => {
  for (const subject of ['Re: x', 'x (fwd)', '[fwd: x]', '[list] Re: x', 'Re:']) {
    assert.equal(readBaseSubject(subject).isReplyOrForward, true, subject);
  }
  for (const subject of ['x', '[list] x', 'Rex: y', '', 'fwd x']) {
    assert.equal(readBaseSubject(subject).isReplyOrForward, false, subject);
  }
});

const pieces = fc.constantFrom(
  ...[
    'Re:',
    'Re',
    're [1]:',
    'Fwd:',
    '[fwd:',
    '[list]',
    '[',
    ']',
    '(fwd)',
    ' ',
    '\t',
    'x',
    'é',
    ':',
  ],
);
const subjects = fc.array(pieces, { maxLength: 12 }).map((all) => all.join(''));

test('a base subject is a base subject', () => {
  fc.assert(
    fc.property(subjects, (subject) => {
      const { text } = readBaseSubject(subject);
      assert.equal(base(text), text);
      assert.equal(readBaseSubject(text).isReplyOrForward, false);
    }),
  );
});

test('marks of replies do not change a base subject', () => {
  fc.assert(
    fc.property(subjects, fc.constantFrom('Re: ', 'Fwd:', 'RE : Re[3]:'), (subject, mark) => {
      assert.equal(base(mark + subject), base(subject));
      assert.equal(base(`${subject} (fwd)`), base(subject));
    }),
  );
});

test('long rows of marks take one pass', () => {
  const many = 50_000;
  for (const piece of ['[a]', 'Re: ', '[fwd:', '(fwd)', '[', '[a] Re', ']', '[fwd: [a] ']) {
    const subject = piece.repeat(many);
    const startMs = performance.now();
    base(subject);
    base(`${subject}x${']'.repeat(many)}`);
    assert.ok(performance.now() - startMs < 15_000, piece);
  }
});
