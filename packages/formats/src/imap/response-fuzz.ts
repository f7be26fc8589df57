/** What the fuzzer feeds: the readers of a server's responses. */

import { utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { ResponseAssembly } from './response-assembly.ts';
import { ResponseReader, type ResponseParts } from './response-reader.ts';
import { readResponse } from './response.ts';

const responses = [
  '* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] Ready',
  '* 3 EXISTS',
  '* VANISHED (EARLIER) 1:3,7',
  'a1 NO [COPYUID 7 1:3 9,8,11] text {5}',
  '+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==',
  '* LIST (\\Sent \\HasNoChildren) "/" "Verg&APw-tung" (OLDNAME ("a") CHILDINFO ("SUBSCRIBED"))',
  '* STATUS INBOX (MESSAGES 1 MAILBOXID (F1) SIZE 99999999999)',
  '* ESEARCH (TAG "a1") UID MIN 1 ALL 2,4:5 COUNT 3 PARTIAL (1:9 7)',
  '* SEARCH 1 2 3 (MODSEQ 9)',
  '* THREAD (2)(3 6 (4 23)(44 7 96))',
  '* NAMESPACE (("" "/")) NIL (("#shared/" "/"))',
  '* QUOTA "" (STORAGE 1 2)',
  '* METADATA "" (/comment ~{3}\r\na\0b /private/x NIL)',
  '* ACL INBOX rina lrs',
  '* 1 FETCH (UID 7 FLAGS (\\Seen $Junk) INTERNALDATE " 7-Feb-2026 12:34:56 +0700" ' +
    'BODY[HEADER.FIELDS (Subject)]<0> {5}\r\nhello BINARY.SIZE[1.2] 7 MODSEQ (9) PREVIEW NIL)',
  '* 1 FETCH (ENVELOPE ("d" "s" (("n" NIL "a" "b")) NIL NIL NIL NIL NIL NIL "<i>"))',
  '* 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 1 1 NIL ' +
    '("inline" NIL) ("de" "en") NIL)("text" "html" NIL NIL NIL "8BIT" 2 2) "mixed"))',
];

export const imapResponseFuzzTargets = [
  { name: 'imap responses', seeds: responses.map((text) => utf8(`${text}\r\n`)), run: runStream },
] as const;

/** Any chunking gives the same responses, and the same fault at the end. */
function runStream(bytes: Uint8Array): unknown {
  const [found, fault] = readAll(bytes, 1 + (bytes.length % 7));
  const [again] = readAll(bytes, bytes.length + 1);
  if (JSON.stringify(found) !== JSON.stringify(again)) throw new Error('chunking matters');
  const read = found.map((parts) => readResponse(parts));
  if (fault !== null) throw fault;
  return read;
}

function readAll(bytes: Uint8Array, step: number): [ResponseParts[], SyntaxFault | null] {
  const reader = new ResponseReader({ lineOctetsMax: 4096 });
  const limits = { literalOctetsMax: 65_536, responseOctetsMax: 131_072, literalsMax: 20 };
  const assembly = new ResponseAssembly(reader, limits);
  const found: ResponseParts[] = [];
  try {
    for (let at = 0; at < bytes.length; at += step) {
      reader.push(bytes.subarray(at, at + step));
      for (let parts = assembly.next(); parts; parts = assembly.next()) found.push(parts);
    }
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return [found, error];
  }
  return [found, null];
}
