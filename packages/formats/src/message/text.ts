/**
 * The text of a message, for searching and for previews: the head as lines, the text of all text
 * parts, names of files, heads of messages within. Gathered while the message streams by, of
 * bounded size. RFC 9051 §6.4.4 (BODY, TEXT, HEADER); RFC 8970 §3 (PREVIEW).
 */

import { mailboxesOf, readAddressList } from './address.ts';
import { createTextReader } from './charset.ts';
import { createContentDecoder } from './content-decoder.ts';
import { decodeWords } from './encoded-word.ts';
import type { Field, Head } from './head.ts';
import { textLimits } from './limits.ts';
import type { PartSink } from './mime.ts';
import { fileNameOf } from './part.ts';
import type { Part } from './part.ts';
import { foldForSearch } from './text-fold.ts';
import { readHtmlText } from './text-html.ts';

export interface MessageText {
  /** `NAME: VALUE` and a line end for each field, in the form of `foldForSearch`. */
  readonly head: string;
  /** In that form too; a line for each part that has text, and what belongs to it. */
  readonly body: string;
  /** As people read it, of at most 200 characters, without line ends. */
  readonly preview: string;
  /** Nothing was left out: what is not found here is not there. */
  readonly isWhole: boolean;
}

/**
 * Give its `onPart` to the reader of the message.
 *
 * @example
 * const gatherer = new TextGatherer();
 * const { root } = readMime(message, { onPart: (part) => gatherer.onPart(part) });
 * gatherer.finish(root).preview;
 */
export class TextGatherer {
  readonly #lengthMax: number;
  readonly #lines: string[] = [];
  #length = 0;
  #isWhole = true;
  #preview: string | null = null;

  constructor(lengthMax: number = textLimits.textLengthMax) {
    this.#lengthMax = lengthMax;
  }

  onPart(part: Part): PartSink | null {
    if (part.parent !== null) {
      const name = fileNameOf(part);
      const description = part.written.description;
      if (name !== null) this.#add(name);
      if (description !== null) this.#add(decodeWords(description));
      if (part.parent.type.type === 'message') this.#addHead(part.head);
    }
    return isText(part) ? this.#readText(part) : null;
  }

  finish(root: Part): MessageText {
    const head = foldHead(root.head);
    const isWhole = this.#isWhole && head.length <= textLimits.headLengthMax;
    return {
      head: head.slice(0, textLimits.headLengthMax).toWellFormed(),
      body: this.#lines.join('\n'),
      preview: this.#preview ?? '',
      isWhole,
    };
  }

  #readText(part: Part): PartSink {
    const decoder = createContentDecoder(part.encoding);
    const reader = createTextReader(part.type.parameters.get('charset') ?? null);
    const { markupFactor, markupLengthMax } = textLimits;
    const rawMax = Math.min(this.#lengthMax * markupFactor, markupLengthMax);
    let text = '';
    // To the character, or what is kept would depend on how the octets come.
    const take = (more: string): void => {
      const room = rawMax - text.length;
      if (more.length > room) this.#isWhole = false;
      text += more.slice(0, room);
    };
    return {
      write: (chunk) => take(reader.write(decoder.write(chunk))),
      end: () => {
        take(reader.write(decoder.end()));
        take(reader.end());
        this.#takeText(part, text.length < rawMax ? text : text.toWellFormed());
      },
    };
  }

  #takeText(part: Part, text: string): void {
    const isHtml = part.type.subtype === 'html';
    const { text: seen, links } = isHtml ? readHtmlText(text) : { text, links: [] };
    if (this.#preview === null && part.disposition?.value !== 'attachment') {
      const preview = makePreview(isHtml ? seen : withoutQuotes(text));
      if (preview !== '') this.#preview = preview;
    }
    this.#add(seen);
    if (links.length > 0) this.#add(links.join(' '));
  }

  #addHead(head: Head): void {
    for (const field of head.fields) this.#add(`${field.name}: ${decodeWords(field.value())}`);
  }

  #add(text: string): void {
    const line = foldForSearch(text);
    if (line === '' || line === ' ') return;
    const room = this.#lengthMax - this.#length;
    if (line.length > room) this.#isWhole = false;
    if (room <= 0) return;
    this.#lines.push(line.slice(0, room).toWellFormed());
    this.#length += Math.min(line.length, room);
  }
}

/** The head as lines to search in. */
export function foldHead(head: Head): string {
  let text = '';
  for (const field of head.fields) {
    text += `${foldForSearch(field.name)}: ${foldForSearch(fieldText(field))}\n`;
  }
  return text;
}

const addressFields: ReadonlySet<string> = new Set(['from', 'to', 'cc', 'bcc']);

/** Who looks for an address finds it also where comments stand in the middle of it. */
function fieldText(field: Field): string {
  const value = field.value();
  const text = decodeWords(value);
  if (!value.includes('(') || !addressFields.has(field.key)) return text;
  const hidden = mailboxesOf(readAddressList(value)).filter(
    ({ address }) => !value.includes(address),
  );
  return [text, ...hidden.map(({ address }) => address)].join(' ');
}

/**
 * Has a field of that name this in it? `head` is a folded one, name and text are folded too.
 *
 * @example
 * hasInField('SUBJECT: RAPAT BESOK\n', 'SUBJECT', 'BESOK'); // true
 */
export function hasInField(head: string, name: string, text: string): boolean {
  const start = `${name}: `;
  for (let at = 0; at < head.length;) {
    const end = head.indexOf('\n', at);
    const line = head.slice(at, end < 0 ? head.length : end);
    if (line.startsWith(start) && line.includes(text, start.length)) return true;
    at += line.length + 1;
  }
  return false;
}

/** Reports are text too; a message within is read part by part. */
function isText({ type }: Part): boolean {
  return type.type === 'text' || (type.type === 'message' && type.subtype.includes('-'));
}

/** Lines of somebody else, and what stands below the answer. */
function withoutQuotes(text: string): string {
  const some = text.slice(0, textLimits.previewSourceMax);
  return some.replace(/^>.*$/gmu, '').replace(/^-- \r?\n[\s\S]*/mu, '');
}

function makePreview(text: string): string {
  const line = text
    .slice(0, textLimits.previewSourceMax)
    .replace(/[\u0000-\u0020\u007f-\u00a0\u00ad\u200b-\u200f\u2028\u2029\u3000\ufeff]+/gu, ' ')
    .trim()
    .toWellFormed();
  let shown = '';
  let count = 0;
  for (const sign of line) {
    if (count === textLimits.previewMax) break;
    shown += sign;
    count += 1;
  }
  return shown;
}
