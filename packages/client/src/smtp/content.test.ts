import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { contentOf, NeedsScanner, scanContent, type ContentNeeds } from './content.ts';

const needsOf = (text: string) => scanContent(contentOf(Buffer.from(text, 'latin1')));

test('what a message needs of the server', async () => {
  const cases: [string, Partial<ContentNeeds>][] = [
    ['A: b\r\n\r\ntext\r\n', {}],
    ['A: b\r\n\r\nt\xe4xt\r\n', { eightBit: true }],
    ['A: \xc3\xa4\r\n\r\ntext\r\n', { eightBit: true, utf8Header: true }],
    ['A: b\r\n\r\na\nb', { binary: true }],
    ['A: b\r\n\r\na\rb', { binary: true }],
    ['A: b\r\n\r\na\r', { binary: true }],
    ['A: b\r\n\r\na\r\r\n', { binary: true }],
    ['', {}],
  ];
  for (const [text, expected] of cases) {
    const none = { eightBit: false, utf8Header: false, binary: false };
    assert.deepEqual(await needsOf(text), { ...none, ...expected }, JSON.stringify(text));
  }
});

test('any cutting into chunks gives the same answer', () => {
  const octet = fc.constantFrom(13, 10, 13, 10, 97, 0xe4, 46);
  fc.assert(
    fc.property(
      fc.array(octet, { maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      (given, step) => {
        const bytes = Uint8Array.from(given);
        const whole = new NeedsScanner();
        whole.push(bytes);
        const cut = new NeedsScanner();
        for (let at = 0; at < bytes.length; at += step) cut.push(bytes.subarray(at, at + step));
        assert.deepEqual(cut.end(), whole.end());
        const text = Buffer.from(bytes).toString('latin1');
        assert.equal(whole.end().binary, /\r(?!\n)|(?<!\r)\n/.test(text));
      },
    ),
  );
});
