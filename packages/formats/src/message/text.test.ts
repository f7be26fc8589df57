import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { latin1, utf8 } from '../bytes.ts';
import { createMimeReader, readMime } from './mime.ts';
import { foldForSearch } from './text-fold.ts';
import { readHtmlText } from './text-html.ts';
import { foldHead, hasInField, TextGatherer, type MessageText } from './text.ts';

function textOf(message: string | Uint8Array, lengthMax?: number): MessageText {
  const gatherer = new TextGatherer(lengthMax);
  const bytes = typeof message === 'string' ? utf8(message) : message;
  const { root } = readMime(bytes, { onPart: (part) => gatherer.onPart(part) });
  return gatherer.finish(root);
}

test('case, composition and white space make no difference', () => {
  assert.equal(foldForSearch('Grüße'), foldForSearch('GRU\u0308ßE'));
  assert.equal(foldForSearch('ΣΊΣΥΦΟΣ'), foldForSearch('σίσυφος'));
  assert.equal(foldForSearch('a\r\n\t b\u00a0\u3000c'), 'A B C');
  assert.equal(foldForSearch('zu\u00adsam\u200bmen'), 'ZUSAMMEN');
  assert.equal(foldForSearch('ｶﾀｶﾅ Ａ'), foldForSearch('カタカナ A'));
  assert.ok(foldForSearch('José').includes(foldForSearch('jose')));
  assert.ok(!foldForSearch('Jose').includes(foldForSearch('josé')));
});

test('a part of a text is a part of its folded form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      assert.ok(foldForSearch(`x${a}${b}y`).includes(foldForSearch(b).trim()));
      assert.ok(!/[\r\n\t]/u.test(foldForSearch(a)));
    }),
  );
});

test('HTML is read as it is seen', () => {
  const { text, links } = readHtmlText(
    '<!DOCTYPE html><style>p { color: red }</style><p title="no">Apa <b>ka</b>bar?</p>' +
      '<!-- <p>hidden --><br>1 < 2 &amp; caf&eacute; &#x1F600;<img alt="a > b">' +
      `<script>if (a < b) alert('x')</script><a href="https://surat.test/?a=1&amp;b=2">di sini</a>`,
  );
  assert.equal(text.replace(/\s+/gu, ' ').trim(), 'Apa kabar? 1 < 2 & café 😀 a > b di sini');
  assert.deepEqual(links, ['https://surat.test/?a=1&b=2']);
});

test('no markup takes long', () => {
  for (const piece of ['<', '<a ', '<a href="', '<!--', '<script>', '&', "<a b='", '&#1', '</']) {
    const begin = performance.now();
    readHtmlText(piece.repeat(200_000));
    assert.ok(performance.now() - begin < 15_000, piece);
  }
});

const mixed = [
  'From: =?utf-8?Q?Siti_=C3=9Cnal?= <siti@surat.test>',
  'Subject: =?utf-8?B?UmFwYXQgYmVzb2s=?=',
  '\t=?utf-8?Q?_pagi?=',
  'Content-Type: multipart/mixed; boundary=x',
  '',
  'before',
  '--x',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  '> kata orang',
  'Selamat=20p=',
  'agi, M=FCller!',
  '--x',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('<p>Lihat <a href="https://surat.test/">ini</a></p>').toString('base64'),
  '--x',
  'Content-Type: application/pdf; name="laporan.pdf"',
  'Content-Transfer-Encoding: base64',
  '',
  'QUJD',
  '--x',
  'Content-Type: message/rfc822',
  '',
  'Subject: di dalam',
  '',
  'isi surat lama',
  '--x--',
  '',
].join('\r\n');

test('all texts of a message are gathered, and no others', () => {
  const { head, body, preview, isWhole } = textOf(mixed);
  assert.ok(hasInField(head, 'SUBJECT', 'BESOK PAGI'));
  assert.ok(hasInField(head, 'FROM', foldForSearch('siti ünal <SITI@')));
  assert.ok(!hasInField(head, 'FROM', 'RAPAT'));
  assert.ok(hasInField(head, 'SUBJECT', ''));
  assert.ok(!hasInField(head, 'CC', ''));
  assert.deepEqual(body.split('\n'), [
    foldForSearch('> kata orang Selamat pagi, Müller!'),
    ' LIHAT INI ',
    'HTTPS://SURAT.TEST/',
    'LAPORAN.PDF',
    'SUBJECT: DI DALAM',
    'ISI SURAT LAMA',
  ]);
  assert.equal(preview, 'Selamat pagi, Müller!');
  assert.ok(isWhole);
});

test('however the message is cut, the text is the same', () => {
  const bytes = utf8(mixed);
  const whole = textOf(bytes);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
      const gatherer = new TextGatherer();
      const reader = createMimeReader({ onPart: (part) => gatherer.onPart(part) });
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        reader.write(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(gatherer.finish(reader.end().root), whole);
    }),
    { numRuns: 50 },
  );
});

test('what is kept is bounded, and says so', () => {
  const long = `Subject: x\r\n\r\n${'kata '.repeat(1000)}`;
  const cut = textOf(long, 100);
  assert.equal(cut.body.length, 100);
  assert.ok(!cut.isWhole);
  assert.ok(textOf(long).isWhole);
  assert.equal(latin1(utf8(textOf(long).preview)).length, 200);
});

test('whatever the octets, there is a text without line ends but its own', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { head, preview } = textOf(bytes);
      assert.ok(head === '' || head.endsWith('\n'));
      assert.ok(!/[\r\n]/u.test(preview));
    }),
  );
});

test('an address with a comment in the middle of it is found as well', () => {
  const text = 'From: <rina (that is me)@ (here) surat.test>, budi@surat.test (Budi)\r\n\r\n';
  const { root } = readMime(utf8(text));
  const head = foldHead(root.head);
  for (const part of ['rina@surat.test', 'budi@surat.test', 'that is me', 'Budi']) {
    assert.ok(hasInField(head, foldForSearch('From'), foldForSearch(part)), part);
  }
});

test('what is kept of a long text does not depend on how it comes', () => {
  const bytes = utf8(`Content-Type: text/html\r\n\r\n${'<b>😀</b>'.repeat(5000)}`);
  const whole = textOf(bytes, 100);
  assert.ok(!whole.isWhole);
  for (const size of [1, 7, 1000]) {
    const gatherer = new TextGatherer(100);
    const reader = createMimeReader({ onPart: (part) => gatherer.onPart(part) });
    for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
    assert.deepEqual(gatherer.finish(reader.end().root), whole, `${size} octets at a time`);
  }
});
