/**
 * Header fields as they go out: encoded where they must be, folded at 78 columns, no line over
 * 998 octets, and never a CR or LF that was not made here. RFC 5322 §2.1.1, §2.2.3; RFC 6532 §3;
 * RFC 2047 §5.
 */

import { utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { isDotAtom, quote } from './address.ts';
import type { Group, Mailbox } from './address.ts';
import { encodeWords } from './encoded-word.ts';
import { lineLimits, parameterLimits } from './limits.ts';

/** In which octets a head is written. */
export interface FieldStyle {
  /** Text as UTF-8, which needs SMTPUTF8 on the whole way; else in US-ASCII with encoded words. */
  readonly utf8: boolean;
}

/** A token this long still fits on a line of its own, whatever is put around it. */
const tokenBytesMax = 900;

/** An encoded word in less room than this is not worth beginning on the line. */
const encodedWordMin = 36;

function octets(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) > 0x7f) return utf8(text).length;
  }
  return text.length;
}

/**
 * A whole field of tokens with one space between them, folded where lines get long; an empty
 * token makes one more space. Throws `SyntaxFault` when a token is too long for any line.
 *
 * @example
 * writeField('To', ['a@merpati.test,', 'b@surat.test']); // 'To: a@merpati.test, b@surat.test\r\n'
 */
export function writeField(name: string, tokens: readonly string[]): string {
  checkFieldName(name);
  let field = `${name}:`;
  let column = field.length;
  for (const [index, token] of tokens.entries()) {
    const width = octets(token);
    if (width > lineLimits.lineBytesMax - 1) {
      throw new SyntaxFault('field.too-long', `a word of ${name} is longer than a line may be`);
    }
    const columnMax = index === 0 ? lineLimits.lineBytesMax : lineLimits.headColumns;
    if (token !== '' && column + 1 + width > columnMax) {
      field += '\r\n';
      column = 0;
    }
    field += ` ${token}`;
    column += 1 + width;
    if (column > lineLimits.lineBytesMax) {
      throw new SyntaxFault('field.too-long', `${name} has more spaces in a row than a line holds`);
    }
  }
  return `${field}\r\n`;
}

function checkFieldName(name: string): void {
  if (!/^[!-9;-~]{1,200}$/u.test(name)) {
    throw new SyntaxFault('field.bad-name', 'a field name is printable US-ASCII without a colon');
  }
}

/** Spaces in a row that stand as they are. A line cannot be folded within more of them. */
const spacesMax = 20;

/** Can this word not stand in a head as it is? */
function mustEncode(word: string, style: FieldStyle): boolean {
  const isPlain = style.utf8
    ? !/[\u0000-\u001f\u007f]/u.test(word)
    : /^[\u0020-\u007e]*$/u.test(word);
  return !isPlain || word.includes('=?') || octets(word) > tokenBytesMax;
}

/**
 * Tokens of unstructured text that reads back as exactly this text. Words that cannot stand
 * there, and the spaces between such words, become encoded words.
 */
export function textTokens(text: string, style: FieldStyle, column = 0): string[] {
  const words = text.toWellFormed().split(' ');
  const encoded = words.map((word) => mustEncode(word, style));
  const first = words.findIndex((word) => word !== '');
  const last = words.findLastIndex((word) => word !== '');
  if (text === '') return [];
  // Spaces at either end would be trimmed, so the word beside them takes them in.
  if (first > 0) encoded[first] = true;
  if (last >= 0 && last < words.length - 1) encoded[last] = true;
  for (let index = 0, end = 0; index < words.length; index = Math.max(end, index + 1)) {
    if (words[index] !== '') continue;
    end = index;
    while (words[end] === '') end += 1;
    // Spaces between encoded words would vanish, and many in a row would make the line too long.
    const isEdge = index < first || index > last;
    const isLong = end - index > spacesMax;
    if (isEdge || isLong || encoded[index - 1] === true) encoded.fill(true, index, end);
  }
  const tokens: string[] = [];
  let used = column;
  for (let index = 0; index < words.length;) {
    let end = index + 1;
    if (encoded[index] !== true) {
      tokens.push(words[index]!);
      used += 1 + octets(words[index]!);
    } else {
      while (encoded[end] === true) end += 1;
      const room = lineLimits.bodyColumns - 1 - (used % lineLimits.headColumns);
      const firstMax = room < encodedWordMin ? lineLimits.encodedWordMax : room;
      const made = encodeWords(words.slice(index, end).join(' '), firstMax);
      tokens.push(...made);
      used = (made.at(-1) ?? '').length + 1;
    }
    index = end;
  }
  return tokens;
}

/**
 * @example
 * writeTextField('Subject', 'Grüße', { utf8: false });
 * // 'Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n'
 */
export function writeTextField(name: string, text: string, style: FieldStyle): string {
  return writeField(name, textTokens(text, style, name.length + 1));
}

// ---------------------------------------------------------------- addresses

/** Does this address need SMTPUTF8? A domain does not: it has an US-ASCII form. RFC 6531 §3.3. */
export function needsUtf8(mailbox: Pick<Mailbox, 'local'>): boolean {
  return /[^\u0000-\u007f]/u.test(mailbox.local);
}

/**
 * `local@domain` for a head. Throws `SyntaxFault` when it cannot be written, as with a local part
 * beyond US-ASCII where SMTPUTF8 is not allowed.
 */
export function writeAddrSpec(
  mailbox: Pick<Mailbox, 'local' | 'domain'>,
  style: FieldStyle,
): string {
  const local = mailbox.local.toWellFormed();
  if (local === '' || mailbox.domain === '') {
    throw new SyntaxFault('address.incomplete', 'an address has a local part and a domain');
  }
  if (/[\u0000-\u001f\u007f]/u.test(local)) {
    throw new SyntaxFault('address.bad-local', 'a local part has no control characters');
  }
  if (!style.utf8 && needsUtf8({ local })) {
    throw new SyntaxFault('address.needs-utf8', 'this address can only be written with SMTPUTF8');
  }
  const domain = writeDomain(mailbox.domain, style);
  const address = `${isDotAtom(local) ? local : quote(local)}@${domain}`;
  if (octets(address) > tokenBytesMax) {
    throw new SyntaxFault('address.too-long', 'an address is longer than any mailbox has');
  }
  return address;
}

function writeDomain(domain: string, style: FieldStyle): string {
  if (/^\[[!-Z^-~]+\]$/u.test(domain)) return domain;
  if (!isDotAtom(domain) || !domain.isWellFormed()) {
    throw new SyntaxFault('address.bad-domain', 'a domain is of words with dots, or in brackets');
  }
  if (style.utf8 || /^[\u0000-\u007f]*$/u.test(domain)) return domain;
  const written = URL.parse(`http://${domain}/`)?.hostname ?? '';
  if (!/^[a-z0-9]+[a-z0-9.-]*$/u.test(written)) {
    throw new SyntaxFault('address.bad-domain', 'the domain has no US-ASCII form');
  }
  return written;
}

/** Characters of an encoded word that stands behind a field's name on the same line. */
const phraseWordMax = 56;

function phraseTokens(name: string, style: FieldStyle): string[] {
  const text = name.toWellFormed();
  const isSpaced = text.includes(' '.repeat(spacesMax + 2));
  if (isSpaced || text.split(' ').some((word) => mustEncode(word, style))) {
    return encodeWords(text, phraseWordMax);
  }
  const isAtoms = text
    .split(' ')
    .every((word) => word !== '' && !word.includes('.') && isDotAtom(word));
  return (isAtoms ? text : quote(text)).split(' ');
}

export function mailboxTokens(mailbox: Mailbox, style: FieldStyle): string[] {
  const address = writeAddrSpec(mailbox, style);
  if (mailbox.name === null || mailbox.name === '') return [address];
  return [...phraseTokens(mailbox.name, style), `<${address}>`];
}

/** One mailbox on one line, as it may stand in a list. `readAddressList` reads it back. */
export function writeAddress(mailbox: Mailbox, style: FieldStyle = { utf8: true }): string {
  return mailboxTokens(mailbox, style).join(' ');
}

function withSign(tokens: string[], sign: string): string[] {
  return tokens.map((token, index) => (index < tokens.length - 1 ? token : token + sign));
}

function entryTokens(entry: Mailbox | Group, style: FieldStyle): string[] {
  if (!('group' in entry)) return mailboxTokens(entry, style);
  const name = withSign(phraseTokens(entry.group, style), ':');
  const members = entry.members.flatMap((member, index) => {
    const tokens = mailboxTokens(member, style);
    return index < entry.members.length - 1 ? withSign(tokens, ',') : tokens;
  });
  return withSign([...name, ...members], ';');
}

export function writeAddressField(
  name: string,
  entries: readonly (Mailbox | Group)[],
  style: FieldStyle,
): string {
  const tokens = entries.flatMap((entry, index) => {
    const written = entryTokens(entry, style);
    return index < entries.length - 1 ? withSign(written, ',') : written;
  });
  return writeField(name, tokens);
}

// ---------------------------------------------------------------- ids

/** Can this id, without brackets, be written and be read back? */
export function isWritableId(id: string, style: FieldStyle): boolean {
  const isText = style.utf8 ? /^[^\u0000-\u0020\u007f<>]+$/u : /^[!-;=?-~]+$/u;
  return isText.test(id) && id.isWellFormed() && octets(id) <= tokenBytesMax;
}

/** Ids in brackets. Those that cannot be written, as broken mail has them, are left out. */
export function writeIdField(name: string, ids: readonly string[], style: FieldStyle): string {
  const written = ids.filter((id) => isWritableId(id, style)).map((id) => `<${id}>`);
  return written.length === 0 ? '' : writeField(name, written);
}

// ---------------------------------------------------------------- parameters

const isToken = /^[A-Za-z0-9!#$&+\-.^_`{|}~]+$/u;

/** Columns of one piece of a continued parameter, with its semicolon and the space before. */
const pieceColumns = lineLimits.bodyColumns;

/**
 * A field such as Content-Disposition. Values that are long or not US-ASCII are written in pieces
 * with percent signs, each of whole characters. RFC 2231 §3, §4.
 */
export function writeParameterField(
  name: string,
  value: string,
  parameters: Iterable<readonly [name: string, value: string]>,
): string {
  const pieces = [...parameters].flatMap(([key, text]) => parameterPieces(key, text));
  const tokens = [value, ...pieces];
  return writeField(
    name,
    tokens.map((token, index) => (index < tokens.length - 1 ? `${token};` : token)),
  );
}

/**
 * A parameter in as many pieces as it needs. Throws `SyntaxFault` for a name that is no token, and
 * for a value that is longer than `parameterLimits` lets a reader take.
 *
 * @example
 * parameterPieces('filename', 'Grün.pdf'); // ["filename*=utf-8''Gr%C3%BCn.pdf"]
 */
export function parameterPieces(name: string, value: string): string[] {
  if (!isToken.test(name) || name.includes('*')) {
    throw new SyntaxFault('parameter.bad-name', 'a parameter name is a token');
  }
  const text = value.toWellFormed();
  if (text.length > parameterLimits.parameterLengthMax) {
    throw new SyntaxFault('parameter.too-long', 'a parameter is longer than readers take');
  }
  const isPlain = /^[\u0020-\u007e]*$/u.test(text) && !text.includes('=?');
  const plain = `${name}=${isToken.test(text) ? text : quote(text)}`;
  // A space in a quoted value may not be where the field is folded, so the whole must fit.
  if (isPlain && plain.length <= pieceColumns - 2) return [plain];
  const whole = `${name}*=utf-8''${Array.from(text, percent).join('')}`;
  if (whole.length <= pieceColumns - 2) return [whole];
  const pieces: string[] = [];
  let piece = "utf-8''";
  for (const character of text) {
    const code = percent(character);
    const prefix = `${name}*${pieces.length}*=`;
    if (prefix.length + piece.length + code.length > pieceColumns - 2 && piece !== '') {
      pieces.push(prefix + piece);
      piece = '';
    }
    piece += code;
  }
  pieces.push(`${name}*${pieces.length}*=${piece}`);
  return pieces;
}

/** RFC 2231 §7: attribute characters as themselves, all else by its octets. */
function percent(character: string): string {
  if (/^[A-Za-z0-9!#$&+\-.^_`{|}~]$/u.test(character)) return character;
  let code = '';
  for (const octet of utf8(character))
    code += `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  return code;
}
