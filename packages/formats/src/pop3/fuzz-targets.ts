/** What the fuzzer feeds: every reader of POP3. */

import { concat, equalBytes, latin1, utf8 } from '../bytes.ts';
import { readPop3Command, writePop3Command } from './command.ts';
import { DotStuffer, DotUnstuffer, TopCutter } from './multiline.ts';
import {
  ReplyReader,
  readCapabilities,
  readDropListing,
  readPop3Reply,
  readScanListing,
  readUidListing,
} from './reply.ts';

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** May throw `SyntaxFault` and nothing else. */
  readonly run: (bytes: Uint8Array) => void;
}

const commands = [
  'USER you@merpati.test',
  'PASS a secret  with spaces ',
  'AUTH PLAIN AHlvdQBtZXJwYXRp',
  'AUTH SCRAM-SHA-256 =',
  'auth',
  'CAPA',
  'LIST 1',
  'TOP 1 0',
  'RETR 999999999999999',
  'LANG *',
  'LANG id-ID',
  'USER żółw@merpati.test',
];

const replies = [
  '+OK',
  '+OK 2 320',
  '-ERR [IN-USE] busy',
  '-ERR [SYS/TEMP] later',
  '+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==',
  '+',
  '1 whqtswO00WBw418f9t5JxYwZ',
  '12 120 more',
  'EXPIRE 30 USER',
];

const messages = [
  'Subject: a\r\n\r\n.\r\n..\r\nb',
  'a\n.\r\n\r.\r\n.\n',
  '.\r\n',
  '\r\n.',
  '',
  'a\r\n.b\r.\n..\n',
];

export const pop3FuzzTargets: readonly FuzzTarget[] = [
  { name: 'pop3 command', seeds: commands.map(utf8), run: runCommand },
  { name: 'pop3 reply', seeds: replies.map(utf8), run: runReply },
  { name: 'pop3 reply stream', seeds: replies.map((line) => utf8(`${line}\r\n`)), run: runStream },
  { name: 'pop3 dots', seeds: messages.map(utf8), run: runDots },
];

function runCommand(bytes: Uint8Array): void {
  const command = readPop3Command(bytes);
  const again = readPop3Command(writePop3Command(command).subarray(0, -2));
  if (JSON.stringify(again) !== JSON.stringify(command)) throw new Error('read ∘ write differs');
}

function runReply(bytes: Uint8Array): void {
  const reply = readPop3Reply(bytes);
  if (reply.kind === 'continue') return;
  readCapabilities([reply.text]);
  for (const read of [readDropListing, readScanListing, readUidListing]) read(reply.text);
}

function runStream(bytes: Uint8Array): void {
  const reader = new ReplyReader({ lineOctetsMax: 64 });
  for (let at = 0; at < bytes.length; at += 7) {
    reader.push(bytes.subarray(at, at + 7));
    while (reader.readListingLine() !== null);
    if (reader.pending > 64 + 7) throw new Error('more held than promised');
  }
}

/** A dot alone on a line that only those see who take LF for a line end; see `DotStuffer`. */
const hasLooseDot = /(?:(?<!\r)\n|\n\r|^\r)\.(?:[\r\n]|$)/;

/** Stuffing in any chunks, then unstuffing in any chunks, gives the message back. */
function runDots(bytes: Uint8Array): void {
  const step = 1 + (bytes.length % 5);
  const stuffed = stuff(bytes, step);
  if (!equalBytes(stuffed, stuff(bytes, bytes.length + 1))) throw new Error('chunking matters');
  const { content, rest } = unstuff(concat([stuffed, utf8('+OK\r\n')]), step + 1);
  if (!equalBytes(rest, utf8('+OK\r\n'))) throw new Error('the reply ended elsewhere');
  if (!hasLooseDot.test(latin1(bytes)) && !equalBytes(content.subarray(0, bytes.length), bytes)) {
    throw new Error('not byte for byte');
  }
  const cutter = new TopCutter(bytes.length % 3);
  for (let at = 0; at < bytes.length && !cutter.done; at += step) {
    cutter.push(bytes.subarray(at, at + step));
  }
}

function stuff(bytes: Uint8Array, step: number): Uint8Array {
  const stuffer = new DotStuffer();
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    out.push(stuffer.push(bytes.subarray(at, at + step)));
  }
  return concat([...out, stuffer.end()]);
}

function unstuff(wire: Uint8Array, step: number): { content: Uint8Array; rest: Uint8Array } {
  const unstuffer = new DotUnstuffer();
  const out: Uint8Array[] = [];
  for (let at = 0; at < wire.length; at += step) {
    const chunk = wire.subarray(at, at + step);
    const { content, consumed, done } = unstuffer.push(chunk);
    out.push(content);
    if (done) return { content: concat(out), rest: wire.subarray(at + consumed) };
  }
  throw new Error('the reply did not end');
}
