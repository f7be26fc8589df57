import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../bytes.ts';
import { readHead } from './head.ts';
import { summaryLimits } from './limits.ts';
import { summarise } from './summary.ts';

const summaryOf = (text: string): ReturnType<typeof summarise> => summarise(readHead(utf8(text)));

test('a usual head', () => {
  const summary = summaryOf(
    'From: =?utf-8?Q?S=C3=ADti?= <siti@surat.test>\r\nTo: you@merpati.test, "D, J" <j@x.test>\r\n' +
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n dari sini\r\n' +
      'Date: Thu, 1 Jan 1970 00:00:01 +0000\r\n' +
      'Message-ID: <1@surat.test>\r\n\r\n',
  );
  assert.deepEqual(summary, {
    from: 'Síti <siti@surat.test>',
    to: 'you@merpati.test, D, J <j@x.test>',
    subject: 'Grüße dari sini',
    dateMs: 1000,
    messageId: '1@surat.test',
  });
});

test('nothing there, or nothing readable', () => {
  const empty = { from: '', to: '', subject: '', dateMs: null, messageId: null };
  assert.deepEqual(summaryOf('\r\n'), empty);
  assert.deepEqual(summaryOf('From: <>\r\nTo:\r\nDate: x\r\nMessage-ID: <>\r\n\r\n'), empty);
});

test('bounded, and one line whatever was encoded', () => {
  const to = Array.from({ length: 1000 }, (_, n) => `a${n}@b.test`).join(', ');
  const summary = summaryOf(
    `To: tim:;, ${to}\r\nSubject: =?utf-8?Q?a=0D=0A=00b?= ${'😀'.repeat(400)}\r\n\r\n`,
  );
  assert.ok(summary.to.startsWith('tim, a0@b.test, '));
  assert.ok(summary.to.length <= summaryLimits.textMax);
  assert.ok(summary.subject.startsWith('a b 😀'));
  assert.ok(summary.subject.length <= summaryLimits.textMax);
  assert.ok(summary.subject.isWellFormed());
});
