/** What a FETCH asks for. RFC 9051 §6.4.5, §9 (fetch-att, section); see fetch-item.ts. */

import { latin1 } from '../bytes.ts';
import { type Cursor, tooMany, wrong } from './cursor.ts';
import type { FetchItem, FetchPartial, PlainItem, Section } from './fetch-item.ts';
import { imapLimits } from './limits.ts';

const macros: Readonly<Record<string, readonly PlainItem[]>> = {
  ALL: ['flags', 'internaldate', 'rfc822.size', 'envelope'],
  FAST: ['flags', 'internaldate', 'rfc822.size'],
  FULL: ['flags', 'internaldate', 'rfc822.size', 'envelope', 'body'],
};

const plainItems: ReadonlyMap<string, PlainItem> = new Map(
  (
    [
      'body',
      'bodystructure',
      'emailid',
      'envelope',
      'flags',
      'internaldate',
      'modseq',
      'rfc822.size',
      'savedate',
      'threadid',
      'uid',
    ] as const
  ).map((item) => [item.toUpperCase(), item]),
);

const whole: Section = { part: [], text: null, fields: [] };

/** A macro, an item, or items in brackets. */
export function readFetchItems(cursor: Cursor): readonly FetchItem[] {
  for (const [macro, items] of Object.entries(macros)) {
    if (cursor.skipWord(macro)) return items.map((item) => ({ item }));
  }
  return cursor.oneOrList(() => readFetchItem(cursor), { max: imapLimits.fetchItemsMax });
}

const nameText = /[A-Za-z0-9.]+/y;

export function readFetchItem(cursor: Cursor): FetchItem {
  const name = cursor.match(nameText).toUpperCase();
  if (cursor.next === '[') return readBracketed(cursor, name);
  const plain = plainItems.get(name);
  if (plain !== undefined) return { item: plain };
  switch (name) {
    case 'PREVIEW':
      return { item: 'preview', lazy: cursor.match(lazyText) !== '' };
    case 'RFC822':
      return oldItem(name, whole, false);
    case 'RFC822.HEADER':
      return oldItem(name, { ...whole, text: 'header' }, true);
    case 'RFC822.TEXT':
      return oldItem(name, { ...whole, text: 'text' }, false);
    default:
      throw wrong('Not something that can be fetched');
  }
}

function oldItem(
  oldName: 'RFC822' | 'RFC822.HEADER' | 'RFC822.TEXT',
  section: Section,
  peek: boolean,
): FetchItem {
  return { item: 'section', section, peek, partial: null, oldName };
}

function readBracketed(cursor: Cursor, name: string): FetchItem {
  cursor.expect('[');
  switch (name) {
    case 'BODY':
    case 'BODY.PEEK': {
      const section = readSection(cursor);
      const peek = name === 'BODY.PEEK';
      return { item: 'section', section, peek, partial: readPartial(cursor), oldName: null };
    }
    case 'BINARY':
    case 'BINARY.PEEK': {
      const part = readBinaryPart(cursor);
      return { item: 'binary', part, peek: name !== 'BINARY', partial: readPartial(cursor) };
    }
    case 'BINARY.SIZE':
      return { item: 'binary.size', part: readBinaryPart(cursor) };
    default:
      throw wrong('Not something that can be fetched');
  }
}

/** RFC 8970 §3.2. Other brackets behind PREVIEW are modifiers of the FETCH. */
const lazyText = / \(LAZY\)/iy;

const partText = /(?:[1-9][0-9]{0,9})(?:\.[1-9][0-9]{0,9})*/y;

function readPart(cursor: Cursor): number[] {
  const numbers = cursor.match(partText);
  if (numbers === '') return [];
  const part = numbers.split('.').map(Number);
  if (part.length > imapLimits.sectionDepthMax) throw tooMany('The section is too deep');
  if (part.some((number) => number > imapLimits.numberMax)) throw wrong('Not a section');
  return part;
}

function readBinaryPart(cursor: Cursor): number[] {
  const part = readPart(cursor);
  cursor.expect(']');
  return part;
}

const specText = /[A-Za-z.]+/y;

/** What is inside of the brackets, and the closing one. */
export function readSection(cursor: Cursor): Section {
  const part = readPart(cursor);
  if (cursor.skip(']')) return { part, text: null, fields: [] };
  if (part.length > 0) cursor.expect('.');
  const spec = cursor.match(specText).toLowerCase();
  let fields: readonly string[] = [];
  switch (spec) {
    case 'header':
    case 'text':
      break;
    case 'mime':
      if (part.length === 0) throw wrong('MIME is of a part');
      break;
    case 'header.fields':
    case 'header.fields.not':
      cursor.space();
      fields = cursor.list(() => readFieldName(cursor), { max: imapLimits.headerFieldsMax });
      break;
    default:
      throw wrong('Not a section');
  }
  cursor.expect(']');
  return { part, text: spec, fields };
}

/** RFC 9051 §9, header-fld-name: an astring. */
function readFieldName(cursor: Cursor): string {
  const octets = cursor.astring();
  if (octets.length > imapLimits.headerNameOctetsMax) throw tooMany('The name is too long');
  const name = latin1(octets);
  if (!/^[!-9;-~]+$/.test(name)) throw wrong('Not the name of a header field');
  return name;
}

function readPartial(cursor: Cursor): FetchPartial | null {
  if (!cursor.skip('<')) return null;
  const first = cursor.number64();
  cursor.expect('.');
  const count = cursor.positive();
  cursor.expect('>');
  return { first, count };
}
