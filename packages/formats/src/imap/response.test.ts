import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { concat, latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { ResponseAssembly } from './response-assembly.ts';
import { literalAtEnd, ResponseReader } from './response-reader.ts';
import { readResponse, type Response } from './response.ts';

/** What a server sends, cut in pieces of that size. */
function readAll(text: string, step = 1000): Response[] {
  const reader = new ResponseReader();
  const assembly = new ResponseAssembly(reader);
  const bytes = utf8(text);
  const found: Response[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step));
    for (let parts = assembly.next(); parts; parts = assembly.next()) {
      found.push(readResponse(parts));
    }
  }
  return found;
}

const one = (text: string): Response => {
  const [response] = readAll(`${text}\r\n`);
  assert.ok(response);
  return response;
};

test('conditions and their codes', () => {
  assert.deepEqual(one('* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] Hello'), {
    kind: 'condition',
    tag: null,
    condition: 'OK',
    code: { code: 'CAPABILITY', capabilities: ['IMAP4rev2', 'AUTH=PLAIN'] },
    text: 'Hello',
  });
  const codeOf = (text: string) => {
    const response = one(text);
    return response.kind === 'condition' ? response.code : assert.fail();
  };
  assert.deepEqual(codeOf('a1 OK [APPENDUID 7 3:4] x'), {
    code: 'APPENDUID',
    uidValidity: 7,
    uids: [{ from: 3, to: 4 }],
  });
  assert.deepEqual(codeOf('a1 no [badurl "]"] x'), { code: 'BADURL', url: '"]"' });
  assert.deepEqual(codeOf('a1 OK [UIDNEXT many] x'), {
    code: 'OTHER',
    name: 'UIDNEXT',
    text: 'many',
  });
  assert.deepEqual(codeOf('* NO [X-NEW 1 (2'), null);
  assert.deepEqual(one('a1 BAD'), {
    kind: 'condition',
    tag: 'a1',
    condition: 'BAD',
    code: null,
    text: '',
  });
});

test('text that ends in braces announces nothing', () => {
  assert.deepEqual(
    readAll('* OK look at {5}\r\na1 NO {3}\r\n+ {1}\r\n').map(({ kind }) => kind),
    ['condition', 'condition', 'continue'],
  );
  assert.equal(literalAtEnd(utf8('* LIST () "/" {5}'), { isFirst: true }), 5);
  assert.throws(() => literalAtEnd(utf8(`* {${'9'.repeat(17)}}`), { isFirst: true }), SyntaxFault);
});

test('mailboxes', () => {
  assert.deepEqual(one('* LIST (\\Sent) "/" {9}\r\nGel&APY-s'), {
    kind: 'list',
    attributes: ['\\Sent'],
    separator: '/',
    name: 'Gelös',
    oldName: null,
    childInfo: [],
    myRights: null,
  });
});

test('a fetch with literals in the middle, in any chunks', () => {
  const text =
    '* 12 FETCH (UID 7 BODY[HEADER.FIELDS (Subject "To")] {11}\r\nSubject: a\n FLAGS (\\Seen) ' +
    'BODY[TEXT]<0> "x\\"y" BINARY.SIZE[1] 9 INTERNALDATE " 7-Feb-2026 12:34:56 +0700")\r\n' +
    'a1 OK done\r\n';
  fc.assert(
    fc.property(fc.integer({ min: 1, max: text.length }), (step) => {
      const [fetch, end] = readAll(text, step);
      assert.ok(fetch?.kind === 'fetch' && end?.kind === 'condition');
      assert.equal(fetch.number, 12);
      const { uid, flags, sections, binarySizes, internalDateMs } = fetch.fetched;
      assert.deepEqual(
        [uid, flags, internalDateMs],
        [7, ['\\Seen'], Date.UTC(2026, 1, 7, 5, 34, 56)],
      );
      const texts = [...sections].map(([name, octets]) => [name, latin1(octets ?? utf8('NIL'))]);
      assert.deepEqual(texts, [
        ['BODY[HEADER.FIELDS (SUBJECT TO)]', 'Subject: a\n'],
        ['BODY[TEXT]<0>', 'x"y'],
      ]);
      assert.deepEqual([...binarySizes], [['1', 9]]);
    }),
  );
});

test('a structure with everything in it', () => {
  const text =
    '* 1 FETCH (BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "utf-8") "<id>" "words" "8BIT" 20 3 ' +
    '"md5" ("attachment" ("filename" "a.txt")) ("de" "en") "https://x")' +
    '("message" "rfc822" NIL NIL NIL "7bit" 100 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
    '("text" "plain" NIL NIL NIL "7bit" 5 1) 9) "mixed" ("boundary" "b") NIL "fr"))';
  const response = one(text);
  assert.ok(response.kind === 'fetch');
  const structure = response.fetched.structure;
  assert.ok(structure?.kind === 'multipart');
  assert.equal(structure.subtype, 'mixed');
  assert.deepEqual(structure.language, ['fr']);
  const [first, second] = structure.parts;
  assert.ok(first?.kind === 'part' && second?.kind === 'part');
  assert.deepEqual(
    [first.type, first.encoding, first.octets, first.lines, first.md5, first.location],
    ['text', '8bit', 20, 3, 'md5', 'https://x'],
  );
  assert.deepEqual(first.disposition?.parameters.get('filename'), 'a.txt');
  assert.deepEqual(first.language, ['de', 'en']);
  assert.equal(second.message?.envelope.subject, 'inner');
  assert.equal(second.lines, 9);
});

test('searches and threads', () => {
  const esearch = one('* ESEARCH (TAG "a1") UID MIN 2 COUNT 3 ALL 2,10:11 MODSEQ 99');
  assert.ok(esearch.kind === 'esearch');
  assert.deepEqual(
    [esearch.tag, esearch.isUid, esearch.min, esearch.max, esearch.count, esearch.modseq],
    ['a1', true, 2, null, 3, 99],
  );
  assert.deepEqual(esearch.all, [
    { from: 2, to: 2 },
    { from: 10, to: 11 },
  ]);
  const empty = one('* ESEARCH (TAG "a1") UID');
  assert.ok(empty.kind === 'esearch' && empty.all === null && empty.isUid);
  const numbers = one('* SEARCH 2 5 (MODSEQ 7)');
  assert.deepEqual(numbers, { kind: 'search', numbers: [2, 5], modseq: 7 });
  const leaf = (number: number) => ({ number, replies: [] });
  assert.deepEqual(one('* THREAD (2)(3 6 (4 23)(44))((8)(9))'), {
    kind: 'thread',
    threads: [
      leaf(2),
      {
        number: 3,
        replies: [{ number: 6, replies: [{ number: 4, replies: [leaf(23)] }, leaf(44)] }],
      },
      { number: null, replies: [leaf(8), leaf(9)] },
    ],
  });
});

test('what else servers say', () => {
  const texts = [
    '* STATUS "INBOX" (MESSAGES 3 MAILBOXID (F7) APPENDLIMIT NIL)',
    '* QUOTA "" (STORAGE 10 512)',
    '* METADATA INBOX (/shared/comment {2}\r\nhi /private/comment NIL)',
    '* METADATA "" /shared/comment',
    '* ACL INBOX rina lrs budi lr',
    '* ID ("name" "Merpati" "version" NIL)',
    '* ID NIL',
    '* NAMESPACE (("" "/")) NIL NIL',
    '* VANISHED (EARLIER) 3:4',
    '* X-NEW (a "b" {1}\r\nc)',
  ];
  const found = readAll(texts.map((text) => `${text}\r\n`).join(''));
  assert.deepEqual(
    found.map(({ kind }) => kind),
    [
      'status',
      'quota',
      'metadata',
      'metadata',
      'acl',
      'id',
      'id',
      'namespace',
      'vanished',
      'other',
    ],
  );
  const [status, quota, metadata] = found;
  assert.ok(status?.kind === 'status' && status.mailboxId === 'F7');
  assert.deepEqual([...status.numbers], [['MESSAGES', 3]]);
  assert.ok(quota?.kind === 'quota');
  assert.deepEqual(quota.resources.get('STORAGE'), { usage: 10, limit: 512 });
  assert.ok(metadata?.kind === 'metadata');
  assert.deepEqual([...metadata.entries.keys()], ['/shared/comment', '/private/comment']);
});

test('bounds', () => {
  const tooLong = /too long|More than/;
  const reader = new ResponseReader({ lineOctetsMax: 10 });
  reader.push(utf8('* 12345678'));
  assert.equal(reader.readLine(), null);
  reader.push(utf8('9'));
  assert.throws(() => reader.readLine(), tooLong);
  const open = utf8(`* X ${'('.repeat(300)}`);
  assert.throws(() => readResponse([open]), /too deeply/);
  const limits = { literalOctetsMax: 10, responseOctetsMax: 100, literalsMax: 2 };
  const push = (text: string) => {
    const stream = new ResponseReader();
    stream.push(utf8(text));
    return new ResponseAssembly(stream, limits);
  };
  assert.throws(() => push('* X {11}\r\n').next(), tooLong);
  assert.throws(() => push('* X {1}\r\na {1}\r\na {1}\r\na\r\n').next(), tooLong);
  assert.throws(() => push(`* X ${'a'.repeat(100)}\r\n`).next(), tooLong);
  assert.deepEqual(push('* X {0}\r\n\r\n').next()?.length, 3);
});

test('a line of ten million octets in small pieces is read in linear time', () => {
  const reader = new ResponseReader();
  const piece = utf8(' 1234567'.repeat(128));
  for (let count = 0; count < 10_000; count += 1) {
    reader.push(piece);
    if (count % 100 === 0) assert.equal(reader.readLine(), null);
  }
  reader.push(utf8('\r\n'));
  assert.equal(reader.readLine()?.length, 10_240_000);
  assert.equal(concat([]).length, reader.pending);
});
