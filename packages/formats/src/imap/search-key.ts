/**
 * What SEARCH, SORT, THREAD and ESEARCH look for, and how they answer. RFC 9051 §6.4.4; RFC 3501
 * §6.4.4; RFC 5032 (WITHIN); RFC 5182 (`$`); RFC 5256 (SORT, THREAD); RFC 5267
 * (CONTEXT, ESORT); RFC 5957 (SORT=DISPLAY); RFC 6203 (FUZZY); RFC 7162 §3.1.5 (MODSEQ); RFC 7377
 * (ESEARCH); RFC 8474 §5.3; RFC 8514 §4.3 (SAVEDATE); RFC 9394 (PARTIAL).
 */

import type { SequenceSet } from './sequence-set.ts';

export type SystemFlag = 'answered' | 'deleted' | 'draft' | 'flagged' | 'seen';

/** Flags of a command, each once. */
export interface FlagList {
  readonly system: readonly SystemFlag[];
  /** As sent; `$Junk` and `$junk` are the same (RFC 9051 §2.3.2): the first spelling is kept. */
  readonly keywords: readonly string[];
}

/** A day of the calendar, without a zone. RFC 9051 §9 (date). */
export interface Day {
  readonly year: number;
  /** 1 … 12. */
  readonly month: number;
  /** 1 … 31, and one that the month has. */
  readonly day: number;
}

export type SearchKey =
  | { readonly key: 'all' }
  | { readonly key: 'flag'; readonly flag: SystemFlag; readonly isSet: boolean }
  | { readonly key: 'keyword'; readonly keyword: string; readonly isSet: boolean }
  /** `\Recent` of RFC 3501: NEW is RECENT and UNSEEN, OLD is not RECENT. */
  | { readonly key: 'recent' | 'new' | 'old' }
  | {
      readonly key: 'date';
      /** Sent: the Date field. Saved: when it came into this mailbox. */
      readonly of: 'internal' | 'sent' | 'saved';
      readonly when: 'before' | 'on' | 'since';
      readonly day: Day;
    }
  | { readonly key: 'savedatesupported' }
  | { readonly key: 'older' | 'younger'; readonly seconds: number }
  | { readonly key: 'larger' | 'smaller'; readonly octets: number }
  | {
      readonly key: 'from' | 'to' | 'cc' | 'bcc' | 'subject' | 'body' | 'text';
      /** Decoded from the charset of the search. */
      readonly value: string;
    }
  | { readonly key: 'header'; readonly field: string; readonly value: string }
  /** Sequence numbers; `$`: the saved result. */
  | { readonly key: 'numbers'; readonly set: SequenceSet }
  | { readonly key: 'uid'; readonly set: SequenceSet | '$' }
  | { readonly key: 'saved' }
  | {
      readonly key: 'modseq';
      readonly modseq: number;
      /** Which flag's modseq is meant: we keep one per message, so it does not matter. */
      readonly entry: { readonly name: string; readonly type: 'priv' | 'shared' | 'all' } | null;
    }
  | { readonly key: 'emailid' | 'threadid'; readonly id: string }
  | { readonly key: 'not'; readonly of: SearchKey }
  | { readonly key: 'fuzzy'; readonly of: SearchKey }
  | { readonly key: 'or'; readonly either: SearchKey; readonly other: SearchKey }
  | { readonly key: 'and'; readonly all: readonly SearchKey[] };

/** A window on a result: `1:100` from its beginning, `-1:-100` from its end. RFC 9394 §3.1. */
export interface PartialRange {
  readonly isFromEnd: boolean;
  /** 1 … 2^32 - 1, `from` ≤ `to`. */
  readonly from: number;
  readonly to: number;
}

/** RETURN (…): which facts of the result are wanted. RFC 4731 §3.1; RFC 9051 §6.4.4. */
export interface SearchReturn {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  readonly save: boolean;
  readonly partial: PartialRange | null;
  readonly update: boolean;
  readonly context: boolean;
  readonly relevancy: boolean;
}

export interface SortCriterion {
  readonly by:
    | 'arrival'
    | 'cc'
    | 'date'
    | 'displayfrom'
    | 'displayto'
    | 'from'
    | 'relevancy'
    | 'size'
    | 'subject'
    | 'to';
  readonly reverse: boolean;
}

/** Which mailboxes ESEARCH and NOTIFY mean. RFC 5465 §6; RFC 7377 §2.2. */
export type MailboxFilter =
  | { readonly filter: 'selected' | 'selected-delayed' | 'personal' | 'inboxes' | 'subscribed' }
  | {
      readonly filter: 'subtree' | 'subtree-one' | 'mailboxes';
      readonly mailboxes: readonly string[];
    };
