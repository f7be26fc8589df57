/**
 * Character sets of mail: what TextDecoder knows, the names that mail uses for it, and the few
 * sets that it does not know. Unknown and missing names are guessed. RFC 2046 §4.1.2, RFC 2152,
 * RFC 1843, RFC 1557.
 */

import { concat, copyBytes, latin1, utf8 } from '../bytes.ts';
import { HzReader, JapaneseReader, KoreanReader, LineReader } from './charset-asian.ts';
import { singleByteTables } from './charset-tables.ts';
import type { Fault } from './fault.ts';
import { noteFault } from './fault.ts';
import { Utf7Reader } from './utf7.ts';

/** Decodes a stream of octets; the text does not depend on how they are cut. */
export interface TextReader {
  write(chunk: Uint8Array): string;
  end(): string;
}

/** Names that mail uses and the encoding standard does not list. */
const aliases = new Map(
  Object.entries({
    cp932: 'shift_jis',
    'x-ms-cp932': 'shift_jis',
    'windows-932': 'shift_jis',
    'x-sjis-jp': 'shift_jis',
    cp51932: 'euc-jp',
    'eucjp-ms': 'euc-jp',
    eucjp: 'euc-jp',
    cp50220: 'iso-2022-jp',
    'iso-2022-jp-1': 'iso-2022-jp',
    'iso-2022-jp-2': 'iso-2022-jp',
    'iso-2022-jp-ms': 'iso-2022-jp',
    '_iso-2022-jp$sio': 'iso-2022-jp',
    cp949: 'euc-kr',
    uhc: 'euc-kr',
    ks_c_5601: 'euc-kr',
    'x-windows-949': 'euc-kr',
    euckr: 'euc-kr',
    cp936: 'gbk',
    'windows-936': 'gbk',
    'gb-2312': 'gbk',
    'gb2312-80': 'gbk',
    euccn: 'gbk',
    'euc-cn': 'gbk',
    'gb18030-2022': 'gb18030',
    cp950: 'big5',
    'windows-950': 'big5',
    'big5-tw': 'big5',
    'big5-et': 'big5',
    utf8mb4: 'utf-8',
    utf_8: 'utf-8',
    'utf-8n': 'utf-8',
    'unicode-1-1-utf8': 'utf-8',
    cp65001: 'utf-8',
    cp65000: 'utf-7',
    utf7: 'utf-7',
    'unicode-1-1-utf-7': 'utf-7',
    'x-unicode-2-0-utf-7': 'utf-7',
    csunicode11utf7: 'utf-7',
    utf16: 'utf-16',
    unicode: 'utf-16',
    'iso-10646-ucs-2': 'utf-16',
    'ucs-2': 'utf-16',
    'utf-16-be': 'utf-16be',
    'utf-16-le': 'utf-16le',
    latin_1: 'windows-1252',
    'iso-8859-1-windows-3.1-latin-1': 'windows-1252',
    iso_8859_1: 'windows-1252',
    iso8859_1: 'windows-1252',
    'cp-1252': 'windows-1252',
    windows1252: 'windows-1252',
    'windows-28591': 'windows-1252',
    cp28591: 'windows-1252',
    'cp-1250': 'windows-1250',
    windows1250: 'windows-1250',
    'cp-1251': 'windows-1251',
    windows1251: 'windows-1251',
    latin9: 'iso-8859-15',
    'latin-9': 'iso-8859-15',
    cp874: 'windows-874',
    tis620: 'windows-874',
    'x-cp866': 'ibm866',
    cp367: 'us-ascii',
    'iso-ir-6': 'us-ascii',
    ascii7: 'us-ascii',
    '7bit': 'us-ascii',
    ibm437: 'cp437',
    437: 'cp437',
    ibm850: 'cp850',
    850: 'cp850',
    ibm852: 'cp852',
    852: 'cp852',
    ibm858: 'cp858',
    hz: 'hz-gb-2312',
    csiso2022kr: 'iso-2022-kr',
  }),
);

/** Names that say nothing: the text is guessed, without a fault when it is US-ASCII or UTF-8. */
const sayNothing = new Set([
  '',
  'us-ascii',
  'ascii',
  'ansi_x3.4-1968',
  'ansi_x3.4-1986',
  'iso646-us',
  'csascii',
  'us',
  'unknown-8bit',
  'x-unknown',
  'unknown',
  'default',
  'default_charset',
  '8bit',
  'binary',
  'none',
  'x-user-defined',
]);

function normalLabel(label: string): string {
  const name = label
    .trim()
    .toLowerCase()
    .replaceAll('"', '')
    .replace(/^cs(?=iso|utf)/, '');
  return aliases.get(name) ?? name;
}

const isolatin1 = new Set(['iso-8859-1', 'iso8859-1', 'latin1', 'l1', 'windows-1252']);

/** Text of octets in the character set `label`; null or '' when none is given. Never throws. */
export function decodeText(bytes: Uint8Array, label: string | null, faults: Fault[] = []): string {
  if (isAscii(bytes) && (label === null || isAsciiSuperset(label))) return latin1(bytes);
  const reader = createTextReader(label, faults);
  return reader.write(bytes) + reader.end();
}

/** Octets 0x80 to 0x9f as windows-1252 shows them, by character. */
const upperControls = new Map(
  Array.from({ length: 32 }, (_, index) => {
    const octet = 0x80 + index;
    return [new TextDecoder('windows-1252').decode(Uint8Array.of(octet)), octet] as const;
  }),
);

/**
 * The octets that raw characters above US-ASCII in an encoded value were sent as. The field was
 * decoded as a whole before its encoded words were seen: where that was not UTF-8, each character
 * is one octet.
 */
export function octetsAsSent(text: string, charset: string): Uint8Array {
  if (!/[^\u0000-\u007f]/u.test(text) || normalLabel(charset) === 'utf-8') return utf8(text);
  const octets: number[] = [];
  for (const character of text) {
    const octet = upperControls.get(character) ?? character.codePointAt(0)!;
    if (octet <= 0xff) octets.push(octet);
    else octets.push(...utf8(character));
  }
  return Uint8Array.from(octets);
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at]! > 0x7f) return false;
  return true;
}

function isAsciiSuperset(label: string): boolean {
  const name = normalLabel(label);
  return name === 'utf-8' || isolatin1.has(name) || sayNothing.has(name);
}

export function createTextReader(label: string | null, faults: Fault[] = []): TextReader {
  const name = normalLabel(label ?? '');
  if (sayNothing.has(name)) return new GuessReader(faults);
  const reader = openReader(name, faults);
  if (reader !== null) return reader;
  noteFault(faults, 'charset-unknown', 0);
  return new GuessReader(faults);
}

function openReader(name: string, faults: Fault[]): TextReader | null {
  switch (name) {
    case 'utf-7':
      return new CheckedReader(new Utf7Reader(), faults);
    case 'utf-16':
      return new Utf16Reader(faults);
    case 'hz-gb-2312':
      return new CheckedReader(new HzReader(), faults);
    case 'iso-2022-kr':
      return new CheckedReader(new KoreanReader(), faults);
    case 'iso-2022-jp':
      return new CheckedReader(new JapaneseReader(), faults);
    case 'utf-8':
      return new Utf8Reader(faults);
    default: {
      const table = singleByteTables.get(name);
      if (table !== undefined) return new TableReader(table);
      const decoder = openDecoder(name);
      if (decoder === null) return null;
      if (decoder.encoding === 'utf-8') return new Utf8Reader(faults);
      if (decoder.encoding === 'iso-2022-jp') return openReader(decoder.encoding, faults);
      const isMultibyte = multibyte.has(decoder.encoding);
      const reader = isMultibyte ? new LineReader(decoder) : new DecoderReader(decoder);
      return new CheckedReader(reader, faults);
    }
  }
}

/** By value, since the types of Node and of browsers name the class differently. */
export type Decoder = InstanceType<typeof TextDecoder>;

function openDecoder(name: string): Decoder | null {
  try {
    return new TextDecoder(name);
  } catch {
    return null; // TextDecoder throws for names it does not know.
  }
}

class DecoderReader implements TextReader {
  readonly #decoder: Decoder;
  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }
  write(chunk: Uint8Array): string {
    return this.#decoder.decode(chunk, { stream: true });
  }
  end(): string {
    return this.#decoder.decode();
  }
}

/** What TextDecoder calls the sets whose characters have several octets. */
const multibyte = new Set(['gbk', 'gb18030', 'big5', 'euc-jp', 'shift_jis', 'euc-kr']);

/** Notes octets that are no UTF-8; a U+FFFD that was written is none of them. */
class Utf8Reader implements TextReader {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #faults: Fault[];
  #seen = 0;
  #written = 0;
  /** The last two octets, where a written U+FFFD may have begun. */
  #tail: Uint8Array = new Uint8Array(0);

  constructor(faults: Fault[]) {
    this.#faults = faults;
  }

  write(chunk: Uint8Array): string {
    const octets = this.#tail.length === 0 ? chunk : concat([this.#tail, chunk]);
    this.#tail = copyBytes(octets.subarray(-2));
    return this.#check(this.#decoder.decode(chunk, { stream: true }), octets);
  }

  end(): string {
    return this.#check(this.#decoder.decode(), this.#tail);
  }

  #check(text: string, octets: Uint8Array): string {
    const at = text.indexOf('\ufffd');
    if (at >= 0) {
      for (let from = at; from >= 0; from = text.indexOf('\ufffd', from + 1)) this.#written += 1;
      this.#written -= countReplacements(octets);
      if (this.#written > 0) noteFault(this.#faults, 'charset-invalid', this.#seen + at);
    }
    this.#seen += text.length;
    return text;
  }
}

function countReplacements(octets: Uint8Array): number {
  let count = 0;
  for (let at = octets.indexOf(0xef); at >= 0; at = octets.indexOf(0xef, at + 1)) {
    if (octets[at + 1] === 0xbf && octets[at + 2] === 0xbd) count += 1;
  }
  return count;
}

/** Notes that something was not decodable. */
class CheckedReader implements TextReader {
  readonly #inner: TextReader;
  readonly #faults: Fault[];
  #seen = 0;
  constructor(inner: TextReader, faults: Fault[]) {
    this.#inner = inner;
    this.#faults = faults;
  }
  write(chunk: Uint8Array): string {
    return this.#check(this.#inner.write(chunk));
  }
  end(): string {
    return this.#check(this.#inner.end());
  }
  #check(text: string): string {
    const at = text.indexOf('\ufffd');
    if (at >= 0) noteFault(this.#faults, 'charset-invalid', this.#seen + at);
    this.#seen += text.length;
    return text;
  }
}

/**
 * No character set was named, or a wrong one: US-ASCII until the first octet above 127; if a
 * whole UTF-8 sequence begins there, all is UTF-8, else windows-1252.
 */
class GuessReader implements TextReader {
  readonly #faults: Fault[];
  #reader: TextReader | null = null;
  #held: number[] = [];
  #seen = 0;
  constructor(faults: Fault[]) {
    this.#faults = faults;
  }

  write(chunk: Uint8Array): string {
    if (this.#reader !== null) return this.#reader.write(chunk);
    if (this.#held.length === 0 && isAscii(chunk)) {
      this.#seen += chunk.length;
      return latin1(chunk);
    }
    return this.#decide(chunk);
  }

  #decide(chunk: Uint8Array): string {
    let from = 0;
    while (this.#held.length === 0 && chunk[from]! < 0x80) from += 1;
    const before = latin1(chunk.subarray(0, from));
    this.#seen += from;
    for (let at = from; at < chunk.length; at += 1) {
      this.#held.push(chunk[at]!);
      const verdict = judgeSequence(this.#held);
      if (verdict === 'open') continue;
      return before + this.#settle(verdict) + this.#reader!.write(chunk.subarray(at + 1));
    }
    return before;
  }

  #settle(verdict: 'utf-8' | 'other'): string {
    if (verdict === 'other') noteFault(this.#faults, 'text-not-utf8', this.#seen);
    const name = verdict === 'utf-8' ? 'utf-8' : 'windows-1252';
    this.#reader = new CheckedReader(new DecoderReader(new TextDecoder(name)), this.#faults);
    const held = Uint8Array.from(this.#held);
    this.#held = [];
    return this.#reader.write(held);
  }

  end(): string {
    const rest = this.#held.length > 0 ? this.#settle('other') : '';
    return rest + (this.#reader?.end() ?? '');
  }
}

/** Is this, beginning above 127, a whole UTF-8 sequence, the beginning of one, or neither? */
function judgeSequence(octets: readonly number[]): 'open' | 'utf-8' | 'other' {
  const first = octets[0]!;
  let length = 0;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  else if (first >= 0xe0 && first <= 0xef) length = 3;
  else if (first >= 0xf0 && first <= 0xf4) length = 4;
  if (length === 0) return 'other';
  for (let at = 1; at < octets.length; at += 1) if ((octets[at]! & 0xc0) !== 0x80) return 'other';
  return octets.length < length ? 'open' : 'utf-8';
}

/**
 * UTF-16 of either order: the byte order mark says which, else where the zero of the first unit
 * is.
 */
class Utf16Reader implements TextReader {
  readonly #faults: Fault[];
  #reader: TextReader | null = null;
  #first: number | null = null;
  constructor(faults: Fault[]) {
    this.#faults = faults;
  }
  write(chunk: Uint8Array): string {
    if (this.#reader !== null) return this.#reader.write(chunk);
    const octets =
      this.#first === null ? chunk : Uint8Array.of(this.#first, ...chunk.subarray(0, 1));
    if (octets.length === 0) return '';
    if (octets.length === 1) {
      this.#first = octets[0]!;
      return '';
    }
    const isBig = octets[0] === 0xfe || octets[0] === 0;
    const decoder = new TextDecoder(isBig ? 'utf-16be' : 'utf-16le');
    this.#reader = new CheckedReader(new DecoderReader(decoder), this.#faults);
    if (this.#first === null) return this.#reader.write(chunk);
    return this.#reader.write(octets) + this.#reader.write(chunk.subarray(1));
  }
  end(): string {
    if (this.#reader !== null) return this.#reader.end();
    return this.#first === null ? '' : '\ufffd';
  }
}

class TableReader implements TextReader {
  readonly #table: string;
  constructor(table: string) {
    this.#table = table;
  }
  write(chunk: Uint8Array): string {
    let text = '';
    for (const octet of chunk) {
      text += octet < 0x80 ? String.fromCharCode(octet) : this.#table.charAt(octet - 0x80);
    }
    return text;
  }
  end(): string {
    return '';
  }
}
