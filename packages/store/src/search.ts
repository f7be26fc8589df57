/**
 * What the store knows of a message without opening its body, and how it is searched. Each message
 * is read once after it was stored; until then the same answers come from its body, only slower: a
 * search misses nothing.
 */

import type { ContentId, EmailId, MailboxId, ModSeq, ThreadId, Uid } from './ids.ts';

// ---------------------------------------------------------------- details

export type DetailKind =
  | 'envelope'
  | 'structure'
  | 'plainStructure'
  | 'head'
  | 'preview'
  | 'thread'
  | 'sort';

/** Texts in the form of i;unicode-casemap (RFC 5051), to be compared octet by octet. */
export interface SortDetail {
  /** Of the Date field; null when unreadable: the internal date stands in for it. RFC 5256 §2.2. */
  readonly sentMs: number | null;
  /** The base subject. RFC 5256 §2.1. */
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** RFC 5957. */
  readonly displayFrom: string;
  readonly displayTo: string;
  /** A `Re:` or `Fwd:` was taken from the subject. */
  readonly isReplyOrForward: boolean;
  /** Without brackets; null when there is none. */
  readonly messageId: string | null;
  /** Of References, else the first of In-Reply-To; without brackets. RFC 5256 §3 (REFERENCES). */
  readonly references: readonly string[];
}

/**
 * What is known of one message, as far as it was asked for: the rest is null. What was asked for
 * and is null all the same has not been read yet: look into the body.
 */
export interface DetailRow {
  readonly uid: Uid;
  readonly email: EmailId;
  readonly content: ContentId;
  readonly size: number;
  /** ENVELOPE as it goes out: `(…)`. Where it is not US-ASCII it holds literals. */
  readonly envelope: Uint8Array | null;
  /** BODYSTRUCTURE as it goes out. */
  readonly structure: Uint8Array | null;
  /** BODY, which lacks the extension data. */
  readonly plainStructure: Uint8Array | null;
  /**
   * The whole fields that `isDetailField` names, in their order and octet by octet, without the
   * empty line.
   */
  readonly head: Uint8Array | null;
  /** RFC 8970: at most 200 characters of what the message begins with; may be empty. */
  readonly preview: string | null;
  /** Never changes. RFC 8474 §5.2. */
  readonly thread: ThreadId | null;
  readonly sort: SortDetail | null;
}

const detailFields = new Set(
  (
    'date from sender reply-to to cc bcc subject message-id in-reply-to references content-type ' +
    'mime-version content-transfer-encoding priority x-priority x-msmail-priority importance ' +
    'newsgroups disposition-notification-to return-receipt-to resent-date resent-from resent-to ' +
    'auto-submitted precedence user-agent x-mailer content-language delivered-to return-path ' +
    'x-spam-flag x-spam-status x-label x-keywords content-disposition chat-version ' +
    'autocrypt-setup-message thread-topic'
  ).split(' '),
);

/**
 * Is this field among those that `head` holds? The name in lower case.
 *
 * @example
 * isDetailField('list-unsubscribe'); // true
 */
export function isDetailField(name: string): boolean {
  return detailFields.has(name) || name.startsWith('list-');
}

// ---------------------------------------------------------------- search

/**
 * What to look for. A text is found where it is part of the other one: both decoded, in the form of
 * i;unicode-casemap (RFC 5051), and with one space for any white space. An empty one is part of
 * every text.
 */
export type Criterion =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Criterion[] }
  | { readonly kind: 'not'; readonly of: Criterion }
  /** All of these bits of `flagBits` are set. */
  | { readonly kind: 'flag'; readonly flags: number }
  /** In any case of letters. */
  | { readonly kind: 'keyword'; readonly keyword: string }
  | { readonly kind: 'uid'; readonly ranges: readonly UidRange[] }
  | { readonly kind: 'size'; readonly is: 'larger' | 'smaller'; readonly than: number }
  | {
      readonly kind: 'day';
      /**
       * Sent: the day that the Date field names, whatever its time and zone; without a readable one
       * the internal date.
       */
      readonly of: 'internal' | 'sent' | 'saved';
      readonly is: 'before' | 'on' | 'since';
      /** Days since 1970-01-01; of internal and saved dates in UTC. */
      readonly day: number;
    }
  /** RFC 5032: by the internal date. `since` and `before` the moment. */
  | { readonly kind: 'time'; readonly is: 'before' | 'since'; readonly ms: number }
  /** A field of that name (in any case) that has this in it. */
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  /** Text parts and names of files, and heads and bodies of messages within the message. */
  | { readonly kind: 'body'; readonly text: string }
  /** The head, or what `body` means. */
  | { readonly kind: 'text'; readonly text: string }
  /** Changed at this modseq or later. RFC 7162 §3.1.5. */
  | { readonly kind: 'modseq'; readonly from: ModSeq }
  | { readonly kind: 'email'; readonly email: EmailId }
  | { readonly kind: 'thread'; readonly thread: ThreadId };

export interface UidRange {
  readonly from: Uid;
  /** Included. */
  readonly to: Uid;
}

export interface SortKey {
  readonly by:
    | 'arrival'
    | 'cc'
    | 'date'
    | 'displayfrom'
    | 'displayto'
    | 'from'
    | 'size'
    | 'subject'
    | 'to';
  readonly reverse: boolean;
}

export interface SearchQuery {
  /** One after the other. */
  readonly mailboxes: readonly MailboxId[];
  readonly criteria: Criterion;
  /** Within each mailbox; empty or not given: by uid. Equals stand by uid. RFC 5256 §3. */
  readonly order?: readonly SortKey[];
  /** So many of each mailbox are enough, the first ones. */
  readonly limit?: number;
}

/** Some of what was found, all in one mailbox; a mailbox without any has one, empty. */
export interface Found {
  readonly mailbox: MailboxId;
  readonly uids: Uint32Array;
  /** The highest of these messages; 0 when there are none. */
  readonly modseq: ModSeq;
}

/** Conversations of what is found in one mailbox. RFC 5256 §3. */
export interface ThreadQuery {
  readonly mailbox: MailboxId;
  readonly criteria: Criterion;
  readonly by: 'orderedsubject' | 'references';
  /** Of more it is refused. */
  readonly messagesMax: number;
}

/** What a search is refused for, before it begins. */
export class SearchTooBig extends Error {
  override readonly name = 'SearchTooBig';
}

export const searchLimits = {
  /** Criteria within each other, and all of them together. */
  depthMax: 100,
  criteriaMax: 1000,
  /** Texts to look for: each one may be looked for in every message. */
  textsMax: 100,
  /** Characters of one text: longer ones are pasted by mistake. */
  textLengthMax: 8192,
  /** Ranges of uids, of all criteria together. */
  rangesMax: 100_000,
  /** Uids of one slice of the answer. */
  foundMax: 20_000,
} as const;
