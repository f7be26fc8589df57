/** What a listing shows of a message, from its head alone. Runs for every message that arrives. */

import { readAddressList } from './address.ts';
import type { Mailbox } from './address.ts';
import { readDate } from './date.ts';
import { decodeWords } from './encoded-word.ts';
import { findField } from './head.ts';
import type { Head } from './head.ts';
import { summaryLimits } from './limits.ts';
import { readIds } from './message-id.ts';

export interface MessageSummary {
  /** Display text, as `Siti <siti@surat.test>`; several with commas. */
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** Of the Date field; null when unreadable. */
  readonly dateMs: number | null;
  /** Without brackets. */
  readonly messageId: string | null;
}

/**
 * @example
 * const head = readHead(utf8('Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n'));
 * summarise(head).subject; // 'Grüße'
 */
export function summarise(head: Head): MessageSummary {
  return {
    from: peopleOf(head, 'from'),
    to: peopleOf(head, 'to'),
    subject: showText(decodeWords(valueOf(head, 'subject'))),
    dateMs: readDate(valueOf(head, 'date'))?.ms ?? null,
    messageId: readIds(valueOf(head, 'message-id'))[0] ?? null,
  };
}

function valueOf(head: Head, key: string): string {
  return findField(head, key)?.value() ?? '';
}

function peopleOf(head: Head, key: string): string {
  const value = valueOf(head, key);
  if (value === '') return '';
  const list = readAddressList(value, { addressesMax: summaryLimits.addressesMax });
  const shown = list.entries.map((entry) => ('group' in entry ? entry.group : showMailbox(entry)));
  return showText(shown.join(', '));
}

/** A mailbox for people to read: not for a header field. */
export function showMailbox(mailbox: Mailbox): string {
  if (mailbox.name === null) return mailbox.address;
  return mailbox.address === '' ? mailbox.name : `${mailbox.name} <${mailbox.address}>`;
}

/** One line without control characters, of bounded length and whole characters. */
export function showText(text: string): string {
  const line = /[\u0000-\u001f\u007f]/u.test(text)
    ? text.replace(/[\u0000-\u001f\u007f]+/gu, ' ').trim()
    : text;
  if (line.length <= summaryLimits.textMax) return line.toWellFormed();
  return `${line.slice(0, summaryLimits.textMax - 1).replace(/[\ud800-\udbff]$/u, '')}…`;
}
