/**
 * The criteria that ask for text or for the Date field: from the index where a content has an
 * entry, else from its body. Both ways must answer the same, so they stand side by side here.
 */

import { foldForSearch } from '@merpati/formats/message/text-fold.ts';
import { hasInField } from '@merpati/formats/message/text.ts';
import type { Criterion } from '../../search.ts';
import type { EntryColumns } from '../index/entry.ts';

export type LeafCriterion = Extract<Criterion, { kind: 'body' | 'text' | 'header' }>;

/** A text criterion made ready, or the day that the Date field names. */
export type Leaf =
  | { readonly kind: 'body' | 'text'; readonly text: string; readonly octets: Buffer }
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  | { readonly kind: 'sent-day' };

/** What stands for the day of a message that names none. */
export const noDay = -(2 ** 40);

export function makeLeaf(criterion: LeafCriterion): Leaf {
  const text = foldForSearch(criterion.text);
  if (criterion.kind === 'header') {
    return { kind: 'header', name: foldForSearch(criterion.name), text };
  }
  return { kind: criterion.kind, text, octets: Buffer.from(text) };
}

/** What the entry of a content answers; null: its body cannot be read. */
export function answerLeaf(leaf: Leaf, columns: EntryColumns | null): number {
  if (leaf.kind === 'sent-day') return columns?.sent_day ?? noDay;
  if (columns === null) return 0;
  return hasText(leaf, columns) ? 1 : 0;
}

function hasText(leaf: Exclude<Leaf, { kind: 'sent-day' }>, columns: EntryColumns): boolean {
  const { text_head, text_body } = columns;
  switch (leaf.kind) {
    case 'body':
      return octetsOf(text_body).includes(leaf.octets);
    case 'text':
      return octetsOf(text_body).includes(leaf.octets) || octetsOf(text_head).includes(leaf.octets);
    case 'header':
      return hasInHead(text_head, leaf.name, leaf.text);
    default:
      return leaf satisfies never;
  }
}

/** Is `text` in a field of that name? All in the form of `foldForSearch`. */
export function hasInHead(head: Uint8Array, name: string, text: string): boolean {
  const octets = octetsOf(head);
  return octets.includes(text) && hasInField(octets.toString(), name, text);
}

function octetsOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Grams of one text that are asked for: those between them add nothing but time. */
const gramsMax = 12;

/**
 * What full text must have for a text to be there: its grams, three characters in a row. null: it
 * is shorter than that.
 *
 * @example
 * gramsOf('RAPAT'); // '"RAP" AND "APA" AND "PAT"'
 */
export function gramsOf(text: string): string | null {
  const signs = Array.from(text);
  const count = signs.length - 2;
  if (count < 1) return null;
  const grams = new Set<string>();
  const wanted = Math.min(count, gramsMax);
  for (let index = 0; index < wanted; index += 1) {
    const at = wanted === 1 ? 0 : Math.round((index * (count - 1)) / (wanted - 1));
    grams.add(
      `"${signs
        .slice(at, at + 3)
        .join('')
        .replaceAll('"', '""')}"`,
    );
  }
  return [...grams].join(' AND ');
}

/** A text of at most one gram is there where its gram is: no need to look. */
export function isWithinGram(text: string): boolean {
  return Array.from(text).length <= 3;
}

/**
 * The beginning of grams that a short text is: all between these two; null: it is long enough, or
 * so short that nearly all texts have it, and looking is faster.
 */
export function gramsAround(text: string): readonly [first: string, last: string] | null {
  const length = Array.from(text).length;
  const isPlain = length === 1 && text < '\u0080';
  return length === 0 || length > 2 || isPlain ? null : [text, `${text}\u{10ffff}`];
}
