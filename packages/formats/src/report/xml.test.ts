import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { escapeXml, localName, XmlReader } from './xml.ts';

/** The document as a list of what was heard; text that came in pieces is put together. */
function read(...chunks: string[]): string[] {
  const heard: string[] = [];
  const reader = new XmlReader({
    open: (name, attributes) =>
      heard.push(
        [`<${name}`, ...[...attributes].map(([key, value]) => `${key}=${value}`)].join(' '),
      ),
    text: (text) => {
      if (heard.at(-1)?.startsWith('"') === true) heard[heard.length - 1] += text;
      else heard.push(`"${text}`);
    },
    close: (name) => heard.push(`/${name}`),
  });
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
  return heard;
}

function code(...chunks: string[]): string {
  try {
    read(...chunks);
    return 'read';
  } catch (error) {
    assert.ok(error instanceof SyntaxFault, String(error));
    return error.code;
  }
}

const document = `\ufeff<?xml version="1.0" encoding="UTF-8"?>
<!-- a > b --><a:feed xmlns:a='x>y' id="1&amp;2"><b/>t&lt;<![CDATA[<&>]]>&#x41;&#66;</a:feed>
`;

describe('what reports need', () => {
  test('elements, attributes, text, references, sections', () => {
    assert.deepEqual(read(document), [
      '<a:feed xmlns:a=x>y id=1&2',
      '<b',
      '/b',
      '"t<<&>AB',
      '/a:feed',
    ]);
    assert.equal(localName('a:feed'), 'feed');
  });
  test('any cuts give the same', () => {
    const whole = read(document);
    assert.deepEqual(read(...document.split('')), whole);
    fc.assert(
      fc.property(fc.array(fc.nat(document.length), { maxLength: 6 }), (places) => {
        const cuts = [0, ...places.toSorted((a, b) => a - b), document.length];
        const chunks = cuts.slice(1).map((end, index) => document.slice(cuts[index], end));
        assert.deepEqual(read(...chunks), whole);
      }),
    );
  });
  test('what is escaped comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [, heard = '"', last] = read(`<a>${escapeXml(text)}</a>`);
        if (last !== undefined) assert.equal(escapeXml(heard.slice(1)), escapeXml(text));
      }),
    );
  });
});

describe('what strangers send', () => {
  const cases: [what: string, document: string, expected: string][] = [
    [
      'a billion laughs',
      '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
      'xml.doctype',
    ],
    [
      'a file of ours',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
      'xml.doctype',
    ],
    ['an entity nobody declared', '<a>&laughs;</a>', 'xml.entity'],
    ['a name of Object', '<a>&constructor;</a>', 'xml.entity'],
    ['a lone ampersand', '<a>&</a>', 'xml.entity'],
    ['a character that is none', '<a>&#0;</a>', 'xml.entity'],
    ['half a character', '<a>&#xd800;</a>', 'xml.entity'],
    ['a control character', '<a>\u0001</a>', 'xml.character'],
    ['very deep', '<a>'.repeat(100_000), 'xml.too-deep'],
    ['a very long name', `<${'a'.repeat(1000)}/>`, 'xml.name'],
    ['a tag without end', `<a ${'b'.repeat(100_000)}`, 'xml.too-long'],
    ['a comment without end', `<!--${'-'.repeat(100_000)}`, 'xml.too-long'],
    ['text without end', `<a>${'b'.repeat(100_000)}`, 'xml.too-long'],
    [
      'many attributes',
      `<a ${Array.from({ length: 99 }, (_, i) => `b${i}=""`).join(' ')}/>`,
      'xml.attribute',
    ],
    ['an attribute twice', '<a b="" b=""/>', 'xml.attribute'],
    ['an attribute without quotes', '<a b=c/>', 'xml.attribute'],
    ['two documents', '<a/><b/>', 'xml.two-roots'],
    ['text around it', '<a/>b', 'xml.stray'],
    ['crossed tags', '<a><b></a></b>', 'xml.unbalanced'],
    ['cut off', '<a><b>', 'xml.cut'],
    ['nothing', ' ', 'xml.empty'],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => {
      assert.equal(code(given), expected);
      assert.equal(code(...(given.match(/[^]{1,7}/g) ?? [])), expected, 'in pieces');
    });
  }
  test('anything at all ends in a value or a SyntaxFault', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      '"',
      "'",
      '&',
      ';',
      '!',
      '--',
      '[CDATA[',
      ']]',
      '?',
      '=',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), (pieces) => {
        const whole = code(pieces.join(''));
        assert.equal(code(...pieces), whole);
      }),
      { numRuns: 1000 },
    );
  });
});
