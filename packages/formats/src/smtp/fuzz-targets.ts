/** Readers of SMTP for the fuzzer, with good inputs to start from. */

import { latin1, utf8 } from '../bytes.ts';
import { readCommand } from './command.ts';
import { DotReader, DotWriter, NewlineCheck } from './dot.ts';
import { normalAddress, readPath } from './path.ts';
import { createReplyReader, readEhlo } from './reply.ts';
import { describeStatus } from './status.ts';
import { decodeXtext, readOrcpt } from './xtext.ts';

const texts = (...seeds: string[]): Uint8Array[] => seeds.map((seed) => utf8(seed));

export const smtpTargets = [
  {
    name: 'smtp command',
    seeds: texts(
      'EHLO [IPv6:2001:db8::1]',
      'MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb AUTH=<>',
      'MAIL FROM:<> HOLDUNTIL=2026-11-21T09:00:00+07:00 REQUIRETLS',
      'RCPT TO:<@a.example,@b.example:"x\\"y"@xn--bcher-kva.example> NOTIFY=SUCCESS,DELAY',
      'RCPT TO:<a@b.example> ORCPT=utf-8;\\x{FC}@b',
      'BDAT 100 LAST',
      'AUTH PLAIN AGEAYg==',
    ),
    run: (bytes: Uint8Array) => readCommand(latin1(bytes)),
  },
  {
    name: 'smtp path',
    seeds: texts('<a.b+c@example.org> X=1', '<"a@b"@[192.0.2.1]>', '<@x.example:пошта@почта.рф>'),
    run: (bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      return [normalAddress(text), readPath(text)];
    },
  },
  {
    name: 'smtp reply',
    seeds: texts(
      '250-mx.example.org\r\n250-SIZE 100\r\n250 AUTH PLAIN\r\n',
      '550 5.1.1 no such user\r\n',
      '421-4.3.2 a\r\n421 4.3.2 b\r\n220 x\n',
    ),
    run: (bytes: Uint8Array) => {
      const replies = createReplyReader().push(bytes);
      return replies.map((reply) => [reply, readEhlo(reply)]);
    },
  },
  {
    name: 'smtp dot reader',
    seeds: texts('a\r\n..b\r\n.\r\nQUIT\r\n', '.\r\n', 'x\n.\r\n', '\r.\r\n', '.a\r\n.\r.\r\n'),
    run: (bytes: Uint8Array) => {
      const reader = new DotReader();
      const pieces: Uint8Array[] = [];
      const taken = reader.push(bytes, (piece) => pieces.push(piece));
      return [taken, reader.fault, pieces];
    },
  },
  {
    name: 'smtp dot writer',
    seeds: texts('a\r\n.b\r\n', 'a', '.', 'a\nb', 'a\rb'),
    run: (bytes: Uint8Array) => {
      const isSound = new NewlineCheck().push(bytes);
      const writer = new DotWriter();
      return [isSound, writer.write(bytes), writer.end()];
    },
  },
  {
    name: 'smtp xtext and status',
    seeds: texts('rfc822;a+2Bb@c', 'utf-8;\\x{1F600}@b', '5.1.1', '4.7.28'),
    run: (bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      return [decodeXtext(text), readOrcpt(text), describeStatus(text)];
    },
  },
];
