/** Messages and criteria for tests of searches: several scripts, encodings, heads in many lines. */

import { encodeWords } from '@merpati/formats/message/encoded-word.ts';
import * as fc from 'fast-check';
import { flagBits } from '../contract.ts';
import { emailId, modSeq, uid } from '../ids.ts';
import type { Criterion, SortKey } from '../search.ts';
import { nowMs } from './fixtures.ts';

const words = [
  'rapat',
  'besok',
  'Selamat pagi',
  'menyelenggarakan',
  'keberatan',
  'café',
  'Grüße',
  'naïve',
  'straße',
  'İstanbul',
  'ΣΊΣΥΦΟΣ',
  '東京',
  '東京都の会議',
  '日本語',
  '한국어',
  'مرحبا',
  'بالعالم',
  'नमस्ते',
  '😀 ok',
  'ab',
  'a',
  'x-y_z',
  '100%',
  '"quoted"',
  "it's",
  'ﬁn',
  'Ａ１',
];
const word = fc.constantFrom(...words);
const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((some) => some.join(' '));

export interface TestMessage {
  readonly bytes: Uint8Array;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalDateMs: number;
}

const dates = [
  null,
  'Fri, 21 Nov 2026 23:30:00 -0700',
  'Sat, 22 Nov 2026 00:30:00 +0700',
  'Mon, 1 Jan 1990 00:00:00 +0000',
  'rubbish',
];

const head = fc.record({
  from: text,
  subject: text,
  cc: fc.option(text),
  date: fc.constantFrom(...dates),
  isFolded: fc.boolean(),
  isEncoded: fc.boolean(),
});

type Head = typeof head extends fc.Arbitrary<infer T> ? T : never;

function writeHead({ from, subject, cc, date, isFolded, isEncoded }: Head): string {
  const write = (value: string) => {
    if (isEncoded) return encodeWords(value).join('\r\n ');
    return isFolded ? value.replaceAll(' ', '\r\n\t') : value;
  };
  const lines = [`From: ${write(from.replaceAll('"', ''))} <siti@surat.test>`];
  lines.push(`Subject: ${write(subject)}`);
  if (cc !== null) lines.push(`CC: ${write(cc.replaceAll('"', ''))} <budi@surat.test>`);
  if (date !== null) lines.push(`Date: ${date}`);
  return `${lines.join('\r\n')}\r\n`;
}

const part = fc.record({
  text,
  kind: fc.constantFrom('plain', 'html', 'base64', 'latin1', 'file', 'message'),
});

function writePart({ text: content, kind }: { text: string; kind: string }): Buffer {
  const type = (value: string) => `Content-Type: ${value}\r\n`;
  switch (kind) {
    case 'html':
      return Buffer.from(
        `${type('text/html; charset=utf-8')}\r\n<p>${content}<br><b>${content}</b>` +
          '<a href="https://surat.test/x">y</a>\r\n',
      );
    case 'base64': {
      const octets = Buffer.from(content).toString('base64');
      const encoding = 'Content-Transfer-Encoding: base64\r\n';
      return Buffer.from(`${type('text/plain; charset=utf-8')}${encoding}\r\n${octets}\r\n`);
    }
    case 'latin1':
      return Buffer.from(`${type('text/plain; charset=iso-8859-1')}\r\n${content}\r\n`, 'latin1');
    case 'file':
      return Buffer.from(
        `${type('application/pdf')}Content-Disposition: attachment; ` +
          'filename="laporan.pdf"\r\n\r\nJVBER\r\n',
      );
    case 'message':
      return Buffer.from(`${type('message/rfc822')}\r\nSubject: lama\r\n\r\n${content}\r\n`);
    default:
      return Buffer.from(
        `${type('text/plain; charset=utf-8')}\r\n${content.replace(' ', '\r\n')}\r\n`,
      );
  }
}

const bytes = fc
  .record({ head, parts: fc.array(part, { minLength: 1, maxLength: 3 }) })
  .map(({ head: fields, parts }) => {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) {
      return Buffer.concat([Buffer.from(writeHead(fields)), writePart(first)]);
    }
    const pieces = parts.flatMap((each) => [Buffer.from('--=_b\r\n'), writePart(each)]);
    const type = 'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n';
    return Buffer.concat([
      Buffer.from(`${writeHead(fields)}${type}`),
      ...pieces,
      Buffer.from('--=_b--\r\n'),
    ]);
  });

const keyword = fc.constantFrom('$Forwarded', 'kerja', 'Kerja/1');

export const testMessage: fc.Arbitrary<TestMessage> = fc.record({
  bytes,
  flags: fc.integer({ min: 0, max: 31 }),
  keywords: fc.uniqueArray(keyword, { maxLength: 2 }),
  internalDateMs: fc.constantFrom(nowMs, nowMs - 86_400_000, nowMs + 40_000_000),
});

/** Parts of what messages hold, of one character and more, in other letters. */
const needle = fc
  .record({
    of: text,
    at: fc.nat(20),
    length: fc.integer({ min: 1, max: 9 }),
    form: fc.constantFrom('as it is', 'upper', 'lower', 'decomposed', 'spaced'),
  })
  .map(({ of, at, length, form }) => {
    const signs = Array.from(of);
    const start = at % signs.length;
    const some = signs.slice(start, start + length).join('');
    if (form === 'upper') return some.toUpperCase();
    if (form === 'lower') return some.toLowerCase();
    if (form === 'decomposed') return some.normalize('NFD');
    return form === 'spaced' ? some.replaceAll(' ', ' \r\n\t') : some;
  });

const day = Math.floor(nowMs / 86_400_000);

const leaf: fc.Arbitrary<Criterion> = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  fc.record({
    kind: fc.constant('flag' as const),
    flags: fc.constantFrom(flagBits.seen, flagBits.deleted, flagBits.flagged),
  }),
  fc.record({ kind: fc.constant('keyword' as const), keyword: fc.constantFrom('KERJA', '$other') }),
  fc.record({
    kind: fc.constant('uid' as const),
    ranges: fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 14 }), fc.nat(4))
        .map(([from, more]) => ({ from: uid(from), to: uid(from + more) })),
      { maxLength: 12 },
    ),
  }),
  fc.record({
    kind: fc.constant('size' as const),
    is: fc.constantFrom('larger' as const, 'smaller' as const),
    than: fc.integer({ min: 100, max: 700 }),
  }),
  fc.record({
    kind: fc.constant('day' as const),
    of: fc.constantFrom('internal' as const, 'sent' as const, 'saved' as const),
    is: fc.constantFrom('before' as const, 'on' as const, 'since' as const),
    day: fc.integer({ min: day - 2, max: day + 2 }),
  }),
  fc.record({
    kind: fc.constant('time' as const),
    is: fc.constantFrom('before' as const, 'since' as const),
    ms: fc.constantFrom(nowMs - 1, nowMs, nowMs + 1),
  }),
  fc.record({ kind: fc.constant('modseq' as const), from: fc.nat(20).map(modSeq) }),
  fc.record({ kind: fc.constant('email' as const), email: fc.nat(12).map(emailId) }),
  fc.record({
    kind: fc.constant('header' as const),
    name: fc.constantFrom('from', 'Subject', 'Cc', 'date', 'X'),
    text: fc.oneof(needle, fc.constant('')),
  }),
);

const textLeaf: fc.Arbitrary<Criterion> = fc.record({
  kind: fc.constantFrom('body' as const, 'text' as const),
  text: fc.oneof({ weight: 9, arbitrary: needle }, { weight: 1, arbitrary: fc.constant('') }),
});

export const testCriterion: fc.Arbitrary<Criterion> = fc.letrec<{ node: Criterion }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    textLeaf,
    textLeaf,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('node'), { maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('node') }),
  ),
})).node;

export const testOrder: fc.Arbitrary<readonly SortKey[]> = fc.array(
  fc.record({
    by: fc.constantFrom(
      'arrival' as const,
      'cc' as const,
      'date' as const,
      'displayfrom' as const,
      'displayto' as const,
      'from' as const,
      'size' as const,
      'subject' as const,
      'to' as const,
    ),
    reverse: fc.boolean(),
  }),
  { maxLength: 3 },
);
