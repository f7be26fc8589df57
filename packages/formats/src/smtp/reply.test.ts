/** Replies, written and read again. RFC 5321 §4.2; RFC 2034 §4. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { createReplyReader, readEhlo, replyLimits, replyText, writeReply } from './reply.ts';
import type { Reply } from './reply.ts';

describe('SMTP replies', () => {
  test('one line and several', () => {
    assert.equal(writeReply({ code: 354, enhanced: null, lines: ['go'] }), '354 go\r\n');
    const reply = { code: 550, enhanced: '5.1.1', lines: ['no', 'such user'] };
    assert.equal(writeReply(reply), '550-5.1.1 no\r\n550 5.1.1 such user\r\n');
    assert.equal(replyText(reply), '550 5.1.1 no such user');
  });

  test('what is written is read again, however it is cut', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((one) => !/[\r\n]/.test(one));
    const reply = fc.record({
      code: fc.constantFrom(220, 250, 354, 421, 550),
      detail: fc.option(fc.tuple(fc.nat(9), fc.nat(99))),
      lines: fc.array(
        text.map((one) => `x${one}`),
        { minLength: 1, maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 3 }), fc.nat(30), (all, cut) => {
        const replies = all.map(({ code, detail, lines }): Reply => {
          const isPlain = detail === null || code === 354;
          const enhanced = isPlain ? null : `${Math.floor(code / 100)}.${detail.join('.')}`;
          return { code, enhanced, lines };
        });
        const bytes = utf8(replies.map(writeReply).join(''));
        const reader = createReplyReader();
        const got = [...reader.push(bytes.slice(0, cut)), ...reader.push(bytes.slice(cut))];
        assert.deepEqual(got, replies);
        assert.equal(reader.pending, 0);
      }),
    );
  });

  test('a bare code, a bare LF, text that only looks like a status', () => {
    const read = (text: string): Reply[] => createReplyReader().push(utf8(text));
    assert.deepEqual(read('250\r\n'), [{ code: 250, enhanced: null, lines: [''] }]);
    assert.deepEqual(read('250 ok\n'), [{ code: 250, enhanced: null, lines: ['ok'] }]);
    assert.deepEqual(read('220 5.1.1 is our name\r\n')[0]?.enhanced, null);
  });

  test('limits and nonsense', () => {
    const long = `250 ${'x'.repeat(replyLimits.lineOctetsMax)}\r\n`;
    const many = '250-x\r\n'.repeat(replyLimits.linesMax + 1);
    for (const text of [
      long,
      long.slice(0, -2),
      many,
      'hello\r\n',
      '250-a\r\n251 b\r\n',
      '25 x\r\n',
    ]) {
      assert.throws(() => createReplyReader().push(utf8(text)), SyntaxFault);
    }
  });

  test('EHLO keywords', () => {
    const lines = ['mx.example.org', 'SIZE 1000', 'AUTH PLAIN LOGIN', 'AUTH=LOGIN', 'starttls', ''];
    const keywords = readEhlo({ code: 250, enhanced: null, lines });
    assert.deepEqual([...keywords.keys()], ['SIZE', 'AUTH', 'STARTTLS']);
    assert.deepEqual(keywords.get('SIZE'), ['1000']);
    assert.deepEqual(keywords.get('AUTH'), ['PLAIN', 'LOGIN']);
  });
});
