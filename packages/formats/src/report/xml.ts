/**
 * Reads the XML of reports: elements, attributes, text. It comes from strangers, so there are no
 * document types, no entities beyond the five of XML itself, and nothing is fetched; what does not
 * fit is refused at once. Text may come in any cuts, and memory does not grow with it.
 * docs/decisions/013-reports-read-and-kept.md says why this is no library.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { xmlLimits } from './limits.ts';

/** Names are as written, with their prefix; `local` is without it. */
export interface XmlHandlers {
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  /** Perhaps several times between two tags. */
  text(text: string): void;
  close(name: string): void;
}

const nameForm =
  /^[A-Za-z_\u0080-\uffff][-\w.\u0080-\uffff]*(?::[A-Za-z_\u0080-\uffff][-\w.\u0080-\uffff]*)?$/;
const attributeForm = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/gy;
// oxlint-disable-next-line no-control-regex -- the characters that XML does not allow
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const noAttributes: ReadonlyMap<string, string> = new Map();

/** The name without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/**
 * Throws `SyntaxFault` as soon as something is wrong.
 *
 * @example
 * const reader = new XmlReader({ open: (name) => names.push(name), text() {}, close() {} });
 * reader.write('<a><b/>');
 * reader.write('</a>');
 * reader.end(); // names: a, b
 */
export class XmlReader {
  readonly #handlers: XmlHandlers;
  readonly #open: string[] = [];
  /** What has come and is not read yet: the beginning of one token. */
  #rest = '';
  /** So far no end of that token was found in it. */
  #searched = 0;
  #hasRoot = false;
  #isFirst = true;

  constructor(handlers: XmlHandlers) {
    this.#handlers = handlers;
  }

  write(chunk: string): void {
    let text = this.#rest + chunk;
    if (this.#isFirst && text !== '') {
      if (text.startsWith('\ufeff')) text = text.slice(1);
      this.#isFirst = false;
    }
    let at = 0;
    for (;;) {
      const next = this.#token(text, at);
      if (next < 0) break;
      at = next;
    }
    this.#searched = Math.max(0, this.#searched - at);
    this.#rest = text.slice(at);
    if (this.#rest.length > xmlLimits.tokenLengthMax) {
      throw new SyntaxFault('xml.too-long', 'a tag or text is too long');
    }
  }

  end(): void {
    if (this.#rest !== '') this.#text(this.#rest);
    this.#rest = '';
    if (this.#open.length > 0) throw new SyntaxFault('xml.cut', 'the document ends too early');
    if (!this.#hasRoot) throw new SyntaxFault('xml.empty', 'there is no element');
  }

  /** Reads one token from `at` on; answers where it ends, or -1 when more must come first. */
  #token(text: string, at: number): number {
    if (at >= text.length) return -1;
    if (text.charCodeAt(at) !== 0x3c) {
      const end = text.indexOf('<', Math.max(at, this.#searched));
      if (end < 0) {
        this.#searched = text.length;
        return -1;
      }
      this.#text(text.slice(at, end));
      return end;
    }
    const second = text.charCodeAt(at + 1);
    if (second === 0x21 || second === 0x3f) return this.#special(text, at);
    const end = this.#endOfTag(text, at);
    if (end < 0) return -1;
    if (end - at > xmlLimits.tokenLengthMax) throw new SyntaxFault('xml.too-long', 'a long tag');
    if (second === 0x2f) this.#closeTag(text.slice(at + 2, end).trimEnd());
    else this.#openTag(text.slice(at + 1, end));
    return end + 1;
  }

  /** The `>` that is not within quotes. */
  #endOfTag(text: string, at: number): number {
    const end = text.indexOf('>', Math.max(at, this.#searched));
    if (end < 0 || !/["']/.test(text.slice(at, end))) {
      this.#searched = end < 0 ? text.length : 0;
      // A quoted `>` is sought from the beginning of the tag.
      if (end < 0 && /["']/.test(text.slice(at))) this.#searched = 0;
      return end;
    }
    this.#searched = 0;
    let quote = '';
    for (let place = at; place < text.length; place += 1) {
      const character = text[place] ?? '';
      if (quote !== '') {
        if (character === quote) quote = '';
      } else if (character === '"' || character === "'") quote = character;
      else if (character === '>') return place;
    }
    return -1;
  }

  /** `<!--`, `<![CDATA[`, `<?`; everything else that begins so belongs to document types. */
  #special(text: string, at: number): number {
    for (const [start, stop] of specials) {
      if (!text.startsWith(start, at)) {
        if (start.startsWith(text.slice(at))) return -1;
        continue;
      }
      const end = text.indexOf(stop, Math.max(at + start.length, this.#searched - stop.length));
      if (end < 0) {
        this.#searched = text.length;
        return -1;
      }
      this.#searched = 0;
      if (start === '<![CDATA[') this.#characters(text.slice(at + start.length, end));
      return end + stop.length;
    }
    throw new SyntaxFault('xml.doctype', 'document types and entities are not read');
  }

  #openTag(tag: string): void {
    const isEmpty = tag.endsWith('/');
    const body = isEmpty ? tag.slice(0, -1) : tag;
    const space = body.search(/\s/);
    const name = space < 0 ? body : body.slice(0, space);
    requireName(name);
    if (this.#open.length === 0) {
      if (this.#hasRoot) throw new SyntaxFault('xml.two-roots', 'there is a second document');
      this.#hasRoot = true;
    }
    if (this.#open.length >= xmlLimits.depthMax) {
      throw new SyntaxFault('xml.too-deep', 'elements are too deep within each other');
    }
    this.#handlers.open(name, space < 0 ? noAttributes : readAttributes(body.slice(space)));
    if (isEmpty) this.#handlers.close(name);
    else this.#open.push(name);
  }

  #closeTag(name: string): void {
    if (this.#open.pop() !== name) {
      throw new SyntaxFault('xml.unbalanced', 'a tag closes what is not open');
    }
    this.#handlers.close(name);
  }

  #text(raw: string): void {
    this.#searched = 0;
    if (this.#open.length === 0 && raw.trim() === '') return;
    if (raw.length > xmlLimits.tokenLengthMax) throw new SyntaxFault('xml.too-long', 'a long text');
    this.#characters(decodeReferences(raw));
  }

  #characters(text: string): void {
    if (this.#open.length === 0) throw new SyntaxFault('xml.stray', 'text outside the document');
    if (forbidden.test(text)) throw new SyntaxFault('xml.character', 'a character XML has not');
    this.#handlers.text(text);
  }
}

const specials = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

function requireName(name: string): void {
  if (name.length > xmlLimits.nameLengthMax || !nameForm.test(name)) {
    throw new SyntaxFault('xml.name', 'a name that is none');
  }
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  if (text.trim() === '') return noAttributes;
  const attributes = new Map<string, string>();
  attributeForm.lastIndex = 0;
  let end = 0;
  for (let match = attributeForm.exec(text); match; match = attributeForm.exec(text)) {
    end = attributeForm.lastIndex;
    const [, name = '', double, single = ''] = match;
    requireName(name);
    if (attributes.has(name) || attributes.size >= xmlLimits.attributesMax) {
      throw new SyntaxFault('xml.attribute', 'an attribute twice, or too many');
    }
    attributes.set(name, decodeReferences(double ?? single));
  }
  if (text.slice(end).trim() !== '') throw new SyntaxFault('xml.attribute', 'a damaged attribute');
  return attributes;
}

const named: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12};)?/g, (_, body: string | undefined) => {
    const reference = body?.slice(0, -1) ?? '';
    const plain = Object.hasOwn(named, reference) ? named[reference] : undefined;
    if (plain !== undefined) return plain;
    const code = /^#x[0-9a-f]{1,6}$/i.test(reference)
      ? Number.parseInt(reference.slice(2), 16)
      : /^#[0-9]{1,7}$/.test(reference)
        ? Number(reference.slice(1))
        : Number.NaN;
    const isCharacter = code > 0 && code <= 0x10_ff_ff && (code < 0xd800 || code > 0xdfff);
    if (!isCharacter) throw new SyntaxFault('xml.entity', 'an entity that is not known');
    return String.fromCodePoint(code);
  });
}

/** Text as it stands in an element or attribute; what XML cannot carry is left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replaceAll(new RegExp(forbidden, 'g'), '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
