import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { readDsn } from './dsn-read.ts';
import { probeDsn, probeHeaderParse, probeMimeCompose, probeMimeParse } from './probe.ts';

const base64 = (text: string): string => encodeBase64(utf8(text));
const context = { nowMs: 1_700_000_000_000, seed: 'probe1' };

test('mime-parse', () => {
  const message = base64(
    'From: Siti <siti@surat.test>\r\nSubject: x\r\nDate: Thu, 1 Jan 1970 00:00:01 +0000\r\n' +
      'Content-Type: image/png; name=a.png\r\nContent-ID: <c@d>\r\n' +
      'Content-Disposition: inline\r\n' +
      'Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n',
  );
  const read = probeMimeParse({ message });
  assert.deepEqual(read.headers.from, [{ name: 'Siti', email: 'siti@surat.test' }]);
  assert.equal(read.headers.date, '1970-01-01T00:00:01Z');
  assert.deepEqual(read.body, {
    type: 'image/png',
    name: 'a.png',
    disposition: 'inline',
    cid: 'c@d',
    size: 3,
    base64: 'AAEC',
  });
  assert.deepEqual(read.faults, []);
});

test('header-parse', () => {
  const parse = (kind: string, value: string): unknown =>
    probeHeaderParse({ kind, value: base64(value) });
  assert.deepEqual(parse('address', 'tim: A\r\n <a@b.test>;, c@d.test'), {
    addresses: [
      { name: 'A', address: 'a@b.test', group: 'tim' },
      { name: null, address: 'c@d.test' },
    ],
    faults: [],
  });
  assert.deepEqual(parse('content-type', 'Text/Plain; charset=utf-8'), {
    type: 'text/plain',
    params: { charset: 'utf-8' },
    faults: [],
  });
  assert.deepEqual(parse('date', 'Fri, 21 Nov 1997 09:55:06 -0600'), {
    date: '1997-11-21T15:55:06Z',
    faults: [],
  });
  assert.deepEqual(parse('date', 'x'), { date: null, faults: ['date-broken'] });
  assert.deepEqual(parse('message-id', '<a@b> <c@d>'), { ids: ['a@b', 'c@d'], faults: [] });
  assert.deepEqual(parse('text', '=?utf-8?Q?=C3=A9?='), { text: 'é', faults: [] });
  assert.throws(() => parse('other', ''), SyntaxFault);
  assert.throws(() => probeHeaderParse({ kind: 'text', value: '***' }), SyntaxFault);
  assert.throws(() => probeHeaderParse({ kind: 'text' }), SyntaxFault);
});

test('mime-compose takes what JMAP describes', () => {
  const { message } = probeMimeCompose(
    {
      from: [{ name: 'Siti', email: 'siti@surat.test' }],
      to: [{ name: null, email: 'you@merpati.test' }],
      subject: 'é',
      sentAt: '1970-01-01T00:00:01Z',
      messageId: ['m@x'],
      textBody: [{ partId: 't', type: 'text/plain' }],
      htmlBody: [{ partId: 'h', type: 'text/html' }],
      bodyValues: { t: { value: 'halo é' }, h: { value: '<p>' } },
      attachments: [{ name: 'a.bin', type: 'application/x', base64: 'AAEC' }],
      'header:X-Note:asText': 'hi',
    },
    context,
  );
  const read = probeMimeParse({ message });
  assert.deepEqual(read.headers.messageId, ['m@x']);
  assert.equal(read.headers.date, '1970-01-01T00:00:01Z');
  const [shown, file] = read.body.subParts!;
  assert.deepEqual(
    shown?.subParts?.map((part) => part.text),
    ['halo é\r\n', '<p>\r\n'],
  );
  assert.deepEqual([file?.name, file?.base64], ['a.bin', 'AAEC']);
  assert.throws(() => probeMimeCompose({ from: 7 }, context), SyntaxFault);
});

test('dsn', () => {
  const original = base64('From: siti@surat.test\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n');
  const input = { reason: '552 5.2.2 full', recipients: ['you@merpati.test'], original };
  const { message } = probeDsn(input, context);
  const report = readDsn(new Uint8Array(Buffer.from(message, 'base64')));
  assert.equal(report?.recipients[0]?.status, '5.2.2');
  assert.equal(report?.messageId, '1@x');
  assert.throws(() => probeDsn({ ...input, original: base64('\r\n') }, context), SyntaxFault);
});
