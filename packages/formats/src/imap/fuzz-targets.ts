/** IMAP's readers of commands for the fuzzer, with good inputs to start from. */

import { ascii, equalBytes, latin1, readUtf8, utf8 } from '../bytes.ts';
import { type AppendPlace, readAppendNext, readAppendStart } from './command-append.ts';
import type { Command, CommandParts } from './command.ts';
import { makeListPattern } from './list-pattern.ts';
import { readLiteralMarker } from './literal.ts';
import { decodeMailboxName, encodeMailboxName, readMailboxName } from './mailbox-name.ts';
import { imapOrderFuzzTargets } from './order-fuzz.ts';
import { readCommand, readSaslAnswer } from './read-command.ts';
import { imapResponseFuzzTargets } from './response-fuzz.ts';
import { readSequenceSet, resolveSet, writeSequenceSet } from './sequence-set.ts';
import { imapStructureFuzzTargets } from './structure-fuzz.ts';

const texts = (...seeds: string[]): Uint8Array[] => seeds.map((seed) => utf8(seed));

const commands = texts(
  'a1 LOGIN {4+}\r\nrina "pass\\"word"',
  'a1 AUTHENTICATE PLAIN AGEAYg==',
  'a1 ID ("name" "x" "os" NIL)',
  'a1 SELECT "Verg&APw-tung" (CONDSTORE QRESYNC (7 9 1:3 (1,5 2,9)))',
  'a1 LIST (SUBSCRIBED) "" (a "b*" %) RETURN (CHILDREN STATUS (SIZE MESSAGES))',
  'a1 CREATE a/b (USE (\\Drafts))',
  'a1 GETMETADATA (DEPTH infinity MAXSIZE 9) "" (/shared/a /private/b)',
  'a1 SETMETADATA INBOX (/private/a ~{3}\r\na\0b /private/b NIL)',
  'a1 SETACL a rina +lrs',
  'a1 NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (To)]) MessageExpunge))',
  'a1 UID FETCH 1:*,4 (FLAGS BODY.PEEK[1.2.MIME]<0.9> BINARY.SIZE[1]) (CHANGEDSINCE 7 VANISHED)',
  'a1 STORE $ (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Seen $x)',
  'a1 SEARCH RETURN (MIN PARTIAL -1:-9) CHARSET iso-8859-1 OR (FROM "a" NOT 1:3) MODSEQ 7',
  'a1 UID SORT (REVERSE DATE DISPLAYFROM) UTF-8 SUBJECT {2}\r\nhi SINCE 1-Feb-2026',
  'a1 ESEARCH IN (mailboxes (a b) personal) RETURN (COUNT) FUZZY TEXT rice',
);

const appends = texts(
  'a1 APPEND INBOX (\\Seen) " 1-Feb-2026 00:00:00 +0700" {3}\r\nabc UTF8 (~{2}\r\nab)',
  'a1 APPEND {5}\r\nINBOX CATENATE (URL "/x" TEXT {3}\r\nabc URL {2}\r\n/y) {1+}\r\nx',
  'a1 UID REPLACE 7 Drafts {3}\r\nabc',
);

export const imapCommandFuzzTargets = [
  { name: 'imap command', seeds: commands, run: (bytes: Uint8Array) => readWhole(bytes) },
  { name: 'imap append', seeds: appends, run: readAppend },
  {
    name: 'imap mailbox name',
    seeds: texts('INBOX', 'a &- b', '~peter/&U,BTFw-/&ZeVnLIqe-', '&2D3eAA-'),
    run: (bytes: Uint8Array) => {
      const name = decodeMailboxName(latin1(bytes));
      if (name !== null && !equalBytes(ascii(encodeMailboxName(name)), bytes)) {
        throw new Error('a name has two forms');
      }
      const names = [true, false].map((isUtf8) => readMailboxName(bytes, { utf8: isUtf8 }));
      return [name, names];
    },
  },
  {
    name: 'imap list pattern',
    seeds: texts('*', 'a/%/c', '%a%a*b', 'inbox'),
    run: (bytes: Uint8Array) => {
      const pattern = makeListPattern('', readUtf8(bytes) ?? '');
      const names = ['INBOX', 'a/b/c', `${'a'.repeat(200)}/b`];
      return names.map((name) => [pattern.matches(name), pattern.mayMatchBelow(name)]);
    },
  },
  {
    name: 'imap set',
    seeds: texts('1:4,7,9:*', '4294967295:1', '*'),
    run: (bytes: Uint8Array) => {
      const set = readSequenceSet(latin1(bytes));
      if (JSON.stringify(readSequenceSet(writeSequenceSet(set))) !== JSON.stringify(set)) {
        throw new Error('a set does not come back');
      }
      return resolveSet(set, 1000);
    },
  },
  { name: 'imap sasl answer', seeds: texts('AGEAYg==', '*', '='), run: readSaslAnswer },
] as const;

export { imapOrderFuzzTargets, imapResponseFuzzTargets, imapStructureFuzzTargets };

/** A stream as a session cuts it: lines, and the literals that they tell of. */
function cut(bytes: Uint8Array): CommandParts {
  const parts: CommandParts[number][] = [];
  for (let at = 0; ;) {
    const lineFeed = bytes.indexOf(10, at);
    const end = lineFeed < 0 ? bytes.length : lineFeed;
    const line = bytes.subarray(at, end > at && bytes[end - 1] === 13 ? end - 1 : end);
    parts.push(line);
    at = end + 1;
    const marker = readLiteralMarker(line);
    if (marker === null || at + marker.octets > bytes.length) return parts;
    parts.push({ literal: bytes.subarray(at, at + marker.octets), binary: marker.isBinary });
    at += marker.octets;
  }
}

function readWhole(bytes: Uint8Array): Command {
  const parts = cut(bytes);
  const command = readCommand(parts, { utf8: false });
  const again = readCommand(parts, { utf8: false });
  if (JSON.stringify(command) !== JSON.stringify(again)) throw new Error('not the same twice');
  return command;
}

/** As a session does it: message literals are passed over, others collected. */
function readAppend(bytes: Uint8Array): unknown {
  const options = { utf8: false };
  const steps: unknown[] = [];
  let parts: CommandParts[number][] = [];
  let place: AppendPlace | null = null;
  let isData = false;
  for (const part of cut(bytes)) {
    if (isData && !(part instanceof Uint8Array)) {
      isData = false;
      continue;
    }
    parts.push(part);
    if (!(part instanceof Uint8Array)) continue;
    const read: ReturnType<typeof readAppendNext> =
      place === null ? readAppendStart(parts, options) : readAppendNext(place, parts, options);
    if (read === null) continue;
    steps.push(...read.steps);
    ({ place } = read);
    parts = [];
    isData = read.steps.at(-1)?.step === 'data';
    if (!isData) return steps;
  }
  return steps;
}
