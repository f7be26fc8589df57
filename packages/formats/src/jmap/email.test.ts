import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { property, string, integer, assert as holds } from 'fast-check';
import { utf8 } from '../bytes.ts';
import { readHead } from '../message/head.ts';
import { readMime } from '../message/mime.ts';
import {
  bodyPartOf,
  charsetOf,
  hasAttachment,
  languagesOf,
  sortParts,
  type BodyPart,
} from './body-part.ts';
import { bodyValue } from './body-value.ts';
import { readJmapDate, readUtcDate, writeJmapDate, writeUtcDate } from './date.ts';
import {
  allHeaders,
  headerProperties,
  readHeaderProperty,
  valueOfHeader,
} from './header-property.ts';

const code = (name: string) => ({ name: 'SyntaxFault', code: name });

describe('dates', () => {
  test('read', () => {
    assert.equal(readJmapDate('1970-01-01T00:00:00Z'), 0);
    assert.equal(readJmapDate('2014-10-30T14:12:00+08:00'), Date.UTC(2014, 9, 30, 6, 12));
    assert.equal(readUtcDate('2014-10-30T06:12:00.125Z'), Date.UTC(2014, 9, 30, 6, 12, 0, 125));
    assert.equal(readUtcDate('2014-10-30T14:12:00+08:00'), null);
    assert.equal(readJmapDate('0099-12-31T23:59:59Z'), Date.parse('0099-12-31T23:59:59Z'));
  });

  test('refused', () => {
    for (const text of [
      '2014-10-30t14:12:00z',
      '2014-10-30T06:12:00.000Z',
      '2014-10-30 06:12:00Z',
      '2014-02-30T06:12:00Z',
      '2014-13-01T06:12:00Z',
      '2014-10-30T24:00:00Z',
      '2014-10-30T06:12:00',
      '2014-10-30T06:12:00+24:00',
      ' 2014-10-30T06:12:00Z',
    ]) {
      assert.equal(readJmapDate(text), null, text);
    }
  });

  test('written', () => {
    assert.equal(writeUtcDate(1_000), '1970-01-01T00:00:01Z');
    assert.equal(writeUtcDate(1_120), '1970-01-01T00:00:01.12Z');
    assert.equal(writeJmapDate(0, 420), '1970-01-01T07:00:00+07:00');
    assert.equal(writeJmapDate(0, -210), '1969-12-31T20:30:00-03:30');
    const ms = integer({ min: 0, max: 4_000_000_000_000 });
    holds(property(ms, (at) => readUtcDate(writeUtcDate(at)) === at));
    holds(
      property(ms, integer({ min: -1439, max: 1439 }), (at, offset) => {
        return readJmapDate(writeJmapDate(at, offset)) === at;
      }),
    );
  });
});

describe('header fields as properties', () => {
  const head = readHead(
    utf8(
      [
        'From: =?utf-8?Q?S=C3=ADti?= <siti@surat.test>, tim: a@b.test, "Budi, B" <b@b.test>;',
        'To: x@y.test, z@y.test, none:;',
        'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
        ' aus Bonn',
        'Message-ID: <one@merpati.test>',
        'References: <a@b>  <c@d>',
        'In-Reply-To: what you said',
        'Date: Thu, 30 Oct 2014 14:12:00 +0800',
        'List-Post: <mailto:a@b.test>, (or) <http://b.test/',
        ' post>',
        'X-Twice: one',
        'X-Twice:  two ',
        '',
        '',
      ].join('\r\n'),
    ),
  );
  const value = (property: string) => valueOfHeader(head, readHeaderProperty(property));

  test('every form', () => {
    assert.equal(value('header:subject'), ' =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n aus Bonn');
    assert.equal(value('header:SUBJECT:asText'), 'Grüße aus Bonn');
    assert.deepEqual(value('header:From:asAddresses'), [
      { name: 'Síti', email: 'siti@surat.test' },
      { name: null, email: 'a@b.test' },
      { name: 'Budi, B', email: 'b@b.test' },
    ]);
    assert.deepEqual(value('header:To:asGroupedAddresses'), [
      {
        name: null,
        addresses: [
          { name: null, email: 'x@y.test' },
          { name: null, email: 'z@y.test' },
        ],
      },
      { name: 'none', addresses: [] },
    ]);
    assert.deepEqual(value('header:References:asMessageIds'), ['a@b', 'c@d']);
    assert.equal(value('header:In-Reply-To:asMessageIds'), null);
    assert.equal(value('header:Date:asDate'), '2014-10-30T14:12:00+08:00');
    assert.deepEqual(value('header:List-Post:asURLs'), ['mailto:a@b.test', 'http://b.test/post']);
    assert.equal(value('header:X-Twice'), '  two ');
    assert.deepEqual(value('header:X-Twice:asText:all'), ['one', 'two']);
    assert.equal(value('header:X-None'), null);
    assert.deepEqual(value('header:X-None:all'), []);
  });

  test('short names', () => {
    const short = (name: string) => valueOfHeader(head, headerProperties[name]!);
    assert.deepEqual(short('messageId'), ['one@merpati.test']);
    assert.equal(short('sentAt'), '2014-10-30T14:12:00+08:00');
    assert.equal(short('cc'), null);
    const [first] = allHeaders(head) as { name: string; value: string }[];
    assert.equal(first?.name, 'From');
  });

  test('refused', () => {
    for (const property of [
      'header:',
      'header:a b',
      'header:From:asText',
      'header:From:asDate',
      'header:Subject:asAddresses',
      'header:Received:asText',
      'header:X:raw',
      'header:X:asRaw:asText',
      'header:X:all:asText',
      'header:X:asNothing',
      'headers',
    ]) {
      assert.throws(() => readHeaderProperty(property), code('jmap.header'), property);
    }
  });
});

/** A tree of parts out of a short description: multipart/x(…), type, type!attachment, type=name. */
function message(tree: string): Uint8Array {
  let count = 0;
  const write = (text: string): string => {
    const many = /^multipart\/(\w+)\((.*)\)$/su.exec(text);
    if (many === null) {
      const [, type, disposition, name] = /^([\w/]+)(?:!(\w+))?(?:=(.*))?$/u.exec(text) ?? [];
      const fields = [`Content-Type: ${type}${name === undefined ? '' : `; name=${name}`}`];
      if (disposition !== undefined) fields.push(`Content-Disposition: ${disposition}`);
      return `${fields.join('\r\n')}\r\n\r\nx`;
    }
    const boundary = `b${(count += 1)}`;
    const parts = split(many[2] ?? '').map((part) => `--${boundary}\r\n${write(part)}\r\n`);
    const type = `Content-Type: multipart/${many[1]}; boundary=${boundary}`;
    return `${type}\r\n\r\n${parts.join('')}--${boundary}--`;
  };
  return utf8(write(tree));
}

function split(text: string): string[] {
  const pieces = [''];
  let depth = 0;
  for (const sign of text) {
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (sign === ',' && depth === 0) pieces.push('');
    else pieces[pieces.length - 1] += sign;
  }
  return pieces;
}

describe('which part is what', () => {
  const names = (parts: readonly BodyPart[]) => parts.map(({ partId }) => partId).join(' ');
  const sorted = (tree: string) => {
    const lists = sortParts(bodyPartOf(readMime(message(tree)).root));
    const { text, html, attachments } = lists;
    return [names(text), names(html), names(attachments), hasAttachment(lists)];
  };

  const cases: readonly (readonly [tree: string, ...wanted: (string | boolean)[]])[] = [
    ['text/plain', '1', '1', '', false],
    ['text/html', '1', '1', '', false],
    ['application/pdf', '', '', '1', true],
    ['image/png', '1', '1', '', false],
    ['multipart/alternative(text/plain,text/html)', '1', '2', '', false],
    ['multipart/alternative(text/plain,text/html,text/calendar)', '1', '2', '3', true],
    ['multipart/alternative(text/html)', '1', '1', '', false],
    ['multipart/mixed(text/plain,image/png,text/plain)', '1 2 3', '1 2 3', '', false],
    ['multipart/mixed(text/plain,text/plain=a.txt)', '1', '1', '2', true],
    ['multipart/mixed(text/plain=a.txt,text/html)', '1 2', '1 2', '', false],
    ['multipart/mixed(text/plain,image/png!attachment)', '1', '1', '2', true],
    ['multipart/related(text/html,image/png!inline)', '1', '1', '2', false],
    [
      'multipart/alternative(text/plain,multipart/related(text/html,image/png!inline))',
      '1',
      '2.1',
      '2.2',
      false,
    ],
    [
      'multipart/alternative(text/plain,multipart/mixed(text/html,image/png,text/html))',
      '1',
      '2.1 2.2 2.3',
      '2.2',
      true,
    ],
    ['multipart/mixed(message/rfc822,text/plain)', '2', '2', '1', true],
    // The example of RFC 8621 §4.1.4.
    [
      'multipart/mixed(text/plain,multipart/mixed(multipart/alternative(multipart/mixed(' +
        'text/plain,image/jpeg,text/plain),multipart/related(text/html,image/jpeg)),' +
        'image/jpeg!attachment,application/x,message/rfc822),text/plain)',
      '1 2.1.1.1 2.1.1.2 2.1.1.3 3',
      '1 2.1.2.1 3',
      '2.1.1.2 2.1.2.2 2.2 2.3 2.4',
      true,
    ],
  ];
  for (const [tree, ...wanted] of cases) {
    test(tree, () => assert.deepEqual(sorted(tree), wanted));
  }

  test('what a part says of itself', () => {
    const bytes = utf8(
      'Content-Type: text/plain; charset=iso-8859-1; name=x\r\nContent-Language: id, en\r\n\r\n',
    );
    const part = bodyPartOf(readMime(bytes).root);
    assert.equal(charsetOf(part), 'iso-8859-1');
    assert.deepEqual(languagesOf(part), ['id', 'en']);
    assert.equal(part.name, 'x');
    const bare = bodyPartOf(readMime(utf8('\r\nx')).root);
    assert.deepEqual([charsetOf(bare), languagesOf(bare)], ['us-ascii', null]);
  });
});

describe('texts', () => {
  const cut = (text: string, bytesMax: number, isHtml = false) =>
    bodyValue(text, { isHtml, bytesMax, hasFaults: false }).value;

  test('line ends, and whole characters', () => {
    const whole = { value: 'a\nb', isEncodingProblem: true, isTruncated: false };
    assert.deepEqual(bodyValue('a\r\nb', { isHtml: false, bytesMax: 0, hasFaults: true }), whole);
    assert.equal(cut('aé', 2), 'a');
    assert.equal(cut('😀😀', 7), '😀');
    assert.equal(cut('abc', 3), 'abc');
    const about = { isHtml: false, bytesMax: 2, hasFaults: false };
    assert.equal(bodyValue('abc', about).isTruncated, true);
    holds(
      property(string({ unit: 'grapheme' }), integer({ min: 1, max: 20 }), (text, bytesMax) => {
        const value = cut(text, bytesMax);
        return utf8(value).length <= bytesMax && text.startsWith(value) && value.isWellFormed();
      }),
    );
  });

  test('no half tags', () => {
    assert.equal(cut('<p>Hai</p>', 8, true), '<p>Hai');
    assert.equal(cut('a &amp; b', 5, true), 'a ');
    assert.equal(cut('a &amp; b', 7, true), 'a &amp;');
    assert.equal(cut('<p>Hai</p>', 8), '<p>Hai</');
  });
});
