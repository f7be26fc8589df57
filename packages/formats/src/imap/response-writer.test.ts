import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { ascii, latin1, utf8 } from '../bytes.ts';
import { Cursor } from './cursor.ts';
import { readDateTime } from './read-date-time.ts';
import { type ResponseCode, writeResponseCode, writeStatus } from './response-code.ts';
import {
  joinPieces,
  quoted,
  writeAstring,
  writeDateTime,
  writeFlags,
  writeLiteral8,
  writeMailbox,
  writeNstring,
  writeSection,
  writeString,
} from './response-writer.ts';

const shown = (piece: string | Uint8Array) => latin1(joinPieces([piece]));

test('strings are quoted or literals. RFC 9051 §4.3', () => {
  assert.equal(shown(writeString('a "b\\"')), '"a \\"b\\\\\\""');
  assert.equal(shown(writeString('a\r\nb')), '{4}\r\na\r\nb');
  assert.equal(shown(writeString('ü')), '{2}\r\n\u00c3\u00bc');
  assert.equal(shown(writeString(Uint8Array.of(0xff))), '{1}\r\n\u00ff');
  assert.equal(shown(writeNstring(null)), 'NIL');
  assert.equal(shown(writeNstring('')), '""');
  assert.equal(shown(writeAstring('INBOX')), 'INBOX');
  assert.equal(shown(writeAstring('nil')), '"nil"');
  assert.equal(shown(writeAstring('')), '""');
  assert.equal(shown(writeAstring('a b')), '"a b"');
  assert.equal(shown(writeLiteral8(Uint8Array.of(0))), '~{1}\r\n\0');
  assert.throws(() => quoted('a\nb'), { code: 'imap.not-quotable' });
});

test('mailboxes, flags, sections, dates', () => {
  assert.equal(shown(writeMailbox('Größe', { utf8: false })), 'Gr&APYA3w-e');
  assert.deepEqual(joinPieces([writeMailbox('Größe', { utf8: true })]), utf8('"Größe"'));
  assert.equal(writeFlags({ system: ['seen', 'draft'], keywords: ['$x'] }), '(\\Seen \\Draft $x)');
  assert.equal(writeDateTime(0), '" 1-Jan-1970 00:00:00 +0000"');
  assert.equal(shown(writeSection({ part: [1, 2], text: 'mime', fields: [] })), '1.2.MIME');
  const fields = { part: [], text: 'header.fields', fields: ['To', 'a b'] } as const;
  assert.equal(shown(writeSection(fields)), 'HEADER.FIELDS (To "a b")');
});

test('a date that is written is read back', () => {
  const seconds = fc.integer({ min: -2_000_000_000, max: 200_000_000_000 });
  fc.assert(
    fc.property(seconds, (at) => {
      const cursor = new Cursor([ascii(writeDateTime(at * 1000))], { utf8: false });
      assert.equal(readDateTime(cursor), at * 1000);
      cursor.end();
    }),
  );
});

test('a string that is written is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const clean = octets.filter((octet) => octet !== 0);
      const wire = latin1(joinPieces([writeString(clean)]));
      const end = wire.startsWith('{') ? wire.indexOf('\r\n') : -1;
      const parts =
        end < 0
          ? [ascii(wire)]
          : [ascii(wire.slice(0, end)), { literal: clean, binary: false }, ascii('')];
      assert.deepEqual(new Cursor(parts, { utf8: false }).astring(), Uint8Array.from(clean));
    }),
  );
});

test('status responses and their codes. RFC 9051 §7.1', () => {
  assert.equal(writeStatus('a1', 'OK', null, 'Done'), 'a1 OK Done\r\n');
  assert.equal(writeStatus('*', 'NO', { code: 'TOOBIG' }, 'a\r\nb'), '* NO [TOOBIG] a b\r\n');
  const one = [{ from: 1, to: 1 }];
  const codes: readonly [ResponseCode, string][] = [
    [{ code: 'CAPABILITY', capabilities: ['IMAP4rev2', 'IDLE'] }, 'CAPABILITY IMAP4rev2 IDLE'],
    [{ code: 'PERMANENTFLAGS', flags: ['\\Seen', '\\*'] }, 'PERMANENTFLAGS (\\Seen \\*)'],
    [{ code: 'UIDNEXT', number: 7 }, 'UIDNEXT 7'],
    [{ code: 'MODIFIED', set: [{ from: 1, to: 3 }] }, 'MODIFIED 1:3'],
    [{ code: 'APPENDUID', uidValidity: 9, uids: one }, 'APPENDUID 9 1'],
    [{ code: 'COPYUID', uidValidity: 9, from: one, to: one }, 'COPYUID 9 1 1'],
    [{ code: 'BADCHARSET', charsets: [] }, 'BADCHARSET'],
    [{ code: 'BADCHARSET', charsets: ['UTF-8'] }, 'BADCHARSET (UTF-8)'],
    [{ code: 'BADURL', url: '/a;]\r\nb' }, 'BADURL /a;???b'],
    [{ code: 'BADEVENT', events: ['MessageNew'] }, 'BADEVENT (MessageNew)'],
    [{ code: 'NOUPDATE', tag: 'a1' }, 'NOUPDATE "a1"'],
    [{ code: 'MAILBOXID', id: 'F1' }, 'MAILBOXID (F1)'],
    [{ code: 'METADATA', what: 'MAXSIZE', number: 9 }, 'METADATA MAXSIZE 9'],
    [{ code: 'METADATA', what: 'TOOMANY' }, 'METADATA TOOMANY'],
    [{ code: 'INPROGRESS', tag: 'a', done: 1, goal: null }, 'INPROGRESS ("a" 1 NIL)'],
  ];
  for (const [code, text] of codes) assert.equal(writeResponseCode(code), text);
});
