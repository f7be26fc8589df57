/**
 * Addresses of header fields: mailboxes and groups with names, comments, obsolete forms and
 * addresses in any script; and the damage that real mail has. RFC 5322 §3.4 and §4.4, RFC 6532
 * §3.2, RFC 2047 §5.
 */

import { decodeWords, findWordEnd } from './encoded-word.ts';
import { noteFault } from './fault.ts';
import type { Fault, FaultCode } from './fault.ts';
import { addressLimits } from './limits.ts';

export interface Mailbox {
  /** Decoded; from a comment where the old form has it there; null when there is none. */
  readonly name: string | null;
  /** Without quotes; '' when there is only a name. */
  readonly local: string;
  /** As written, a literal in brackets; '' when there is none. */
  readonly domain: string;
  /** `local@domain`, quoted where it must be. */
  readonly address: string;
  /** `@one,@two`, the obsolete route; only when the list is read as written. RFC 5322 §4.4. */
  readonly route?: string;
}

export interface Group {
  readonly group: string;
  readonly members: readonly Mailbox[];
}

export interface AddressList {
  readonly entries: readonly (Mailbox | Group)[];
  readonly faults: readonly Fault[];
}

export interface AddressOptions {
  readonly addressesMax?: number;
  /** Names keep their encoded words, and routes are told: what IMAP's ENVELOPE wants. */
  readonly isAsWritten?: boolean;
}

/**
 * Reads the unfolded value of a field such as To. Never throws.
 *
 * @example
 * readAddressList('Siti <siti@surat.test>, tim: budi@merpati.test;').entries;
 * // [{ name: 'Siti', local: 'siti', domain: 'surat.test', address: 'siti@surat.test' },
 * //  { group: 'tim', members: [{ name: null, local: 'budi', … }] }]
 */
export function readAddressList(value: string, options: AddressOptions = {}): AddressList {
  return new AddressReader(value, options).read();
}

/** All mailboxes of a list, those within groups too. */
export function mailboxesOf(list: Pick<AddressList, 'entries'>): readonly Mailbox[] {
  return list.entries.flatMap((entry) => ('group' in entry ? entry.members : [entry]));
}

/** A mailbox of its parts. */
export function makeMailbox(name: string | null, local: string, domain: string): Mailbox {
  if (domain === '') return { name, local, domain, address: local };
  const written = local === '' || isDotAtom(local) ? local : quote(local);
  return { name, local, domain, address: `${written}@${domain}` };
}

/**
 * RFC 5322 §3.2.3 with RFC 6532 §3.2: letters, digits, certain signs, all above US-ASCII; single
 * dots.
 */
export function isDotAtom(text: string): boolean {
  let wasDot = true;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (wasDot) return false;
      wasDot = true;
    } else {
      if (code < 128 && isAtext[code] !== true) return false;
      wasDot = false;
    }
  }
  return !wasDot;
}

const isAtext: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]/u.test(String.fromCharCode(code)),
);

/** A quoted string. RFC 5322 §3.2.4. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/gu, '\\$&')}"`;
}

type Token =
  | { readonly kind: 'atom' | 'quoted' | 'literal'; readonly text: string; readonly gap: boolean }
  | { readonly kind: 'sign'; readonly text: string; readonly gap: boolean }
  | { readonly kind: 'end'; readonly text: ''; readonly gap: boolean };

type WordToken = Token & { readonly kind: 'atom' | 'quoted' | 'literal' | 'sign' };

const endToken: Token = { kind: 'end', text: '', gap: false };

/** An address between angle brackets, or the part of one that was there. */
interface Angle {
  readonly route?: string;
  readonly local: string;
  readonly domain: string;
}

/** A route is one line at most; nobody has written any for thirty years. */
const routeLengthMax = 998;

class AddressReader {
  readonly #text: string;
  readonly #addressesMax: number;
  readonly #isAsWritten: boolean;
  readonly #faults: Fault[] = [];
  #at = 0;
  #count = 0;
  #comments: string[] = [];
  /** No closing quote (bracket) is ahead: such signs are ordinary characters from here on. */
  #quotesAreOver = false;
  #bracketsAreOver = false;

  constructor(text: string, options: AddressOptions) {
    const max = addressLimits.listLengthMax;
    this.#text = text.length > max ? text.slice(0, max) : text;
    this.#addressesMax = options.addressesMax ?? addressLimits.addressesMax;
    this.#isAsWritten = options.isAsWritten ?? false;
    if (text.length > max) this.#note('addresses-too-many');
  }

  read(): AddressList {
    const entries: (Mailbox | Group)[] = [];
    for (;;) {
      const entry = this.#readEntry(null);
      if (entry !== null) entries.push(entry);
      if (this.#at >= this.#text.length) break;
      if (this.#count >= this.#addressesMax) {
        if (!/^[\s,;]*$/u.test(this.#text.slice(this.#at))) this.#note('addresses-too-many');
        break;
      }
    }
    return { entries, faults: this.#faults };
  }

  #note(code: FaultCode): void {
    noteFault(this.#faults, code, this.#at);
  }

  /** One entry with the sign that ends it; null when there is nothing. `group`: members so far. */
  #readEntry(group: Mailbox[] | null): Mailbox | Group | null {
    const words: WordToken[] = [];
    let angle: Angle | null = null;
    let wordsBefore = 0;
    let hasAt = false;
    this.#comments = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'end') break;
      if (token.kind !== 'sign' || token.text === '@') {
        hasAt ||= token.kind === 'sign';
        words.push(token);
        continue;
      }
      if (token.text === ',') break;
      if (token.text === ';') {
        if (group === null && words.length + this.#count > 0) this.#note('address-broken');
        if (group !== null) this.#groupIsOver = true;
        break;
      }
      if (token.text === '<') {
        if (angle !== null) {
          this.#at -= 1;
          this.#note('address-broken');
          break;
        }
        angle = this.#readAngle();
        wordsBefore = words.length;
        continue;
      }
      if (token.text === ':') {
        if (isMailto(words)) words.length = 0;
        else if (group === null && angle === null && !hasAt) {
          return this.#readGroup(words);
        } else this.#note('address-broken');
        continue;
      }
      this.#note('address-broken'); // A stray closing bracket.
    }
    return this.#makeEntry(words, angle, wordsBefore);
  }

  #groupIsOver = false;

  #readGroup(words: readonly WordToken[]): Group {
    const name = this.#nameOf(words) ?? '';
    const members: Mailbox[] = [];
    this.#groupIsOver = false;
    while (!this.#groupIsOver) {
      if (this.#at >= this.#text.length) {
        this.#note('group-not-closed');
        break;
      }
      if (this.#count >= this.#addressesMax) break;
      const member = this.#readEntry(members);
      if (member !== null && !('group' in member)) members.push(member);
    }
    this.#comments = [];
    this.#count += members.length === 0 ? 1 : 0;
    this.#skipComma();
    return { group: name, members };
  }

  /** The comma behind a group's semicolon, so that it does not count as an empty entry. */
  #skipComma(): void {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 32) this.#at += 1;
    if (this.#text.charCodeAt(this.#at) === 44) this.#at += 1;
  }

  #makeEntry(words: WordToken[], angle: Angle | null, wordsBefore: number): Mailbox | null {
    const comment = this.#comments.at(-1) ?? null;
    if (words.length === 0 && angle === null) return null;
    this.#count += 1;
    if (angle !== null) return this.#makeAngled(words, angle, { wordsBefore, comment });
    const at = words.findLastIndex(isAt);
    if (at < 0) return this.#makeBare(words, comment);
    const local = findLocalStart(words, at);
    const domain = findDomainEnd(words, at);
    const outside = [...words.slice(0, local), ...words.slice(domain)];
    if (outside.length > 0) this.#note('address-no-angle');
    const name = this.#nameOf(outside) ?? comment;
    return this.#makeMailbox(name, words.slice(local, at), words.slice(at + 1, domain));
  }

  #makeAngled(
    words: WordToken[],
    angle: Angle,
    { wordsBefore, comment }: { wordsBefore: number; comment: string | null },
  ): Mailbox | null {
    if (words.length > wordsBefore) this.#note('address-broken');
    const named = wordsBefore > 0 ? words.slice(0, wordsBefore) : words;
    const name = this.#nameOf(named) ?? comment;
    if (angle.local === '' && angle.domain === '') {
      this.#note('address-broken');
      if (name === null) return null;
    } else if (angle.domain === '') this.#note('address-no-domain');
    const mailbox = makeMailbox(name, angle.local, angle.domain);
    return angle.route === undefined ? mailbox : { ...mailbox, route: angle.route };
  }

  /** No angle brackets and no @: the local part alone, or only a name. */
  #makeBare(words: readonly WordToken[], comment: string | null): Mailbox | null {
    const only = words.length === 1 ? words[0] : undefined;
    const inner = only === undefined || only.kind === 'atom' ? null : readEnclosed(only.text);
    if (inner !== null) {
      this.#note('address-broken');
      return makeMailbox(comment, inner.local, inner.domain);
    }
    const literal = words.at(-1);
    const mailed = literal?.kind === 'literal' ? readEnclosed(literal.text) : null;
    if (mailed !== null) {
      this.#note('address-broken');
      const name = this.#nameOf(words.slice(0, -1)) ?? comment;
      return makeMailbox(name, mailed.local, mailed.domain);
    }
    this.#note('address-no-domain');
    if (only === undefined || only.text.startsWith('=?')) {
      return makeMailbox(this.#nameOf(words) ?? comment, '', '');
    }
    return makeMailbox(comment, only.text, '');
  }

  #makeMailbox(
    name: string | null,
    local: readonly WordToken[],
    domain: readonly WordToken[],
  ): Mailbox {
    if (local.length === 0 || domain.length === 0) this.#note('address-broken');
    if (local.some(isAt)) this.#note('address-two-ats');
    const localText = this.#localOf(local);
    const domainText = this.#domainOf(domain);
    if (localText.startsWith("'") && domainText.endsWith("'")) {
      // QUIRK: Outlook put addresses between apostrophes.
      this.#note('address-broken');
      return makeMailbox(name, localText.slice(1), domainText.slice(0, -1));
    }
    return makeMailbox(name, localText, domainText);
  }

  /** What stands between angle brackets; a route in front of it is obsolete. */
  #readAngle(): Angle {
    const written = this.#readRoute();
    const route = this.#isAsWritten && written !== null ? { route: written } : {};
    const words: WordToken[] = [];
    for (;;) {
      const before = this.#at;
      const token = this.#next();
      if (token.kind === 'end') {
        this.#note('address-broken');
        break;
      }
      if (token.kind !== 'sign' || token.text === '@') words.push(token);
      else if (token.text === '>') break;
      else if (token.text === ':' && isMailto(words)) words.length = 0;
      else if (token.text === ',' || token.text === ';') {
        this.#at = before;
        this.#note('address-broken');
        break;
      } else this.#note('address-broken');
    }
    const at = words.findLastIndex(isAt);
    if (at < 0) return { ...route, local: this.#localOf(words), domain: '' };
    if (words.slice(0, at).some(isAt)) this.#note('address-two-ats');
    const domain = words.slice(at + 1);
    if (domain.length === 0 || at === 0) this.#note('address-broken');
    return { ...route, local: this.#localOf(words.slice(0, at)), domain: this.#domainOf(domain) };
  }

  /** `@one,@two:` RFC 5322 §4.4. */
  #readRoute(): string | null {
    let at = this.#at;
    while (at < this.#text.length && (this.#text.charCodeAt(at) <= 32 || this.#text[at] === ',')) {
      at += 1;
    }
    if (this.#text[at] !== '@') return null;
    const near = this.#text.slice(at, at + routeLengthMax);
    const close = near.indexOf('>');
    const end = near.indexOf(':');
    if (end < 0 || (close >= 0 && close < end)) return null;
    this.#at = at + end + 1;
    return near.slice(0, end).replace(/\s+/gu, '');
  }

  #localOf(words: readonly WordToken[]): string {
    let local = '';
    for (const [index, word] of words.entries()) {
      if (index > 0 && word.gap && !local.endsWith('.') && !word.text.startsWith('.')) {
        this.#note('address-broken');
        local += ' ';
      }
      local += word.text;
    }
    return local;
  }

  #domainOf(words: readonly WordToken[]): string {
    let domain = '';
    for (const word of words) domain += word.text;
    if (domain.endsWith('.')) {
      this.#note('address-broken');
      domain = domain.replace(/\.+$/u, '');
    }
    return domain;
  }

  /** Words as a name: runs of atoms are decoded together, so that encoded words in a row join. */
  #nameOf(words: readonly WordToken[]): string | null {
    let name = '';
    let atoms = '';
    for (const word of words) {
      const gap = word.gap && (name !== '' || atoms !== '') ? ' ' : '';
      if (word.kind === 'quoted') {
        name += this.#decode(atoms) + gap + this.#decode(word.text);
        atoms = '';
      } else atoms += gap + word.text;
    }
    name += this.#decode(atoms);
    return name === '' ? null : name;
  }

  #decode(text: string): string {
    return this.#isAsWritten ? text : decodeWords(text, this.#faults);
  }

  // ------------------------------------------------------------ tokens

  #next(): Token {
    const text = this.#text;
    let gap = false;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (code <= 32 || code === 127) this.#at += 1;
      else if (code === 40) this.#readComment();
      else break;
      gap = true;
    }
    if (this.#at >= text.length) return endToken;
    const sign = text.charAt(this.#at);
    if (sign === '"' && !this.#quotesAreOver) {
      const quoted = this.#readQuoted();
      if (quoted !== null) return { kind: 'quoted', text: quoted, gap };
      this.#at += 1;
      const next = this.#next();
      return gap ? { ...next, gap } : next;
    }
    if (sign === '[' && !this.#bracketsAreOver) {
      const end = text.indexOf(']', this.#at);
      if (end >= 0) {
        const literal = text.slice(this.#at, end + 1).replace(/[\s\\]/gu, '');
        this.#at = end + 1;
        return { kind: 'literal', text: literal, gap };
      }
      this.#bracketsAreOver = true;
      this.#note('address-broken');
    }
    if (isSeparator(sign.charCodeAt(0))) {
      this.#at += 1;
      return { kind: 'sign', text: sign, gap };
    }
    return { kind: 'atom', text: this.#readAtom(), gap };
  }

  #readAtom(): string {
    const text = this.#text;
    const start = this.#at;
    if (text.charCodeAt(start) === 61 && text.charCodeAt(start + 1) === 63) {
      // QUIRK: broken senders leave commas, spaces and other signs in encoded words; such a word is
      // taken whole unless it would swallow the address.
      const end = findWordEnd(text, start);
      const word = text.slice(start, Math.max(start, end));
      if (word !== '' && !(/\s/u.test(word) ? /[<>@"]/u : /[<>]/u).test(word)) {
        this.#at = end;
        return word;
      }
    }
    let at = start + 1; // At least one character, whatever it is.
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code <= 32 || code === 127 || code === 40 || isSeparator(code)) break;
      if ((code === 34 && !this.#quotesAreOver) || (code === 91 && !this.#bracketsAreOver)) break;
      at += 1;
    }
    this.#at = at;
    return text.slice(start, at);
  }

  /** From the opening quote; null when none closes it, which makes it an ordinary character. */
  #readQuoted(): string | null {
    const text = this.#text;
    let at = this.#at + 1;
    let content = '';
    let from = at;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === 34) {
        this.#at = at + 1;
        return content + text.slice(from, at);
      }
      if (code === 92 && at + 1 < text.length) {
        content += text.slice(from, at);
        at += 1;
        from = at;
      }
      at += 1;
    }
    this.#quotesAreOver = true;
    this.#note('quote-not-closed');
    return null;
  }

  #readComment(): void {
    const text = this.#text;
    let depth = 1;
    let at = this.#at + 1;
    let content = '';
    for (; at < text.length && depth > 0; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 40) depth += 1;
      else if (code === 41) depth -= 1;
      if (depth === 0) continue;
      if (code === 92 && at + 1 < text.length) at += 1;
      content += text.charAt(at);
    }
    if (depth > 0) this.#note('comment-not-closed');
    this.#at = at;
    const comment = this.#decode(content.trim());
    if (comment !== '') this.#comments.push(comment);
  }
}

function isSeparator(code: number): boolean {
  return code === 44 || code === 58 || code === 59 || code === 60 || code === 62 || code === 64;
}

function isAt(word: WordToken): boolean {
  return word.kind === 'sign' && word.text === '@';
}

function isMailto(words: readonly WordToken[]): boolean {
  return words.length === 1 && words[0]!.text.toLowerCase() === 'mailto';
}

/** Index of the first word of the local part that ends before the @ at `at`. */
function findLocalStart(words: readonly WordToken[], at: number): number {
  let start = at;
  while (start > 0) {
    const word = words[start];
    const before = words[start - 1]!;
    const joined =
      start === at || !word!.gap || word!.text.startsWith('.') || before.text.endsWith('.');
    if (!joined) break;
    start -= 1;
  }
  return start;
}

function findDomainEnd(words: readonly WordToken[], at: number): number {
  let end = at + 1;
  while (end < words.length) {
    const word = words[end]!;
    const joined =
      end === at + 1 ||
      (word.kind !== 'quoted' && !word.gap) ||
      word.text.startsWith('.') ||
      words[end - 1]!.text.endsWith('.');
    if (!joined) break;
    end += 1;
  }
  return end;
}

/** An address that stands whole in quotes or brackets, as `"a@b"` or `[mailto:a@b]`. */
function readEnclosed(text: string): Angle | null {
  const found = /^[<['\s]*(?:mailto:)?([^\s@<>()[\],;:"']+)@([^\s@<>()[\],;:"']+)[>\]'\s]*$/iu.exec(
    text,
  );
  return found === null ? null : { local: found[1]!, domain: found[2]! };
}
