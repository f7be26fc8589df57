/**
 * LIST, STATUS and what else a server tells of mailboxes. RFC 9051 §7.3; RFC 5258 §6
 * (LIST-EXTENDED); RFC 8440 (MYRIGHTS in LIST); RFC 4314 §3 (ACL); RFC 5464 §4.4 (METADATA);
 * RFC 9208 §4.2 (QUOTA).
 */

import { latin1, readUtf8 } from '../bytes.ts';
import { decodeMailboxName } from './mailbox-name.ts';
import {
  badResponse,
  listOf,
  numberOf,
  octetsOf,
  textOf,
  wordOf,
  type ResponseValue,
} from './response-value.ts';

export interface MailboxListing {
  /** With their backslashes, as sent. */
  readonly attributes: readonly string[];
  /** Between levels; null: there are none. */
  readonly separator: string | null;
  readonly name: string;
  /** The name that was asked for, or had before a rename. RFC 5258 §5; RFC 5465 §5.4. */
  readonly oldName: string | null;
  readonly childInfo: readonly string[];
  readonly myRights: string | null;
}

/**
 * A name as the server writes it: modified UTF-7, unless UTF-8 was agreed on. Servers that break
 * both are taken at their word.
 */
export function readReceivedName(value: ResponseValue | undefined, isUtf8: boolean): string {
  const octets = value === undefined ? null : octetsOf(value);
  if (octets === null) throw badResponse('A mailbox name is missing');
  const text = readUtf8(octets) ?? latin1(octets);
  const name = isUtf8 ? text : (decodeMailboxName(text) ?? text);
  return /^inbox$/i.test(name) ? 'INBOX' : name;
}

export function readListing(values: readonly ResponseValue[], isUtf8: boolean): MailboxListing {
  const [attributes, separator, name, extended = []] = values;
  const more = new Map<string, ResponseValue>();
  const pairs = listOf(extended);
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    more.set(wordOf(pairs[at]).toUpperCase(), pairs[at + 1] ?? null);
  }
  const oldName = more.get('OLDNAME');
  const rights = more.get('MYRIGHTS');
  return {
    attributes: listOf(attributes).map(wordOf),
    separator: separator === undefined ? null : textOf(separator),
    name: readReceivedName(name, isUtf8),
    oldName: oldName === undefined ? null : readReceivedName(listOf(oldName)[0], isUtf8),
    childInfo: listOf(more.get('CHILDINFO') ?? []).map(wordOf),
    myRights: rights === undefined ? null : wordOf(rights),
  };
}

export interface ReceivedStatus {
  readonly mailbox: string;
  /** MESSAGES, UIDNEXT, UIDVALIDITY, UNSEEN, DELETED, SIZE, HIGHESTMODSEQ … in capitals. */
  readonly numbers: ReadonlyMap<string, number>;
  /** RFC 8474 §4.3. */
  readonly mailboxId: string | null;
}

export function readStatus(values: readonly ResponseValue[], isUtf8: boolean): ReceivedStatus {
  const numbers = new Map<string, number>();
  let mailboxId: string | null = null;
  const items = listOf(values[1]);
  for (let at = 0; at + 1 < items.length; at += 2) {
    const name = wordOf(items[at]).toUpperCase();
    const value = items[at + 1];
    if (name === 'MAILBOXID') mailboxId = wordOf(listOf(value)[0]);
    // NIL: no limit of its own. RFC 7889 §4.
    else if (value !== null) numbers.set(name, numberOf(value));
  }
  return { mailbox: readReceivedName(values[0], isUtf8), numbers, mailboxId };
}

export interface ReceivedNamespace {
  readonly prefix: string;
  readonly separator: string | null;
}

/** One of the three of NAMESPACE: personal, other users', shared. RFC 9051 §7.3.6. */
export function readNamespaces(
  value: ResponseValue | undefined,
  isUtf8: boolean,
): ReceivedNamespace[] {
  return listOf(value).map((one) => {
    const [prefix, separator = null] = listOf(one);
    // `INBOX.` and `` are no names: the prefix keeps its case.
    const text = wordOf(prefix);
    return {
      prefix: isUtf8 ? text : (decodeMailboxName(text) ?? text),
      separator: textOf(separator),
    };
  });
}

export interface ReceivedQuota {
  readonly root: string;
  /** Resource in capitals → usage and limit, in units of the resource (STORAGE: 1024 octets). */
  readonly resources: ReadonlyMap<string, { readonly usage: number; readonly limit: number }>;
}

export function readQuota(values: readonly ResponseValue[]): ReceivedQuota {
  const resources = new Map<string, { usage: number; limit: number }>();
  const items = listOf(values[1]);
  for (let at = 0; at + 2 < items.length; at += 3) {
    const [name, usage, limit] = items.slice(at, at + 3);
    resources.set(wordOf(name).toUpperCase(), { usage: numberOf(usage), limit: numberOf(limit) });
  }
  return { root: wordOf(values[0]), resources };
}

/** Entry → value; a server that only tells of a change names the entries without values. */
export function readMetadata(
  values: readonly ResponseValue[],
): ReadonlyMap<string, Uint8Array | null> {
  const found = new Map<string, Uint8Array | null>();
  const list = values[1];
  if (list === null || list === undefined || !Array.isArray(list)) {
    for (const entry of values.slice(1)) found.set(wordOf(entry), null);
    return found;
  }
  for (let at = 0; at + 1 < list.length; at += 2) {
    const value = list[at + 1] as ResponseValue;
    found.set(wordOf(list[at] as ResponseValue), value === null ? null : octetsOf(value));
  }
  return found;
}

/** Identifier → rights. RFC 4314 §3.6. */
export function readAcl(values: readonly ResponseValue[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 1; at + 1 < values.length; at += 2) {
    found.set(wordOf(values[at]), wordOf(values[at + 1]));
  }
  return found;
}
