/**
 * By what SORT orders messages: keys read once from the head, and the order that criteria make of
 * them. RFC 5256 §2.2 (sent date), §3 (criteria); RFC 5957 §3 (DISPLAYFROM, DISPLAYTO); RFC 6203
 * §4 (RELEVANCY).
 */

import { readAddressList } from '../message/address.ts';
import { readDate } from '../message/date.ts';
import { decodeWords } from '../message/encoded-word.ts';
import { type Head, findField } from '../message/head.ts';
import { readBaseSubject } from './base-subject.ts';
import { compareOctetwise, unicodeCasemap } from './collation.ts';
import type { SortCriterion } from './search-key.ts';

/** Texts in canonical form (i;unicode-casemap), of at most `sortKeyLengthMax` characters. */
export interface SortKeys {
  /** Of the Date field; null when unreadable: the internal date stands in for it. */
  readonly sentMs: number | null;
  readonly subject: string;
  /** The part before the at sign of the first address, or the name of the group that it is. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** What a list shows of the first address: its name, else the whole address. */
  readonly displayFrom: string;
  readonly displayTo: string;
}

/**
 * LIMIT: texts that are the same up to here count as the same. A row of the index must stay small,
 * and nobody reads so far in a list.
 */
export const sortKeyLengthMax = 255;

/**
 * @example
 * readSortKeys(readHead(utf8('From: Siti <s@surat.test>\r\nSubject: Re: rapat\r\n\r\n')));
 * // { subject: 'RAPAT', from: 'S', displayFrom: 'SITI', to: '', …, sentMs: null }
 */
export function readSortKeys(head: Head): SortKeys {
  const from = firstOf(head, 'from');
  const to = firstOf(head, 'to');
  return {
    sentMs: readDate(valueOf(head, 'date'))?.ms ?? null,
    subject: subjectKey(readBaseSubject(decodeWords(valueOf(head, 'subject'))).text),
    from: sortKey(from.mailbox),
    to: sortKey(to.mailbox),
    cc: sortKey(firstOf(head, 'cc').mailbox),
    displayFrom: sortKey(from.display),
    displayTo: sortKey(to.display),
  };
}

/** The form in which base subjects are compared, by SORT and by THREAD. */
export function subjectKey(baseSubject: string): string {
  return sortKey(baseSubject);
}

function sortKey(text: string): string {
  const key = unicodeCasemap(text.slice(0, sortKeyLengthMax));
  return key.slice(0, sortKeyLengthMax).replace(/[\ud800-\udbff]$/u, '');
}

function valueOf(head: Head, key: string): string {
  return findField(head, key)?.value() ?? '';
}

interface First {
  /** The `addr-mailbox` of RFC 9051 §7.5.2. */
  readonly mailbox: string;
  readonly display: string;
}

function firstOf(head: Head, key: string): First {
  const entry = readAddressList(valueOf(head, key), { addressesMax: 1 }).entries[0];
  if (entry === undefined) return { mailbox: '', display: '' };
  if ('group' in entry) return { mailbox: entry.group, display: entry.group };
  const name = entry.name ?? '';
  return { mailbox: entry.local, display: name === '' ? entry.address : name };
}

/** What SORT looks at. */
export interface Sortable {
  /** Sequence number or UID: decides between equals, and is never reversed. */
  readonly number: number;
  readonly arrivalMs: number;
  readonly size: number;
  readonly keys: SortKeys;
  /** 1 to 100; only when searched with FUZZY. */
  readonly relevancy?: number;
}

/**
 * The order that criteria make, the first being the most important. For `Array.sort`.
 *
 * @example
 * messages.toSorted(orderBy([{ by: 'subject', reverse: false }, { by: 'date', reverse: true }]));
 */
export function orderBy(
  criteria: readonly SortCriterion[],
): (one: Sortable, other: Sortable) => number {
  return (one, other) => {
    for (const { by, reverse } of criteria) {
      const order = compareOne(by, one, other);
      if (order !== 0) return reverse ? -order : order;
    }
    return one.number - other.number;
  };
}

function compareOne(by: SortCriterion['by'], one: Sortable, other: Sortable): number {
  switch (by) {
    case 'arrival':
      return one.arrivalMs - other.arrivalMs;
    case 'date':
      return sentMsOf(one) - sentMsOf(other);
    case 'size':
      return one.size - other.size;
    case 'relevancy':
      // The most relevant comes first. RFC 6203 §4.
      return (other.relevancy ?? 0) - (one.relevancy ?? 0);
    case 'displayfrom':
      return compareOctetwise(one.keys.displayFrom, other.keys.displayFrom);
    case 'displayto':
      return compareOctetwise(one.keys.displayTo, other.keys.displayTo);
    case 'cc':
    case 'from':
    case 'subject':
    case 'to':
      return compareOctetwise(one.keys[by], other.keys[by]);
  }
  return by satisfies never;
}

/** RFC 5256 §2.2. */
export function sentMsOf(message: Pick<Sortable, 'arrivalMs' | 'keys'>): number {
  return message.keys.sentMs ?? message.arrivalMs;
}
