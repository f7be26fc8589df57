/** How a search would be answered by somebody who reads every message from its beginning. */

import { mailboxesOf, readAddressList } from '@merpati/formats/message/address.ts';
import { readSortKeys, orderBy } from '@merpati/formats/imap/sort-key.ts';
import { readDate } from '@merpati/formats/message/date.ts';
import { decodeWords } from '@merpati/formats/message/encoded-word.ts';
import { findField } from '@merpati/formats/message/head.ts';
import { readMime, readPartText, type Part } from '@merpati/formats/message/mime.ts';
import { fileNameOf } from '@merpati/formats/message/part.ts';
import { foldForSearch } from '@merpati/formats/message/text-fold.ts';
import { readHtmlText } from '@merpati/formats/message/text-html.ts';
import type { FlagRow } from '../contract.ts';
import type { Criterion, SortKey } from '../search.ts';

export interface Searchable extends Omit<FlagRow, 'journey' | 'content'> {
  /** The whole message. */
  readonly bytes: Uint8Array;
}

const dayMs = 86_400_000;

/** Uids in order. */
export function searchNaively(
  messages: readonly Searchable[],
  criteria: Criterion,
  order: readonly SortKey[] = [],
): readonly number[] {
  const found = messages.filter((message) => isMatch(message, criteria));
  const sortable = found.map((message) => ({
    number: message.uid,
    arrivalMs: message.internalDateMs,
    size: message.size,
    keys: readSortKeys(readMime(message.bytes).root.head),
  }));
  return sortable.sort(orderBy(order)).map(({ number }) => number);
}

function isMatch(message: Searchable, criterion: Criterion): boolean {
  switch (criterion.kind) {
    case 'all':
      return true;
    case 'and':
      return criterion.of.every((each) => isMatch(message, each));
    case 'or':
      return criterion.of.some((each) => isMatch(message, each));
    case 'not':
      return !isMatch(message, criterion.of);
    case 'flag':
      return (message.flags & criterion.flags) === criterion.flags;
    case 'keyword':
      return message.keywords.some(
        (each) => each.toLowerCase() === criterion.keyword.toLowerCase(),
      );
    case 'uid':
      return criterion.ranges.some(({ from, to }) => message.uid >= from && message.uid <= to);
    case 'size':
      return criterion.is === 'larger'
        ? message.size > criterion.than
        : message.size < criterion.than;
    case 'day':
      return isOnDay(dayOf(message, criterion.of), criterion);
    case 'time':
      return criterion.is === 'since'
        ? message.internalDateMs >= criterion.ms
        : message.internalDateMs < criterion.ms;
    case 'modseq':
      return message.modseq >= criterion.from;
    case 'email':
      return message.email === criterion.email;
    case 'thread':
      throw new Error('threads are given by the store');
    case 'header':
    case 'body':
    case 'text':
      return hasText(message, criterion);
    default:
      return criterion satisfies never;
  }
}

function dayOf(message: Searchable, of: 'internal' | 'sent' | 'saved'): number {
  if (of === 'saved') return Math.floor(message.savedMs / dayMs);
  const { root } = readMime(message.bytes);
  const sent = of === 'sent' ? readDate(findField(root.head, 'date')?.value() ?? '') : null;
  if (sent === null) return Math.floor(message.internalDateMs / dayMs);
  return Math.floor((sent.ms + sent.offsetMinutes * 60_000) / dayMs);
}

function isOnDay(day: number, criterion: Extract<Criterion, { kind: 'day' }>): boolean {
  if (criterion.is === 'on') return day === criterion.day;
  return criterion.is === 'before' ? day < criterion.day : day >= criterion.day;
}

function hasText(
  message: Searchable,
  criterion: Extract<Criterion, { kind: 'header' | 'body' | 'text' }>,
): boolean {
  const { root } = readMime(message.bytes);
  const wanted = foldForSearch(criterion.text);
  const isIn = (text: string): boolean => foldForSearch(text).includes(wanted);
  const fields = root.head.fields.map((field) => ({
    key: field.key,
    name: field.name,
    value: `${decodeWords(field.value())}${hiddenAddresses(field.key, field.value())}`,
  }));
  if (criterion.kind === 'header') {
    const key = criterion.name.toLowerCase();
    return fields.some((field) => field.key === key && isIn(field.value));
  }
  if (criterion.text === '') return true;
  if (criterion.kind === 'text' && fields.some(({ name, value }) => isIn(`${name}: ${value}`))) {
    return true;
  }
  return textsOf(message.bytes, root).some(isIn);
}

/** Addresses that comments stand in the middle of. */
function hiddenAddresses(key: string, value: string): string {
  if (!['from', 'to', 'cc', 'bcc'].includes(key) || !value.includes('(')) return '';
  const addresses = mailboxesOf(readAddressList(value)).map(({ address }) => address);
  return addresses.flatMap((one) => (value.includes(one) ? [] : [` ${one}`])).join('');
}

/** Of the body: text parts, names of files, and messages within. */
function textsOf(bytes: Uint8Array, part: Part): readonly string[] {
  const texts = part.parts.flatMap((inner) => [...namesOf(inner), ...textsOf(bytes, inner)]);
  if (part.message !== null) {
    const inner = part.message;
    const head = inner.head.fields.map((field) => `${field.name}: ${decodeWords(field.value())}`);
    texts.push(...namesOf(inner), ...head, ...textsOf(bytes, inner));
  }
  if (part.type.type !== 'text') return texts;
  const text = readPartText(bytes, part);
  if (part.type.subtype !== 'html') return [...texts, text];
  const html = readHtmlText(text);
  return [...texts, html.text, html.links.join(' ')];
}

function namesOf(part: Part): readonly string[] {
  const description = part.written.description;
  return [fileNameOf(part), description === null ? null : decodeWords(description)].filter(
    (each) => each !== null,
  );
}
