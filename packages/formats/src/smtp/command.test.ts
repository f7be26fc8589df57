/**
 * Commands and their parameters. RFC 5321 §4.1; RFC 1870; RFC 3030; RFC 3339 §5.6; RFC 3461;
 * RFC 4865; RFC 4954; RFC 6152; RFC 6531; RFC 8689.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SyntaxFault } from '../syntax-fault.ts';
import { readCommand } from './command.ts';
import type { MailParameters } from './command.ts';

function mailParameters(text: string): MailParameters {
  const command = readCommand(`MAIL FROM:<a@b.example> ${text}`);
  assert.ok(command.verb === 'MAIL');
  return command.parameters;
}

describe('SMTP commands', () => {
  test('verbs in any case, arguments where they belong', () => {
    assert.deepEqual(readCommand('ehlo client.example'), {
      verb: 'EHLO',
      domain: 'client.example',
    });
    assert.deepEqual(readCommand('HELO [192.0.2.1]'), { verb: 'HELO', domain: '[192.0.2.1]' });
    assert.deepEqual(readCommand('data'), { verb: 'DATA' });
    assert.deepEqual(readCommand('QUIT '), { verb: 'QUIT' });
    assert.deepEqual(readCommand('BDAT 10 last'), { verb: 'BDAT', size: 10, isLast: true });
    assert.deepEqual(readCommand('BDAT 0'), { verb: 'BDAT', size: 0, isLast: false });
    assert.deepEqual(readCommand('NOOP of the day'), { verb: 'NOOP', argument: 'of the day' });
    const auth = { verb: 'AUTH', mechanism: 'PLAIN', initial: 'AGE=' };
    assert.deepEqual(readCommand('AUTH plain AGE='), auth);
    assert.deepEqual(readCommand('AUTH PLAIN ='), { ...auth, initial: '=' });
    assert.deepEqual(readCommand('AUTH PLAIN'), { ...auth, initial: null });
  });

  test('parameters of MAIL', () => {
    const all = mailParameters(
      'SIZE=10 body=8BITMIME SMTPUTF8 RET=hdrs ENVID=a+2Bb AUTH=<> REQUIRETLS',
    );
    assert.deepEqual(all, {
      size: 10,
      body: '8bitmime',
      smtputf8: true,
      ret: 'hdrs',
      envid: 'a+2Bb',
      auth: '<>',
      requireTls: true,
      holdForS: null,
      holdUntilMs: null,
      clickUs: null,
    });
    assert.equal(mailParameters('HOLDFOR=86400').holdForS, 86_400);
    const until = mailParameters('HOLDUNTIL=2026-11-21T09:00:00+07:00').holdUntilMs;
    assert.equal(until, Date.UTC(2026, 10, 21, 2));
    assert.equal(mailParameters('XCLICK=1795226729310000').clickUs, 1_795_226_729_310_000);
  });

  test('parameters of RCPT', () => {
    const command = readCommand(
      'RCPT TO:<a@b.example> NOTIFY=SUCCESS,failure ORCPT=rfc822;x+2By@z',
    );
    assert.ok(command.verb === 'RCPT');
    assert.deepEqual(command.parameters, {
      notify: ['success', 'failure'],
      orcpt: 'rfc822;x+2By@z',
    });
  });

  const faults: [code: string, line: string][] = [
    ['smtp.verb', ''],
    ['smtp.verb', 'FLY'],
    ['smtp.verb', ' EHLO x'],
    ['smtp.control', 'EHLO a\tb'],
    ['smtp.control', 'EHLO a\0'],
    ['smtp.argument', 'EHLO'],
    ['smtp.argument', 'EHLO a b'],
    ['smtp.argument', 'EHLO (x'],
    ['smtp.argument', 'DATA now'],
    ['smtp.bdat', 'BDAT'],
    ['smtp.bdat', 'BDAT -1'],
    ['smtp.bdat', 'BDAT 1 LAST x'],
    ['smtp.argument', 'AUTH'],
    ['smtp.argument', 'AUTH PLAIN !'],
    ['smtp.argument', 'MAIL a@b'],
    ['smtp.argument', 'VRFY'],
    ['smtp.path', 'MAIL FROM:a@b.example'],
    ['smtp.path', 'MAIL FROM:<postmaster>'],
    ['smtp.path', 'RCPT TO:<>'],
    ['smtp.parameter', 'MAIL FROM:<> SIZE=x'],
    ['smtp.parameter', 'MAIL FROM:<> SIZE=1 SIZE=1'],
    ['smtp.parameter', 'MAIL FROM:<> SMTPUTF8=yes'],
    ['smtp.parameter', 'MAIL FROM:<> BODY=9BIT'],
    ['smtp.parameter', 'MAIL FROM:<> RET=SOME'],
    ['smtp.parameter', 'MAIL FROM:<> ENVID=a+2b'],
    ['smtp.parameter', 'MAIL FROM:<> HOLDFOR=1 HOLDUNTIL=2026-11-21T09:00:00Z'],
    ['smtp.parameter', 'MAIL FROM:<> HOLDUNTIL=tomorrow'],
    ['smtp.parameter', 'MAIL FROM:<> HOLDUNTIL=2026-13-41T09:00:00Z'],
    ['smtp.parameter', 'MAIL FROM:<> -x=1'],
    ['smtp.parameter', 'RCPT TO:<a@b.c> NOTIFY=NEVER,SUCCESS'],
    ['smtp.parameter', 'RCPT TO:<a@b.c> NOTIFY='],
    ['smtp.parameter', 'RCPT TO:<a@b.c> ORCPT=a@b'],
    ['smtp.parameter', 'RCPT TO:<a@b.c> ORCPT=rfc822;a+0Ab'],
    ['smtp.parameter.unknown', 'MAIL FROM:<> NOSUCH'],
    ['smtp.parameter.unknown', 'RCPT TO:<a@b.c> SIZE=1'],
  ];
  for (const [code, line] of faults) {
    test(`${code}: ${JSON.stringify(line)}`, () => {
      assert.throws(
        () => readCommand(line),
        (error) => error instanceof SyntaxFault && error.code === code,
      );
    });
  }
});
