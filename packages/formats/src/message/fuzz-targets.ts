/**
 * The message readers as the fuzzer drives them: each target takes any octets, and throws when a
 * promise is broken. What they promise: nothing is thrown but `SyntaxFault`, any cuts give the
 * same reading, parts lie within each other, limits hold, what is written reads back.
 */

import { decodeBase64, encodeBase64, equalBytes, latin1, readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { mailboxesOf, readAddressList } from './address.ts';
import { createTextReader, decodeText } from './charset.ts';
import { compose } from './compose.ts';
import { createContentDecoder, decodeContent } from './content-decoder.ts';
import type { Encoding } from './content-decoder.ts';
import { readDate, writeDate } from './date.ts';
import { readDsn } from './dsn-read.ts';
import { decodeWords, encodeWords } from './encoded-word.ts';
import { parameterPieces, writeAddress, writeTextField } from './field-writer.ts';
import { readHead } from './head.ts';
import { addressLimits, headLimits, mimeLimits, parameterLimits, summaryLimits } from './limits.ts';
import { readIds } from './message-id.ts';
import { createMimeReader, readMime, readPartText } from './mime.ts';
import type { MimeTree, Part } from './mime.ts';
import { readContentType, readParameters } from './parameter.ts';
import { summarise } from './summary.ts';
import { readHtmlText } from './text-html.ts';
import { TextGatherer } from './text.ts';
import type { MessageText } from './text.ts';

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Throws when a promise is broken. */
  readonly run: (bytes: Uint8Array) => void;
}

function promise(isKept: boolean, what: string): void {
  if (!isKept) throw new Error(`broken promise: ${what}`);
}

/** Writers may refuse what cannot be written; nothing else may be thrown. */
function unlessRefused(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
  }
}

/** Octets whose `slice` shares memory, as that of Node's Buffer, which servers read into. */
class SharingBytes extends Uint8Array {
  override slice(start?: number, end?: number): SharingBytes {
    return this.subarray(start, end);
  }
}

/**
 * Pieces of sizes that the input itself decides on. Each is overwritten when the next is asked
 * for: a reader may not hold on to what it was given.
 */
function* cuts(bytes: Uint8Array): Generator<Uint8Array> {
  let at = 0;
  let seed = bytes.length + 1;
  while (at < bytes.length) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    const size = 1 + (seed % (seed % 7 === 0 ? 300 : 5));
    const cut = SharingBytes.from(bytes.subarray(at, at + size));
    yield cut;
    cut.fill(0x2d);
    at += size;
  }
}

// ---------------------------------------------------------------- targets

function runHead(bytes: Uint8Array): void {
  const head = readHead(bytes);
  promise(head.length <= bytes.length, 'a head ends within the octets');
  promise(head.fields.length <= headLimits.fieldsMax, 'fieldsMax');
  let end = 0;
  for (const field of head.fields) {
    promise(field.start >= end && field.end > field.start, 'fields lie in order');
    promise(field.end <= head.length, 'fields lie within the head');
    promise(field.raw().length === field.end - field.start, 'raw is the whole field');
    promise(!/[\r\n]/u.test(field.value()), 'a value is one line');
    end = field.end;
  }
  const summary = summarise(head);
  promise(summary.subject.length <= summaryLimits.textMax, 'summaryLimits.textMax');
  promise(!/[\u0000-\u001f]/u.test(summary.from + summary.to + summary.subject), 'no controls');
}

function checkPart(part: Part, outer: { start: number; end: number }): number {
  promise(part.headStart <= part.bodyStart, 'a head is before its body');
  promise(part.bodyStart <= part.bodyEnd, 'a body ends behind its start');
  promise(part.headStart >= outer.start, 'a part begins within its parent');
  promise(part.bodyEnd <= outer.end, 'a part ends within its parent');
  const inside = { start: part.bodyStart, end: part.bodyEnd };
  let count = 1;
  let from = part.bodyStart;
  for (const inner of part.parts) {
    promise(inner.headStart >= from, 'parts lie in order');
    count += checkPart(inner, inside);
    from = inner.bodyEnd;
  }
  return part.message === null ? count : count + checkPart(part.message, inside);
}

/** All that a tree says, comparable. */
export function describeTree(tree: MimeTree): string {
  const describe = (part: Part): unknown => [
    part.path,
    part.headStart,
    part.bodyStart,
    part.bodyEnd,
    part.bodyLines,
    part.head.fields.map((field) => [field.name, field.start, field.end, field.value()]),
    part.type.value,
    [...part.type.parameters],
    part.encoding,
    part.parts.map(describe),
    part.message === null ? null : describe(part.message),
  ];
  return JSON.stringify([describe(tree.root), tree.size, tree.faults]);
}

/** Text for searching: bounded, its line ends are its own, and the cuts do not matter. */
function runText(bytes: Uint8Array): void {
  const lengthMax = 500;
  const gather = (chunks: Iterable<Uint8Array>): MessageText => {
    const gatherer = new TextGatherer(lengthMax);
    const reader = createMimeReader({ onPart: (part) => gatherer.onPart(part) });
    for (const chunk of chunks) reader.write(chunk);
    return gatherer.finish(reader.end().root);
  };
  const text = gather([bytes]);
  promise(JSON.stringify(gather(cuts(bytes))) === JSON.stringify(text), 'cuts do not matter');
  promise(text.body.replaceAll('\n', '').length <= lengthMax, 'lengthMax');
  promise(text.body.isWellFormed() && text.head.isWellFormed(), 'whole characters');
  promise(!/[\u0000-\u0009\u000b-\u001f]/u.test(text.body + text.head), 'no controls');
  promise(!/[\r\n]/u.test(text.preview), 'a preview is one line');
  const html = readHtmlText(latin1(bytes));
  promise(html.text.length <= bytes.length * 2, 'a text is not longer than its markup');
}

function runMime(bytes: Uint8Array): void {
  const tree = readMime(bytes);
  promise(tree.size === bytes.length, 'all octets are counted');
  promise(
    checkPart(tree.root, { start: 0, end: bytes.length }) <= mimeLimits.partsMax + 1,
    'partsMax',
  );
  const given = new Map<Part, number>();
  const reader = createMimeReader({
    onPart: (part) => ({
      write: (chunk) => given.set(part, (given.get(part) ?? 0) + chunk.length),
      end: () => {
        promise((given.get(part) ?? 0) === part.bodyEnd - part.bodyStart, 'a sink gets the body');
      },
    }),
  });
  for (const cut of cuts(bytes)) reader.write(cut);
  promise(describeTree(reader.end()) === describeTree(tree), 'any cuts give the same tree');
  const readLeaves = (part: Part): void => {
    if (part.parts.length === 0 && part.message === null) readPartText(bytes, part);
    part.parts.forEach(readLeaves);
    if (part.message !== null) readLeaves(part.message);
  };
  readLeaves(tree.root);
}

function runAddress(bytes: Uint8Array): void {
  const list = readAddressList(decodeText(bytes, null));
  const all = mailboxesOf(list);
  promise(all.length <= addressLimits.addressesMax, 'addressesMax');
  for (const mailbox of all.slice(0, 20)) {
    unlessRefused(() => {
      const again = mailboxesOf(readAddressList(writeAddress(mailbox)));
      promise(again.length === 1, 'one address is written as one');
      promise(again[0]!.local === mailbox.local.toWellFormed(), 'local part');
      promise(again[0]!.domain === mailbox.domain, 'domain');
      promise(again[0]!.name === (mailbox.name?.toWellFormed() ?? null), 'name');
    });
  }
}

function runDate(bytes: Uint8Array): void {
  const date = readDate(latin1(bytes));
  if (date === null) return;
  promise(Number.isSafeInteger(date.ms), 'a date is a moment');
  unlessRefused(() => {
    const again = readDate(writeDate(date.ms, date.offsetMinutes));
    promise(again !== null && again.ms === date.ms, 'a date reads back');
  });
}

function runWords(bytes: Uint8Array): void {
  const text = decodeText(bytes, null);
  decodeWords(text);
  const words = encodeWords(text);
  promise(decodeWords(words.join(' ')) === text.toWellFormed(), 'encoded words read back');
  promise(
    words.every((word) => word.length <= 75),
    'an encoded word has 75 characters',
  );
  const line = text.replace(/[\u0000-\u001f\u007f]/gu, ' ');
  for (const isUtf8 of [true, false]) {
    const field = writeTextField('Subject', line, { utf8: isUtf8 });
    const read = readHead(utf8(field)).fields[0]!.value();
    promise(decodeWords(read) === line.toWellFormed(), 'text reads back');
    promise(!/\r(?!\n)|(?<!\r)\n|\n(?![ ]|$)/u.test(field), 'folds are folds');
  }
}

function runParameters(bytes: Uint8Array): void {
  const text = decodeText(bytes, null);
  const type = readContentType(text, []);
  promise(type.value === `${type.type}/${type.subtype}`, 'a type has two halves');
  promise(type.parameters.size <= parameterLimits.parametersMax, 'parametersMax');
  for (const value of type.parameters.values()) {
    promise(value.length <= parameterLimits.parameterLengthMax, 'parameterLengthMax');
  }
  const given = text.slice(0, 2000).toWellFormed();
  const pieces = parameterPieces('filename', given);
  const read = readParameters(`attachment; ${pieces.join(';\r\n ')}`, []);
  promise(read.parameters.get('filename') === given, 'a file name reads back');
  readIds(text);
}

function decodeWith(encoding: Encoding): (bytes: Uint8Array) => void {
  return (bytes) => {
    const whole = decodeContent(bytes, encoding);
    const decoder = createContentDecoder(encoding);
    let text = '';
    for (const cut of cuts(bytes)) text += latin1(decoder.write(cut));
    text += latin1(decoder.end());
    promise(text === latin1(whole), 'any cuts give the same content');
  };
}

const charsets = 'utf-8 utf-7 utf-16 iso-2022-jp hz iso-2022-kr cp437 gbk gb18030 big5 euc-jp x'
  .split(' ')
  .concat('', 'shift_jis', 'euc-kr', 'windows-1251');

function runCharset(bytes: Uint8Array): void {
  for (const charset of charsets) {
    const whole = decodeText(bytes, charset);
    const reader = createTextReader(charset);
    let text = '';
    for (const cut of cuts(bytes)) text += reader.write(cut);
    promise(text + reader.end() === whole, `any cuts give the same text (${charset})`);
  }
}

function runBytes(bytes: Uint8Array): void {
  promise(equalBytes(decodeBase64(encodeBase64(bytes))!, bytes), 'base64 reads back');
  const given = decodeBase64(latin1(bytes));
  if (given !== null) promise(encodeBase64(given) === latin1(bytes), 'strict base64 is canonical');
  const text = readUtf8(bytes);
  if (text !== null) promise(equalBytes(utf8(text), bytes), 'UTF-8 reads back');
}

function runCompose(bytes: Uint8Array): void {
  const text = decodeText(bytes, null);
  unlessRefused(() => {
    const mailbox = { name: text, local: 'siti', domain: 'surat.test', address: '' };
    const message = compose({
      from: mailbox,
      to: [mailbox],
      subject: text,
      dateMs: 0,
      messageId: 'one@surat.test',
      text,
      html: text,
      attachments: [{ name: text, type: text, bytes }],
      utf8: bytes.length % 2 === 0,
      boundarySeed: 'fuzz',
    });
    promise(!/\r(?!\n)|(?<!\r)\n/u.test(latin1(message)), 'only CRLF ends lines');
    promise(
      latin1(message)
        .split('\r\n')
        .every((line) => line.length <= 998),
      'no line is longer than 998 octets',
    );
    const { root, faults } = readMime(message);
    promise(root.parts.length === 2, 'a composed message has its parts');
    const file = root.parts[1]!;
    // Octets that were given as a message may be damaged as one; they go out as they are.
    const isSound = faults.length === 0 || file.message !== null;
    promise(isSound, `a composed message has no faults: ${faults[0]?.code}`);
    const content = decodeContent(message.subarray(file.bodyStart, file.bodyEnd), file.encoding);
    promise(equalBytes(content, bytes), 'an attachment is the same');
  });
}

// ---------------------------------------------------------------- seeds

const lines = (...text: string[]): Uint8Array => utf8(text.join('\r\n'));

const markupSeeds = [
  `Content-Type: text/html; charset=utf-8\r\n\r\n<p title="a > b">Apa &amp; siapa<br>` +
    `<a href='https://surat.test/?a=1&amp;b'>ini</a><!-- x --><style>p{}</style>&#x1F600;\r\n`,
].map(utf8);

const messageSeeds = [
  lines(
    'From: =?utf-8?Q?S=C3=ADti?= <siti@surat.test>',
    'To: "Doe, J." <you@merpati.test>, tim: a@b.test, c@d.test;',
    'Subject: one',
    ' two',
    'Content-Type: multipart/mixed; boundary="xx"',
    '',
    'preamble',
    '--xx',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'caf=C3=A9 =',
    '--xx',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'Content-Type: multipart/digest; boundary=yy',
    '',
    '--yy',
    '',
    'From: a@b',
    '',
    'text',
    '--yy--',
    '--xx',
    "Content-Type: application/octet-stream; name*0*=utf-8''a%20;",
    ' name*1=b',
    'Content-Transfer-Encoding: base64',
    '',
    'aGVsbG8=',
    '--xx--',
    'epilogue',
    '',
  ),
  lines(
    'Content-Type: multipart/report; report-type=delivery-status; boundary=r',
    '',
    '--r',
    '',
    'Sorry.',
    '--r',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.surat.test',
    '',
    'Final-Recipient: rfc822; you@merpati.test',
    'Action: failed',
    'Status: 5.1.1',
    '',
    '--r',
    'Content-Type: text/rfc822-headers',
    '',
    'Message-ID: <1@surat.test>',
    '--r--',
    '',
  ),
  utf8('From x\nA:b\r\r\n junk\nno field\nC: d\n\n'),
];

const addressSeeds = [
  'Siti <siti@surat.test>, "Doe, J." <j@x.test> (c), tim: a@b, <@r,@s:c@d>;, =?utf-8?Q?a,b?= <e@f>',
  'john . doe @ example . test (Name), "a b"@c.test, x@[127.0.0.1], undisclosed-recipients:;',
  '<<a@b>, "unclosed <c@d>; mailto:e@f, a@b@c, root, J Doe k@l.test',
].map(utf8);

const wordSeeds = [
  '=?utf-8?Q?Sela?= =?utf-8?B?bWF0?= pagi =?iso-8859-1*id?Q?=E9_x?= =?x?y?z?=',
  'Grüße  an alle,   日本語 😀 =? x ?=',
].map(utf8);

const parameterSeeds = [
  'text/plain; charset=utf-8; name*0*=utf-8\'id\'a%20; name*1="b; c"; name*2*=%E2%82%AC',
  'attachment; filename="=?utf-8?B?4oKs?=.pdf"; filename="a "b" c"; filename=my file.pdf; size=1',
].map(utf8);

const dateSeeds = [
  'Fri, 21 Nov 1997 09:55:06 -0600',
  'Fri Nov 21 09(x):55:06 EST 97',
  '1997-11-21T09:55:06.123Z',
].map(utf8);

const base64Seeds = ['aGVsbG8gd29ybGQ=\r\naGk=', '+/+/====ab=c'].map(utf8);
const printableSeeds = ['caf=C3=A9 =  \r\nx \t\r\n=3D=\n=4', '=\r=\n==41'].map(utf8);
const uuSeeds = ['begin 644 a.txt\n#0V%T\n`\nend\n', 'begin 600 x\r\n!80  \r\n'].map(utf8);
const charsetSeeds = [
  utf8('a+ZeVnLIqe- ~{VPND~} \u001b$B\u001b(B \u001b$)C\u000e0!\u000f é€😀'),
  Uint8Array.of(0xfe, 0xff, 0x65, 0xe5, 0xd8, 0x3d, 0xde, 0x00, 0x80, 0xff, 0xc3),
];

export const fuzzTargets: readonly FuzzTarget[] = [
  { name: 'message/head', seeds: messageSeeds, run: runHead },
  { name: 'message/mime', seeds: messageSeeds, run: runMime },
  { name: 'message/text', seeds: [...messageSeeds, ...markupSeeds], run: runText },
  { name: 'message/dsn', seeds: messageSeeds, run: (bytes) => void readDsn(bytes) },
  { name: 'message/address', seeds: addressSeeds, run: runAddress },
  { name: 'message/date', seeds: dateSeeds, run: runDate },
  { name: 'message/encoded-word', seeds: wordSeeds, run: runWords },
  { name: 'message/parameter', seeds: parameterSeeds, run: runParameters },
  { name: 'message/base64', seeds: base64Seeds, run: decodeWith('base64') },
  { name: 'message/quoted-printable', seeds: printableSeeds, run: decodeWith('quoted-printable') },
  { name: 'message/uuencode', seeds: uuSeeds, run: decodeWith('uuencode') },
  { name: 'message/charset', seeds: charsetSeeds, run: runCharset },
  { name: 'message/compose', seeds: [...wordSeeds, ...addressSeeds], run: runCompose },
  { name: 'bytes', seeds: [...base64Seeds, ...charsetSeeds], run: runBytes },
];
