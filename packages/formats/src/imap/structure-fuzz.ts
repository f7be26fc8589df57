/**
 * What IMAP tells of a message, for the fuzzer: any octets are a message, whatever is told of it
 * can be read as a response, and every section lies within it.
 */

import { ascii, concat, equalBytes, utf8 } from '../bytes.ts';
import { readMime } from '../message/mime.ts';
import type { Part } from '../message/part.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { writeBodyStructure } from './body-structure.ts';
import { encodeBinaryParts } from './encode-binary.ts';
import { writeEnvelope } from './envelope.ts';
import { FieldNames, pickFields } from './header-fields.ts';
import { ResponseAssembly } from './response-assembly.ts';
import { ResponseReader } from './response-reader.ts';
import { readResponse } from './response.ts';
import { cutSection, findPart, findSection, sectionSize } from './section.ts';
import type { SectionOctets } from './section.ts';
import { withoutExtensions } from './shorten-structure.ts';
import { readMessageUrl } from './url.ts';

const messages = [
  'From: "A \\"B\\"" <@r.test:a@b.test>, tim: c@d.test;\r\n' +
    'Subject: =?utf-8?Q?=C3=A9?= \xe9\r\n\r\nx',
  'Content-Type: multipart/mixed; boundary=x; name*0*=utf-8\'\'%E2; name*1="a b"\r\n' +
    'Content-Language: id, en\r\n\r\n--x\r\n\r\none\r\n--x\r\n' +
    'Content-Type: message/rfc822\r\n\r\n' +
    'Subject: inner\r\nContent-Type: multipart/digest; boundary=y\r\n\r\n--y\r\n\r\nA: b\r\n\r\n' +
    'c\r\n--y--\r\n--x\r\nContent-Disposition: attachment; filename="a\r\n b"\r\n' +
    'Content-Transfer-Encoding: base64\r\nContent-ID: <c@d>\r\n\r\nAAEC\r\n--x--\r\n',
  'Content-Type: message/global\r\nContent-Transfer-Encoding: binary\r\n\r\nA: b\r\n\r\n\0',
];

const urls = [
  '/INBOX;UIDVALIDITY=7/;UID=20/;SECTION=1.2.MIME/;PARTIAL=3.9',
  ';UID=1',
  '/a%20b/;UID=1',
];

export const imapStructureFuzzTargets = [
  { name: 'imap structure', seeds: messages.map((text) => utf8(text)), run: tellAll },
  { name: 'imap sections', seeds: messages.map((text) => utf8(text)), run: findAll },
  { name: 'imap fields', seeds: messages.map((text) => utf8(text)), run: pickSome },
  { name: 'imap binary parts', seeds: messages.map((text) => utf8(text)), run: encodeAll },
  {
    name: 'imap url',
    seeds: urls.map((text) => ascii(text)),
    run: (bytes: Uint8Array) => readMessageUrl(new TextDecoder('utf-8').decode(bytes)),
  },
] as const;

function promise(isKept: boolean, what: string): void {
  if (!isKept) throw new Error(`broken promise: ${what}`);
}

/** What we write may not be refused. */
function tellAll(bytes: Uint8Array): void {
  try {
    tell(readMime(bytes).root);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    throw new Error('broken promise: what is told can be read', { cause: error });
  }
}

function tell(root: Part): void {
  const full = writeBodyStructure(root, { extended: true });
  const plain = writeBodyStructure(root, { extended: false });
  promise(equalBytes(withoutExtensions(full), plain), 'BODY is BODYSTRUCTURE without extensions');
  const items = [ascii('* 1 FETCH (ENVELOPE '), writeEnvelope(root.head)];
  items.push(ascii(' BODYSTRUCTURE '), full, ascii(' BODY '), plain, ascii(')\r\n'));
  const reader = new ResponseReader({ lineOctetsMax: 1 << 24 });
  const octetsMax = 1 << 24;
  const assembly = new ResponseAssembly(reader, {
    literalOctetsMax: octetsMax,
    responseOctetsMax: octetsMax,
    literalsMax: 1_000_000,
  });
  reader.push(concat(items));
  const parts = assembly.next();
  const response = parts === null ? null : readResponse(parts);
  promise(response?.kind === 'fetch', 'what is told is a whole response');
}

const texts = [null, 'mime', 'header', 'header.fields', 'header.fields.not', 'text'] as const;

function findAll(bytes: Uint8Array): void {
  const { root, size } = readMime(bytes);
  for (const part of [[], ...numbersIn(root, [])]) {
    for (const text of texts) {
      if (text === 'mime' && part.length === 0) continue;
      const fields = text?.startsWith('header.fields') === true ? ['subject', 'a'] : [];
      const found = findSection(root, { part, text, fields });
      if (found !== null) checkPlaces(found, size);
    }
  }
}

/** Parts of the first numbers are enough. */
function* numbersIn(root: Part, above: readonly number[]): Generator<readonly number[]> {
  for (let number = 1; number <= 4 && above.length < 6; number += 1) {
    const numbers = [...above, number];
    if (findPart(root, numbers) === null) return;
    yield numbers;
    yield* numbersIn(root, numbers);
  }
}

function checkPlaces(found: SectionOctets, size: number): void {
  let at = 0;
  for (const { start, end } of found.ranges) {
    promise(start >= at && end > start && end <= size, 'ranges lie in the message, in order');
    at = end;
  }
  const whole = sectionSize(found);
  const first = whole >> 1;
  const cut = sectionSize(cutSection(found, { first, count: 3 }));
  promise(cut === Math.min(3, whole - first), 'a piece has its size');
}

function pickSome(bytes: Uint8Array): void {
  let at = 0;
  pickFields(bytes, new FieldNames(['subject', 'from', 'a']), (start, end) => {
    promise(start >= at && end > start && end <= bytes.length, 'fields lie in the head, in order');
    at = end;
  });
}

function encodeAll(bytes: Uint8Array): void {
  const encoded = concat(encodeBinaryParts(bytes));
  if (!bytes.includes(0)) promise(equalBytes(encoded, bytes), 'without NUL nothing is changed');
}
