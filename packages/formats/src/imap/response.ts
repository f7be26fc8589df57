/**
 * What an IMAP server says, as values: IMAP4rev2 (RFC 9051 §7), IMAP4rev1 (RFC 3501 §7) and the
 * extensions named beside each. For clients; servers write with `response-writer.ts`.
 */

import type { Condition } from './response-code.ts';
import { readFetched, type FetchedAttributes } from './response-fetch.ts';
import {
  readAcl,
  readListing,
  readMetadata,
  readNamespaces,
  readQuota,
  readReceivedName,
  readStatus,
  type MailboxListing,
  type ReceivedNamespace,
  type ReceivedQuota,
  type ReceivedStatus,
} from './response-mailbox.ts';
import type { ResponseParts } from './response-reader.ts';
import {
  readEsearch,
  readNumbers,
  readSet,
  readThreads,
  type ReceivedEsearch,
  type ReceivedNumbers,
  type ReceivedThread,
} from './response-search.ts';
import { conditions, readStatusText, type ReceivedCode } from './response-status.ts';
import {
  isList,
  listOf,
  readNumber,
  textOf,
  ValueCursor,
  wordOf,
  type ResponseValue,
} from './response-value.ts';
import { badResponse } from './response-value.ts';
import type { ResolvedSet } from './sequence-set.ts';

export interface StatusResponse {
  readonly kind: 'condition';
  /** null: untagged. */
  readonly tag: string | null;
  readonly condition: Condition;
  readonly code: ReceivedCode | null;
  readonly text: string;
}

export type Response =
  | StatusResponse
  /** `+`: go on. The text is base64 in a SASL exchange. */
  | { readonly kind: 'continue'; readonly text: string }
  | { readonly kind: 'capability' | 'enabled'; readonly capabilities: readonly string[] }
  | { readonly kind: 'flags'; readonly flags: readonly string[] }
  | { readonly kind: 'exists' | 'expunge' | 'recent'; readonly number: number }
  /** RFC 7162 §3.2.10. */
  | { readonly kind: 'vanished'; readonly isEarlier: boolean; readonly uids: ResolvedSet }
  /** With UIDONLY `number` is null, and the UID is in `fetched`. RFC 9586 §3.3. */
  | {
      readonly kind: 'fetch';
      readonly number: number | null;
      readonly fetched: FetchedAttributes;
    }
  | ({ readonly kind: 'list' | 'lsub' } & MailboxListing)
  | ({ readonly kind: 'status' } & ReceivedStatus)
  | ({ readonly kind: 'search' | 'sort' } & ReceivedNumbers)
  | ({ readonly kind: 'esearch' } & ReceivedEsearch)
  | { readonly kind: 'thread'; readonly threads: readonly ReceivedThread[] }
  | {
      readonly kind: 'namespace';
      readonly personal: readonly ReceivedNamespace[];
      readonly others: readonly ReceivedNamespace[];
      readonly shared: readonly ReceivedNamespace[];
    }
  /** RFC 2971 §3.2. */
  | { readonly kind: 'id'; readonly fields: ReadonlyMap<string, string | null> }
  | ({ readonly kind: 'quota' } & ReceivedQuota)
  | { readonly kind: 'quotaroot'; readonly mailbox: string; readonly roots: readonly string[] }
  | {
      readonly kind: 'metadata';
      readonly mailbox: string;
      readonly entries: ReadonlyMap<string, Uint8Array | null>;
    }
  | { readonly kind: 'acl'; readonly mailbox: string; readonly rights: ReadonlyMap<string, string> }
  | { readonly kind: 'myrights'; readonly mailbox: string; readonly rights: string }
  /** One that we do not know. */
  | { readonly kind: 'other'; readonly name: string };

export interface ReadOptions {
  /** UTF-8 was agreed on for mailbox names: ENABLE of IMAP4rev2 or UTF8=ACCEPT. */
  readonly utf8?: boolean;
}

/**
 * Reads a response, whole. Throws `SyntaxFault` with code `imap.bad-response`.
 *
 * @example readResponse([utf8('* 3 EXISTS')]) // { kind: 'exists', number: 3 }
 */
export function readResponse(parts: ResponseParts, options: ReadOptions = {}): Response {
  const cursor = new ValueCursor(parts);
  const tag = cursor.atom();
  cursor.skipSpaces();
  if (tag === '+') return { kind: 'continue', text: cursor.rest() };
  const word = cursor.atom();
  const name = word.toUpperCase();
  cursor.skipSpaces();
  if (conditions.has(name)) {
    const { code, text } = readStatusText(cursor.rest());
    const condition = name as Condition;
    return { kind: 'condition', tag: tag === '*' ? null : tag, condition, code, text };
  }
  if (tag !== '*') throw badResponse('A tagged response is OK, NO or BAD');
  if (/^[0-9]+$/.test(word)) return readNumbered(readNumber(word), cursor);
  return readNamed(name, cursor.values(), options.utf8 ?? false);
}

/** `* 3 EXISTS`, `* 3 FETCH (…)`. */
function readNumbered(number: number, cursor: ValueCursor): Response {
  const name = cursor.atom().toUpperCase();
  switch (name) {
    case 'EXISTS':
    case 'EXPUNGE':
    case 'RECENT':
      return { kind: name.toLowerCase() as 'exists' | 'expunge' | 'recent', number };
    case 'FETCH':
      return { kind: 'fetch', number, fetched: readFetched(cursor) };
    case 'UIDFETCH':
      return { kind: 'fetch', number: null, fetched: { ...readFetched(cursor), uid: number } };
    default:
      return { kind: 'other', name };
  }
}

function readNamed(name: string, values: readonly ResponseValue[], isUtf8: boolean): Response {
  switch (name) {
    case 'CAPABILITY':
    case 'ENABLED': {
      const kind = name === 'ENABLED' ? 'enabled' : 'capability';
      return { kind, capabilities: values.map((value) => wordOf(value).toUpperCase()) };
    }
    case 'FLAGS':
      return { kind: 'flags', flags: listOf(values[0]).map(wordOf) };
    case 'VANISHED': {
      const isEarlier = isList(values[0]);
      return { kind: 'vanished', isEarlier, uids: readSet(values[isEarlier ? 1 : 0]) };
    }
    case 'LIST':
    case 'LSUB':
      return { kind: name === 'LIST' ? 'list' : 'lsub', ...readListing(values, isUtf8) };
    case 'STATUS':
      return { kind: 'status', ...readStatus(values, isUtf8) };
    case 'SEARCH':
    case 'SORT':
      return { kind: name === 'SORT' ? 'sort' : 'search', ...readNumbers(values) };
    case 'ESEARCH':
      return { kind: 'esearch', ...readEsearch(values, isUtf8) };
    case 'THREAD':
      return { kind: 'thread', threads: readThreads(values) };
    default:
      return readOther(name, values, isUtf8);
  }
}

function readOther(name: string, values: readonly ResponseValue[], isUtf8: boolean): Response {
  switch (name) {
    case 'NAMESPACE': {
      const [personal = null, others = null, shared = null] = values;
      return {
        kind: 'namespace',
        personal: readNamespaces(personal, isUtf8),
        others: readNamespaces(others, isUtf8),
        shared: readNamespaces(shared, isUtf8),
      };
    }
    case 'ID': {
      const fields = new Map<string, string | null>();
      const pairs = listOf(values[0] ?? null);
      for (let at = 0; at + 1 < pairs.length; at += 2) {
        fields.set(wordOf(pairs[at]).toLowerCase(), textOf(pairs[at + 1]));
      }
      return { kind: 'id', fields };
    }
    case 'QUOTA':
      return { kind: 'quota', ...readQuota(values) };
    case 'QUOTAROOT': {
      const [mailbox, ...roots] = values;
      const where = readReceivedName(mailbox, isUtf8);
      return { kind: 'quotaroot', mailbox: where, roots: roots.map(wordOf) };
    }
    case 'METADATA': {
      const mailbox = readReceivedName(values[0], isUtf8);
      return { kind: 'metadata', mailbox, entries: readMetadata(values) };
    }
    case 'ACL':
      return {
        kind: 'acl',
        mailbox: readReceivedName(values[0], isUtf8),
        rights: readAcl(values),
      };
    case 'MYRIGHTS':
      return {
        kind: 'myrights',
        mailbox: readReceivedName(values[0], isUtf8),
        rights: wordOf(values[1]),
      };
    default:
      return { kind: 'other', name };
  }
}
