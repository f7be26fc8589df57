import assert from 'node:assert/strict';
import test from 'node:test';
import { concat, latin1, utf8 } from '../bytes.ts';
import {
  ReplyReader,
  isUidl,
  readCapabilities,
  readDropListing,
  readPop3Reply,
  readScanListing,
  readUidListing,
  writeChallenge,
  writePop3Reply,
} from './reply.ts';

const read = (line: string) => readPop3Reply(utf8(line));

test('the first line of a reply', () => {
  assert.deepEqual(read('+OK'), { kind: 'ok', code: null, text: '' });
  assert.deepEqual(read('+OK 2 320'), { kind: 'ok', code: null, text: '2 320' });
  assert.deepEqual(read('-ERR [in-use] Busy'), { kind: 'err', code: 'IN-USE', text: 'Busy' });
  assert.deepEqual(read('-ERR [SYS/TEMP]'), { kind: 'err', code: 'SYS/TEMP', text: '' });
  assert.deepEqual(read('-err no'), { kind: 'err', code: null, text: 'no' });
  assert.deepEqual(read('+ aGk='), { kind: 'continue', challenge: utf8('hi') });
  assert.deepEqual(read('+'), { kind: 'continue', challenge: new Uint8Array(0) });
  assert.deepEqual(read('+OK caf\u00e9'), { kind: 'ok', code: null, text: 'café' });
  for (const line of ['', 'OK', '220 hello', '+OKAY', '* OK']) {
    assert.throws(() => read(line), { code: 'pop3.bad-reply' }, line);
  }
});

test('a written reply reads back and never exceeds 512 octets. RFC 2449 §4', () => {
  const line = writePop3Reply({ kind: 'err', code: 'AUTH', text: 'No' });
  assert.equal(latin1(line), '-ERR [AUTH] No\r\n');
  assert.equal(latin1(writePop3Reply({ kind: 'ok', text: '' })), '+OK\r\n');
  const long = writePop3Reply({ kind: 'ok', text: 'é'.repeat(600) });
  assert.ok(long.length <= 512 && long.length >= 510);
  assert.match(new TextDecoder('utf-8', { fatal: true }).decode(long), /é\r\n$/);
  assert.throws(() => writePop3Reply({ kind: 'ok', text: 'a\r\n+OK' }));
  assert.throws(() => writePop3Reply({ kind: 'ok', text: '[AUTH] forged' }));
  assert.equal(latin1(writeChallenge(new Uint8Array(0))), '+ \r\n');
});

test('listings', () => {
  assert.deepEqual(readDropListing('2 320'), { messages: 2, octets: 320 });
  assert.deepEqual(readScanListing('1 120 and more'), { message: 1, octets: 120 });
  assert.deepEqual(readUidListing('1 whqtsw{}~!'), { message: 1, uidl: 'whqtsw{}~!' });
  for (const text of ['', '1', 'x y', '1 a b', `1 ${'a'.repeat(600)}`, `${'1'.repeat(17)} a`]) {
    assert.throws(() => readUidListing(text), { code: 'pop3.bad-listing' }, text);
  }
  assert.ok(isUidl('a'.repeat(70)) && !isUidl('a'.repeat(71)) && !isUidl('') && !isUidl('a b'));
  const capabilities = readCapabilities(['sasl PLAIN  LOGIN', 'UIDL', '']);
  assert.deepEqual(
    [...capabilities],
    [
      ['SASL', ['PLAIN', 'LOGIN']],
      ['UIDL', []],
    ],
  );
});

test('the reader gives lines, listings and contents out of any chunks', () => {
  const wire = utf8('+OK hi\r\n..x\r\ny\n.\r\n+OK\r\na\r\n..\r\n\n.\r\nb\r\n.\r\n+OK bye\r\n');
  for (let step = 1; step <= wire.length; step += 1) {
    const reader = new ReplyReader();
    let at = 0;
    const next = <T>(take: () => T | null): T => {
      for (;;) {
        const got = take();
        if (got !== null) return got;
        assert.ok(at < wire.length);
        reader.push(wire.subarray(at, at + step));
        at += step;
      }
    };
    assert.equal(latin1(next(() => reader.readLine())), '+OK hi');
    assert.equal(latin1(next(() => reader.readListingLine()) as Uint8Array), '.x');
    assert.equal(latin1(next(() => reader.readListingLine()) as Uint8Array), 'y');
    assert.equal(
      next(() => reader.readListingLine()),
      'end',
    );
    assert.equal(latin1(next(() => reader.readLine())), '+OK');
    const content: Uint8Array[] = [];
    for (let last = false; !last;) {
      const piece = next(() => reader.readContent());
      content.push(piece.octets);
      last = piece.last;
    }
    assert.equal(latin1(concat(content)), 'a\r\n.\r\n\n.\r\nb\r\n');
    assert.equal(latin1(next(() => reader.readLine())), '+OK bye');
    assert.equal(reader.pending, 0);
  }
});

test('a line without end is not held for ever', () => {
  const reader = new ReplyReader({ lineOctetsMax: 100 });
  assert.throws(
    () => {
      for (let i = 0; i < 50; i += 1) {
        reader.push(new Uint8Array(10).fill(0x61));
        reader.readLine();
      }
    },
    { code: 'pop3.line-too-long' },
  );
});
