import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readDate, writeDate } from './date.ts';
import { SyntaxFault } from '../syntax-fault.ts';

const dates: readonly (readonly [written: string, iso: string | null, offsetMinutes?: number])[] = [
  ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z', -360],
  ['21 Nov 1997 09:55 +0700', '1997-11-21T02:55:00Z', 420],
  ['Fri, 21 Nov 1997 09:55:06 +0000 (GMT)', '1997-11-21T09:55:06Z', 0],
  ['Thu, 1 Jan 1970 00:00:00 -0000', '1970-01-01T00:00:00Z', 0],
  ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z'],
  ['Fri, 21 Nov 49 09:55:06 EST', '2049-11-21T14:55:06Z', -300],
  ['Fri, 21 Nov 103 09:55:06 PDT', '2003-11-21T16:55:06Z', -420],
  ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06Z'],
  ['Fri, 21 Nov 1997 09:55:06 A', '1997-11-21T09:55:06Z', 0],
  ['Fri Nov 21 09:55:06 1997', '1997-11-21T09:55:06Z'],
  ['Fri Nov 21 09:55:06 EST 1997', '1997-11-21T14:55:06Z'],
  ['1997-11-21T09:55:06Z', '1997-11-21T09:55:06Z'],
  ['2020-01-02 03:04:05.678 +07:00', '2020-01-01T20:04:05Z'],
  ['Fri, 21 November 1997 9.55.06 PM EST', '1997-11-22T02:55:06Z'],
  ['11/21/1997 12:55:06 AM', '1997-11-21T00:55:06Z'],
  ['Mo, 21 Okt 2005 10:00 MESZ', '2005-10-21T08:00:00Z', 120],
  ['Jum, 21 Agu 2020 10:00:00 WIB', '2020-08-21T03:00:00Z', 420],
  ['Fri, 21 Nov 1997 09:55:06 GMT+0100', '1997-11-21T08:55:06Z', 60],
  ['Fri, 21 Nov 1997 09:55:06', '1997-11-21T09:55:06Z', 0],
  ['Fri, 21 Nov 1997 23:59:60 +0000', '1997-11-22T00:00:00Z'],
  ['Fri, 21 Nov 1997 09:55:06 +9999', '1997-11-21T09:55:06Z', 0],
  ['Sat, 29 Feb 2020 00:00:00 +0000', '2020-02-29T00:00:00Z'],
  ['Sat, 29 Feb 2021 00:00:00 +0000', null],
  ['Mon, 31 Feb 2005 10:00:00 +0000', null],
  ['Fri, 21 Nov 1997 25:00:00 +0000', null],
  ['Fri, 21 Nov 1897 09:00:00 +0000', null],
  ['Fri, 21 Nov 1997', null],
  ['sometime', null],
  ['', null],
  ['1'.repeat(300), null],
];

for (const [written, iso, offset] of dates) {
  test(`reads ${written.slice(0, 60)}`, () => {
    const date = readDate(written);
    assert.equal(date?.ms ?? null, iso === null ? null : Date.parse(iso));
    if (offset !== undefined) assert.equal(date?.offsetMinutes, offset);
  });
}

test('every date that is written reads back', () => {
  const second = fc.integer({ min: -2_208_900_000, max: 253_402_200_000 });
  fc.assert(
    fc.property(second, fc.integer({ min: -720, max: 840 }), (seconds, offsetMinutes) => {
      const written = writeDate(seconds * 1000, offsetMinutes);
      assert.deepEqual(readDate(written), { ms: seconds * 1000, offsetMinutes });
    }),
  );
});

test('a date is written in the usual form', () => {
  assert.equal(writeDate(880127706000, -360), 'Fri, 21 Nov 1997 09:55:06 -0600');
  assert.equal(writeDate(999), 'Thu, 1 Jan 1970 00:00:00 +0000');
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1e14, 1e15]) {
    assert.throws(() => writeDate(bad), SyntaxFault);
  }
});
