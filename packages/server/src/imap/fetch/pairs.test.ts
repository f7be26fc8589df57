/** Whatever is asked for beside it, an item is answered as it is alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startImapWorld, you } from '../testing/imap-world.ts';

const messages = [
  'From: Rina <rina@surat.test>\r\nSubject: nasi\r\nMessage-ID: <1@surat.test>\r\n\r\nlapar\r\n',
  [
    'From: =?utf-8?Q?S=C3=ADti?= <siti@surat.test>',
    'To: you@merpati.test, tim: a@b.test;',
    'Subject: =?utf-8?B?bmFzaQ==?=',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    'c8OhdGU=',
    '--x',
    'Content-Type: message/rfc822',
    '',
    'Subject: dalam',
    '',
    'isi',
    '--x--',
    '',
  ].join('\r\n'),
  'no field at all',
];

const items = [
  'UID',
  'FLAGS',
  'INTERNALDATE',
  'RFC822.SIZE',
  'MODSEQ',
  'SAVEDATE',
  'EMAILID',
  'THREADID',
  'PREVIEW',
  'PREVIEW (LAZY)',
  'ENVELOPE',
  'BODY',
  'BODYSTRUCTURE',
  'RFC822.HEADER',
  'BODY.PEEK[]',
  'BODY.PEEK[]<2.5>',
  'BODY.PEEK[HEADER]',
  'BODY.PEEK[TEXT]',
  'BODY.PEEK[1]',
  'BODY.PEEK[1.MIME]',
  'BODY.PEEK[2.HEADER]',
  'BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]',
  'BODY.PEEK[HEADER.FIELDS (X-RARE)]',
  'BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]',
  'BINARY.PEEK[1]',
  'BINARY.SIZE[1]',
] as const;

const pairs = items.flatMap((one, at) => items.slice(at + 1).map((other) => [one, other] as const));

test('any two items are answered as each of them is alone', async (t) => {
  const world = await startImapWorld(t);
  for (const message of messages) await world.deliver(you, message);
  await world.store.indexed(world.account(you));
  const raw = await world.enter();
  const asked = [...items, ...pairs.map((pair) => pair.join(' '))];
  const commands = asked.map((what, at) => `c${at} FETCH 1:${messages.length} (${what})\r\n`);
  raw.send(`s SELECT INBOX (CONDSTORE)\r\n${commands.join('')}z LOGOUT\r\n`);
  const said = (await raw.all()).split(/^(?:s|z|c\d+) OK .*\r\n/mu).slice(1);
  const answers = new Map(asked.map((what, at) => [what, inside(said[at] ?? '')]));
  for (const what of items) assert.equal(answers.get(what)?.length, messages.length, what);
  for (const [one, other] of pairs) {
    const expected = answers.get(one)?.map((text, at) => `${text} ${answers.get(other)?.[at]}`);
    assert.deepEqual(answers.get(`${one} ${other}`), expected, `${one} ${other}`);
  }
});

/** What stands in the brackets of each FETCH. */
function inside(answer: string): string[] {
  const responses = answer.split(/^\* \d+ FETCH \(/mu).slice(1);
  return responses.map((text) => text.replace(/\)\r\n$/u, ''));
}
