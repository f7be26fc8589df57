import assert from 'node:assert/strict';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { createDsnReader, readDsn } from './dsn-read.ts';
import { composeDsn } from './dsn.ts';
import { reasonOf } from './dsn-text.ts';
import type { DsnDescription, DsnRecipient } from './dsn.ts';
import { findField } from './head.ts';
import { readMime, readPartText } from './mime.ts';

const recipient: DsnRecipient = {
  final: 'you@merpati.test',
  original: 'rfc822;you+tag@merpati.test',
  action: 'failed',
  status: '5.1.1',
  diagnostic: '550 5.1.1 no such\r\n user',
  remoteMta: 'mx.merpati.test',
  lastAttemptMs: 1_700_000_100_000,
  willRetryUntilMs: null,
};

const original = utf8(
  'Message-ID: <9@surat.test>\r\nSubject: =?utf-8?Q?Gr=C3=BC?=\r\n\r\nhello\r\n',
);

const basis: DsnDescription = {
  reportingMta: 'mx.surat.test',
  arrivalMs: 1_700_000_000_000,
  envid: 'QQ314159',
  kind: 'failure',
  recipients: [recipient],
  from: 'MAILER-DAEMON@mx.surat.test',
  to: 'siti@surat.test',
  messageId: '2@mx.surat.test',
  dateMs: 1_700_000_200_000,
  originalFull: original,
  utf8: false,
  boundarySeed: 'dsn1',
};

const typesOf = (message: Uint8Array): string[] =>
  readMime(message).root.parts.map((part) => `${part.type.value} ${part.encoding}`);

function checkLines(message: Uint8Array): void {
  assert.doesNotMatch(latin1(message), /\r(?!\n)|(?<!\r)\n/u);
  assert.ok(
    latin1(message)
      .split('\r\n')
      .every((line) => line.length <= 998),
  );
}

test('what is reported reads back', () => {
  const message = composeDsn(basis);
  checkLines(message);
  assert.match(latin1(message), /^[\u0000-\u007f]*$/u);
  const report = readDsn(message)!;
  assert.deepEqual(report.faults, []);
  assert.deepEqual(report.reportingMta, { type: 'dns', value: 'mx.surat.test' });
  assert.equal(report.envid, 'QQ314159');
  assert.equal(report.arrivalMs, basis.arrivalMs);
  assert.equal(report.messageId, '9@surat.test');
  assert.deepEqual(report.recipients, [
    {
      final: { type: 'rfc822', value: 'you@merpati.test' },
      original: { type: 'rfc822', value: 'you+tag@merpati.test' },
      action: 'failed',
      status: '5.1.1',
      diagnostic: { type: 'smtp', value: '550 5.1.1 no such user' },
      remoteMta: { type: 'dns', value: 'mx.merpati.test' },
      lastAttemptMs: recipient.lastAttemptMs,
      willRetryUntilMs: null,
    },
  ]);
});

test('its own head: for people, in the thread, never answered by robots', () => {
  const message = composeDsn(basis);
  const { root } = readMime(message);
  const value = (key: string): string | undefined => findField(root.head, key)?.value();
  assert.equal(value('auto-submitted'), 'auto-replied');
  assert.equal(value('in-reply-to'), '<9@surat.test>');
  assert.match(value('content-type')!, /^multipart\/report; report-type=delivery-status;/u);
  const text = readPartText(message, root.parts[0]!);
  assert.match(text, /There is no such mailbox/u);
  assert.match(text, /Kotak surat itu tidak ada/u);
  assert.match(text, /Answer of mx\.merpati\.test: 550 5\.1\.1 no such user/u);
  assert.match(text, /"Grü"/u);
  assert.ok(text.split('\r\n').every((line) => line.length <= 78));
});

test('every kind says what happened', () => {
  for (const kind of ['failure', 'delay', 'success', 'relayed', 'expanded'] as const) {
    const message = composeDsn({
      ...basis,
      kind,
      recipients: [{ ...recipient, willRetryUntilMs: kind === 'delay' ? 1_700_400_000_000 : null }],
    });
    checkLines(message);
    const report = readDsn(message)!;
    assert.equal(
      report.recipients[0]?.willRetryUntilMs,
      kind === 'delay' ? 1_700_400_000_000 : null,
    );
  }
});

test('a loop is no server that cannot be reached', () => {
  assert.match(reasonOf('5.4.6').en, /went in circles/);
  assert.match(reasonOf('4.4.1').en, /cannot be reached/);
});

test('addresses beyond US-ASCII: spelt out, or as they are where SMTPUTF8 may be used', () => {
  const recipients = [
    { ...recipient, final: '用户@例子.test', original: null, diagnostic: 'zu groß' },
  ];
  const plain = composeDsn({ ...basis, recipients });
  assert.match(latin1(plain), /^Final-Recipient: utf-8; \\x\{7528\}\\x\{6237\}@\\x\{4F8B\}/mu);
  assert.deepEqual(typesOf(plain), [
    'text/plain quoted-printable',
    'message/delivery-status 7bit',
    'message/rfc822 7bit',
  ]);
  const global = composeDsn({ ...basis, recipients, utf8: true });
  assert.match(
    Buffer.from(global).toString('utf8'),
    /^Final-Recipient: utf-8; 用户@例子\.test\r$/mu,
  );
  assert.equal(typesOf(global)[1], 'message/global-delivery-status 8bit');
  for (const message of [plain, global]) {
    assert.deepEqual(readDsn(message)?.recipients[0]?.final, {
      type: 'utf-8',
      value: '用户@例子.test',
    });
    checkLines(message);
  }
  const narrow = composeDsn({ ...basis, recipients, utf8: true, allow8bit: false });
  assert.equal(typesOf(narrow)[1], 'message/global-delivery-status quoted-printable');
  assert.deepEqual(readDsn(narrow)?.recipients[0]?.final?.value, '用户@例子.test');
});

test('the original goes back as the way carries it', () => {
  const last = (more: Partial<DsnDescription>): string | undefined =>
    typesOf(composeDsn({ ...basis, ...more })).at(2);
  const eight = utf8('Subject: x\r\n\r\ngrüße\r\n');
  const global = utf8('Subject: grüße\r\nMessage-ID: <9@surat.test>\r\n\r\ngrüße\r\n');
  const long = utf8(`Subject: x\r\n\r\n${'x'.repeat(2000)}\r\n`);
  const binary = utf8('Subject: x\r\n\r\na\rb\nc\0');
  assert.equal(last({}), 'message/rfc822 7bit');
  assert.equal(last({ originalFull: eight }), 'message/rfc822 8bit');
  assert.equal(last({ originalFull: eight, allow8bit: false }), 'text/rfc822-headers 7bit');
  assert.equal(last({ originalFull: long }), 'text/rfc822-headers 7bit');
  assert.equal(last({ originalFull: binary }), 'text/rfc822-headers 7bit');
  assert.equal(last({ originalFull: global, utf8: true }), 'message/global 8bit');
  assert.equal(last({ originalFull: global, allow8bit: false }), 'message/global base64');
  const { originalFull: _, ...without } = basis;
  const headOnly = composeDsn({ ...without, originalHead: utf8('Message-ID: <8@surat.test>\r\n') });
  assert.equal(typesOf(headOnly)[2], 'text/rfc822-headers 7bit');
  assert.equal(readDsn(headOnly)?.messageId, '8@surat.test');
  const globalHead = composeDsn({
    ...without,
    originalHead: global.subarray(0, 50),
    allow8bit: false,
  });
  assert.equal(typesOf(globalHead)[2], 'message/global-headers quoted-printable');
  assert.equal(composeDsn(without).length > 0, true);
  const encoded = composeDsn({ ...basis, originalFull: global, allow8bit: false });
  assert.equal(readDsn(encoded)?.messageId, '9@surat.test');
});

test('what other servers say cannot add a field, whatever it is', () => {
  const evil =
    '550 x\r\nAction: delivered\r\n\r\n' +
    `Final-Recipient: rfc822; evil@x.test ${'y'.repeat(5000)}\0`;
  const message = composeDsn({
    ...basis,
    envid: evil,
    reportingMta: evil,
    recipients: [
      { ...recipient, final: evil, original: evil, diagnostic: evil, remoteMta: evil, status: 'x' },
    ],
  });
  checkLines(message);
  const report = readDsn(message)!;
  assert.equal(report.recipients.length, 1);
  assert.equal(report.recipients[0]?.action, 'failed');
  assert.equal(report.recipients[0]?.status, '5.0.0');
  assert.throws(() => composeDsn({ ...basis, to: '' }), SyntaxFault);
});

test('reports of other servers, damaged ones too', () => {
  const wrap = (status: string): Uint8Array =>
    utf8(
      `Content-Type: multipart/report; boundary=r\r\n\r\n--r\r\n\r\nSorry.\r\n--r\r\n` +
        `Content-Type: message/delivery-status\r\n\r\n${status}\r\n--r--\r\n`,
    );
  const one = readDsn(
    wrap(
      'Reporting-MTA: x\r\n\r\nFinal-Recipient: RFC822; <a@b.test>\r\n' +
        'Action: Failed (x)\r\nStatus: 5.2.2 (full)\r\n',
    ),
  )!;
  assert.deepEqual(one.recipients[0]?.final, { type: 'rfc822', value: 'a@b.test' });
  assert.deepEqual([one.recipients[0]?.action, one.recipients[0]?.status], ['failed', '5.2.2']);
  const noFirst = readDsn(
    wrap('Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.0.0\r\n'),
  )!;
  assert.equal(noFirst.recipients.length, 1);
  assert.ok(readDsn(wrap('nonsense'))!.faults.some((fault) => fault.code === 'status-broken'));
  assert.equal(readDsn(utf8('Subject: x\r\n\r\nno report')), null);
  const enclosed = utf8(
    `Content-Type: message/rfc822\r\n\r\n${latin1(wrap('Action: failed\r\n'))}`,
  );
  assert.equal(readDsn(enclosed), null, 'a forwarded report is not a report');
});

test('any cuts of reused Buffers give the same report', () => {
  const message = composeDsn(basis);
  const expected = readDsn(message);
  for (const size of [1, 7, 64, 1000]) {
    const reader = createDsnReader();
    for (let at = 0; at < message.length; at += size) {
      const chunk = Buffer.from(message.subarray(at, at + size));
      reader.write(chunk);
      chunk.fill(0x2d);
    }
    assert.deepEqual(reader.end(), expected);
  }
});

test('postal-mime reads our report', async () => {
  const read = await PostalMime.parse(composeDsn(basis));
  assert.match(read.text ?? '', /There is no such mailbox/u);
  assert.equal(read.subject, 'Not delivered / Tidak sampai: Grü');
});
