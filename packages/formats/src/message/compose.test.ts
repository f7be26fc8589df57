import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime from 'postal-mime';
import { concat, latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { mailboxesOf, makeMailbox, readAddressList } from './address.ts';
import { compose, composeChunks, needsSmtpUtf8 } from './compose.ts';
import type { Attachment, MessageDescription } from './compose.ts';
import { decodeWords } from './encoded-word.ts';
import { findField } from './head.ts';
import { readContent, readMime, readPartText } from './mime.ts';
import type { Part } from './mime.ts';
import { fileNameOf } from './part.ts';

const siti = makeMailbox('Siti Nürhaliza', 'siti', 'surat.test');
const you = makeMailbox('Doe, J.', 'you', 'merpati.test');

const basis: MessageDescription = {
  from: siti,
  to: [you],
  subject: 'Grüße',
  dateMs: 1_700_000_000_000,
  messageId: '1@surat.test',
  utf8: false,
  boundarySeed: 'seed1',
};

function leavesOf(part: Part): Part[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leavesOf);
}

function shapeOf(part: Part): unknown {
  return part.parts.length === 0 ? part.type.value : [part.type.value, ...part.parts.map(shapeOf)];
}

/**
 * Valid for every server: CRLF alone ends lines, none is long; US-ASCII unless SMTPUTF8 is used.
 */
function checkValid(message: Uint8Array, isAscii: boolean): void {
  const text = latin1(message);
  assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n|\0/u);
  assert.ok(text.split('\r\n').every((line) => line.length <= 998));
  if (isAscii) assert.match(text, /^[\u0000-\u007f]*$/u);
}

test('text alone, with fields in their order', () => {
  const message = compose({
    ...basis,
    text: 'Halo\nApa kabar?',
    bcc: [makeMailbox(null, 'x', 'y.test')],
  });
  assert.equal(
    latin1(message),
    [
      'Date: Tue, 14 Nov 2023 22:13:20 +0000',
      'From: =?utf-8?Q?Siti_N=C3=BCrhaliza?= <siti@surat.test>',
      'To: "Doe, J." <you@merpati.test>',
      'Message-ID: <1@surat.test>',
      'Subject: =?utf-8?B?R3LDvMOfZQ==?=',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=us-ascii',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Halo',
      'Apa kabar?',
      '',
    ].join('\r\n'),
  );
});

test('the shape follows from what there is', () => {
  const file: Attachment = { name: 'a.bin', type: 'application/x-a', bytes: Uint8Array.of(1) };
  const shape = (more: Partial<MessageDescription>): unknown =>
    shapeOf(readMime(compose({ ...basis, ...more })).root);
  assert.equal(shape({}), 'text/plain');
  assert.equal(shape({ html: '<p>' }), 'text/html');
  assert.deepEqual(shape({ text: 'a', html: 'b' }), [
    'multipart/alternative',
    'text/plain',
    'text/html',
  ]);
  assert.deepEqual(shape({ attachments: [file] }), ['multipart/mixed', 'application/x-a']);
  assert.deepEqual(
    shape({ text: 'a', html: 'b', inline: [{ ...file, contentId: 'c@d' }], attachments: [file] }),
    [
      'multipart/mixed',
      [
        'multipart/alternative',
        'text/plain',
        ['multipart/related', 'text/html', 'application/x-a'],
      ],
      'application/x-a',
    ],
  );
});

test('whatever is composed reads back, and is valid for servers of seven bits', () => {
  const any = fc.string({ unit: 'binary', maxLength: 80 });
  const lines = fc
    .array(
      fc.oneof(any, fc.constantFrom('From here', '.', '--=_seed1_1', 'x'.repeat(1200), ' ', '')),
    )
    .map((all) => all.join('\n'));
  const file = fc.record(
    {
      name: any,
      type: fc.oneof(
        fc.constantFrom('image/png', 'text/plain; charset=utf-8', 'message/rfc822'),
        any,
      ),
      bytes: fc.uint8Array({ maxLength: 300 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      any,
      any,
      lines,
      lines,
      fc.array(file, { maxLength: 3 }),
      (name, subject, text, html, files) => {
        const from = makeMailbox(name === '' ? null : name, 'siti', 'surat.test');
        const message = compose({ ...basis, from, subject, text, html, attachments: files });
        checkValid(message, true);
        const { root, faults } = readMime(message);
        const serious = faults.filter((fault) => !fault.code.startsWith('head'));
        if (!files.some((one) => one.type === 'message/rfc822')) assert.deepEqual(serious, []);
        const [read] = mailboxesOf(readAddressList(findField(root.head, 'from')!.value()));
        assert.equal(read?.name, from.name);
        const clean = subject.replace(/[\u0000-\u001f\u007f]+/gu, ' ');
        assert.equal(decodeWords(findField(root.head, 'subject')!.value()), clean);
        const bodies = leavesOf(files.length === 0 ? root : root.parts[0]!);
        const normal = (given: string): string => {
          const ended = given.replace(/\r\n|\r|\n/gu, '\r\n');
          return ended === '' || ended.endsWith('\r\n') ? ended : `${ended}\r\n`;
        };
        assert.deepEqual(
          bodies.map((part) => readPartText(message, part)),
          [normal(text), normal(html)],
        );
        for (const [index, given] of files.entries()) {
          const part = root.parts[index + 1]!;
          assert.equal(fileNameOf(part), given.name === '' ? null : given.name);
          const content =
            part.message === null
              ? readContent(message, part)
              : message.subarray(part.bodyStart, part.bodyEnd);
          assert.deepEqual(new Uint8Array(content), given.bytes);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('SMTPUTF8 is used when an address needs it, and only then', () => {
  const local = makeMailbox('名前', '用户', '例子.测试');
  assert.equal(needsSmtpUtf8({ ...basis }), false);
  assert.equal(needsSmtpUtf8({ ...basis, cc: [local] }), true);
  checkValid(compose({ ...basis, utf8: true, text: 'é' }), true);
  const message = compose({ ...basis, utf8: true, cc: [local], text: 'é' });
  checkValid(message, false);
  const raw = Buffer.from(message).toString('utf8');
  assert.match(raw, /^Cc: 名前 <用户@例子\.测试>\r$/mu);
  assert.match(raw, /^Subject: Grüße\r$/mu);
  assert.match(raw, /^Content-Transfer-Encoding: 8bit\r$/mu);
  assert.throws(() => compose({ ...basis, cc: [local] }), SyntaxFault);
});

test('hidden recipients are written nowhere', () => {
  const secret = makeMailbox('Hidden Name', 'secret', 'hidden.test');
  const message = compose({ ...basis, to: [], bcc: [secret], text: 'x' });
  assert.doesNotMatch(latin1(message), /secret|hidden\.test|Hidden|^Bcc/imu);
  assert.match(latin1(message), /^To: undisclosed-recipients:;\r$/mu);
});

test('nothing that is given can add a field', () => {
  const evil = 'x\r\nBcc: evil@x.test\r\n\r\nbody';
  const message = compose({
    ...basis,
    from: makeMailbox(evil, 'siti', 'surat.test'),
    subject: evil,
    references: [evil, 'good@x.test'],
    headers: [['X-Note', evil]],
    attachments: [{ name: evil, type: evil, bytes: new Uint8Array(0) }],
  });
  const names = readMime(message).root.head.fields.map((field) => field.key);
  assert.ok(!names.includes('bcc'));
  assert.doesNotMatch(latin1(message), /^Bcc/mu);
  const refuse = (more: Partial<MessageDescription>): void => {
    assert.throws(() => compose({ ...basis, ...more }), SyntaxFault);
  };
  refuse({ messageId: evil });
  refuse({ headers: [['X: y\r\nBcc', 'x']] });
  refuse({ headers: [['Bcc', 'x@y.test']] });
  refuse({ headers: [['Content-Type', 'x']] });
  refuse({ from: makeMailbox(null, evil, 'x.test') });
  refuse({ from: [] });
  refuse({ boundarySeed: '--' });
  refuse({ dateMs: Number.NaN });
});

test('a boundary that the content holds is not used', () => {
  const inner = utf8('Subject: x\r\n\r\n--=_seed1_1\r\n=_seed1\r\n');
  const message = compose({
    ...basis,
    text: 'x',
    attachments: [{ name: 'm.eml', type: 'message/rfc822', bytes: inner }],
  });
  const { root, faults } = readMime(message);
  assert.deepEqual(faults, []);
  const part = root.parts[1]!;
  assert.equal(part.type.value, 'message/rfc822');
  assert.deepEqual(message.slice(part.bodyStart, part.bodyEnd), inner);
});

test('chunks are of bounded size and are the message', () => {
  const bytes = new Uint8Array(300_000).map((_, index) => index);
  const description = { ...basis, text: 'x', attachments: [{ name: 'a', type: 'a/b', bytes }] };
  const chunks = [...composeChunks(description)];
  assert.ok(chunks.every((chunk) => chunk.length <= 64 * 1024));
  assert.deepEqual(concat(chunks), compose(description));
});

// ---------------------------------------------------------------- what others make of it

const rich: MessageDescription = {
  ...basis,
  to: [you, { group: 'tim', members: [makeMailbox('Büdi', 'budi', 'x.test')] }],
  inReplyTo: ['0@surat.test'],
  references: ['00@surat.test', '0@surat.test'],
  subject: 'Grüße aus Jakarta, heute mit einem wirklich langen Betreff und 😀 dazu',
  text: 'Halo é\nFrom here\n.\n',
  html: '<p>Halo é <img src="cid:pic@x"></p>',
  inline: [
    { name: 'bild.png', type: 'image/png', bytes: Uint8Array.of(1, 2, 3), contentId: 'pic@x' },
  ],
  attachments: [
    {
      name: 'Übergroße "Datei" 日本 😀.pdf',
      type: 'application/pdf',
      bytes: new Uint8Array(999).fill(7),
    },
    { name: `${'lang-'.repeat(40)}.txt`, type: 'text/plain', bytes: utf8('one\ntwo\r') },
  ],
};

test('postal-mime reads what we compose', async () => {
  const read = await PostalMime.parse(compose(rich));
  assert.equal(read.subject, rich.subject);
  assert.deepEqual(read.from, { address: 'siti@surat.test', name: 'Siti Nürhaliza' });
  assert.equal(read.messageId, '<1@surat.test>');
  assert.equal(read.references, '<00@surat.test> <0@surat.test>');
  assert.equal(read.text?.replaceAll('\r\n', '\n').trimEnd(), 'Halo é\nFrom here\n.');
  assert.equal(read.html?.trimEnd(), rich.html);
  assert.deepEqual(
    read.attachments.map((file) => [file.filename, file.mimeType, file.disposition]),
    [
      ['bild.png', 'image/png', 'inline'],
      ['Übergroße "Datei" 日本 😀.pdf', 'application/pdf', 'attachment'],
      [`${'lang-'.repeat(40)}.txt`, 'text/plain', 'attachment'],
    ],
  );
  assert.equal(read.attachments[0]?.contentId, '<pic@x>');
  for (const [index, given] of [...rich.inline!, ...rich.attachments!].entries()) {
    assert.deepEqual(new Uint8Array(read.attachments[index]!.content as ArrayBuffer), given.bytes);
  }
});

test('we read what nodemailer composes', async () => {
  const composer = new MailComposer({
    from: '"Siti Nürhaliza" <siti@surat.test>',
    to: '"Doe, J." <you@merpati.test>, Büdi <budi@x.test>',
    subject: rich.subject,
    date: new Date(basis.dateMs),
    messageId: '<1@surat.test>',
    text: 'Halo é',
    html: rich.html!,
    attachments: [
      {
        filename: 'Übergroße "Datei" 日本 😀.pdf',
        content: Buffer.from(rich.attachments![0]!.bytes),
      },
      { filename: 'pic.png', cid: 'pic@x', content: Buffer.from([1, 2, 3]) },
    ],
  });
  const message = new Uint8Array(await composer.compile().build());
  const { root, faults } = readMime(message);
  const serious = faults.filter((fault) => fault.code !== 'parameter-encoded-word');
  assert.deepEqual(serious, []);
  assert.equal(decodeWords(findField(root.head, 'subject')!.value()), rich.subject);
  assert.deepEqual(
    mailboxesOf(readAddressList(findField(root.head, 'to')!.value())).map((one) => one.name),
    ['Doe, J.', 'Büdi'],
  );
  const leaves = leavesOf(root);
  const byName = new Map(leaves.map((part) => [fileNameOf(part), part]));
  assert.equal(
    readPartText(
      message,
      leaves.find((part) => part.type.subtype === 'plain')!,
    ).trim(),
    'Halo é',
  );
  const pdf = byName.get('Übergroße "Datei" 日本 😀.pdf')!;
  assert.deepEqual(readContent(message, pdf), rich.attachments![0]!.bytes);
  assert.equal(byName.get('pic.png')?.contentId, 'pic@x');
});
