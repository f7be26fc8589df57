/**
 * IMAP commands as values: IMAP4rev2 (RFC 9051 §6), IMAP4rev1 (RFC 3501 §6) and the extensions
 * named beside each. `name` is the command word in lower case; UID variants are `uid: true`.
 * Mailbox names are Unicode, `INBOX` in capitals whatever was sent. Whether an extension is on
 * offer is for the session to say, not for the grammar. Read by `read-command.ts`.
 */

import type { FetchItem } from './fetch-item.ts';
import type {
  FlagList,
  MailboxFilter,
  PartialRange,
  SearchKey,
  SearchReturn,
  SortCriterion,
} from './search-key.ts';
import type { SequenceSet } from './sequence-set.ts';

/** A command as it came: lines without their CRLF, each literal behind the line that told it. */
export type CommandParts = readonly (Uint8Array | CollectedLiteral)[];

export interface CollectedLiteral {
  readonly literal: Uint8Array;
  /** `~{…}`: may hold NUL. RFC 3516 §4.4. */
  readonly binary: boolean;
}

export interface CommandOptions {
  /**
   * Mailbox names are UTF-8 rather than modified UTF-7: after ENABLE of UTF8=ACCEPT (RFC 6855 §3)
   * or of IMAP4rev2 (RFC 9051 §5.1).
   */
  readonly utf8: boolean;
}

/** Sequence numbers, or UIDs when the command has `uid`; `$` is the saved result. RFC 5182. */
export type MessageSet = SequenceSet | '$';

/** Commands without an argument. */
export type BareName =
  | 'capability'
  | 'check'
  | 'close'
  | 'idle'
  | 'logout'
  | 'namespace'
  | 'noop'
  | 'starttls'
  | 'unauthenticate'
  | 'unselect';

/** Commands whose only argument is a mailbox. MYRIGHTS and GETACL: RFC 4314; quota: RFC 9208. */
export type MailboxCommandName =
  | 'delete'
  | 'getacl'
  | 'getquotaroot'
  | 'myrights'
  | 'subscribe'
  | 'unsubscribe';

export type StatusItem =
  | 'appendlimit'
  | 'deleted'
  | 'deleted-storage'
  | 'highestmodseq'
  | 'mailboxid'
  | 'messages'
  | 'recent'
  | 'size'
  | 'uidnext'
  | 'uidvalidity'
  | 'unseen';

/** RFC 5258 §3.1; RFC 6154 §2 (SPECIAL-USE). */
export type ListSelection = 'recursivematch' | 'remote' | 'special-use' | 'subscribed';

/** RFC 5258 §3.2; RFC 5819 (STATUS); RFC 6154; RFC 8440 (MYRIGHTS); RFC 9590 (METADATA). */
export interface ListReturn {
  readonly subscribed: boolean;
  readonly children: boolean;
  readonly specialUse: boolean;
  readonly myrights: boolean;
  /** null: not asked for. */
  readonly status: readonly StatusItem[] | null;
  /** Entries in lower case; null: not asked for. */
  readonly metadata: readonly string[] | null;
}

/** What the client knew when it left. RFC 7162 §3.2.5. */
export interface QresyncParameters {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly knownUids: SequenceSet | null;
  /** Ascending sequence numbers and the UIDs that they had: as many of the one as of the other. */
  readonly match: { readonly numbers: SequenceSet; readonly uids: SequenceSet } | null;
}

export type NotifyEvent =
  | {
      readonly event: 'messagenew';
      /** What to tell of new messages in the selected mailbox; empty: as always. */
      readonly fetch: readonly FetchItem[];
    }
  | {
      readonly event:
        | 'annotationchange'
        | 'flagchange'
        | 'mailboxmetadatachange'
        | 'mailboxname'
        | 'messageexpunge'
        | 'servermetadatachange'
        | 'subscriptionchange';
    }
  /** Not one that we know, in capitals: the answer is NO [BADEVENT …]. RFC 5465 §5. */
  | { readonly event: 'unknown'; readonly name: string };

export interface NotifyGroup {
  readonly mailboxes: MailboxFilter;
  /** Empty: NONE. */
  readonly events: readonly NotifyEvent[];
}

type Body =
  | { readonly name: BareName }
  /** RFC 9051 §6.2.3. Text that is not UTF-8 is refused. */
  | { readonly name: 'login'; readonly user: string; readonly password: string }
  | {
      readonly name: 'authenticate';
      /** Upper case. */
      readonly mechanism: string;
      /** The initial response, decoded; empty for `=`; null when none came. RFC 4959. */
      readonly initial: Uint8Array | null;
    }
  /** Names in upper case. RFC 5161. */
  | { readonly name: 'enable'; readonly capabilities: readonly string[] }
  /** RFC 2971. Names as sent; null values are NIL. */
  | { readonly name: 'id'; readonly fields: readonly (readonly [string, string | null])[] }
  /** Upper case. RFC 4978. */
  | { readonly name: 'compress'; readonly mechanism: string }
  // ---------------------------------------------------------------- mailboxes
  | {
      readonly name: 'select' | 'examine';
      readonly mailbox: string;
      /** RFC 7162 §3.1.8. */
      readonly condstore: boolean;
      readonly qresync: QresyncParameters | null;
    }
  | { readonly name: MailboxCommandName; readonly mailbox: string }
  /** Uses as sent, with their backslash. RFC 6154 §3. */
  | { readonly name: 'create'; readonly mailbox: string; readonly use: readonly string[] }
  | { readonly name: 'rename'; readonly from: string; readonly to: string }
  | {
      readonly name: 'list';
      readonly reference: string;
      readonly patterns: readonly string[];
      readonly selection: readonly ListSelection[];
      readonly returns: ListReturn;
      /** Selection or return options or several patterns were given. RFC 5258 §3. */
      readonly isExtended: boolean;
    }
  | { readonly name: 'lsub'; readonly reference: string; readonly pattern: string }
  | { readonly name: 'status'; readonly mailbox: string; readonly items: readonly StatusItem[] }
  // ---------------------------------------------------------------- metadata, quota, rights
  | {
      readonly name: 'getmetadata';
      /** Empty: the server's. RFC 5464 §4.2. */
      readonly mailbox: string;
      /** Lower case. */
      readonly entries: readonly string[];
      readonly depth: 0 | 1 | 'infinity';
      readonly maxSize: number | null;
    }
  | {
      readonly name: 'setmetadata';
      readonly mailbox: string;
      /** Entries in lower case; null removes. RFC 5464 §4.3. */
      readonly entries: readonly { readonly entry: string; readonly value: Uint8Array | null }[];
    }
  | { readonly name: 'getquota'; readonly root: string }
  | {
      readonly name: 'setquota';
      readonly root: string;
      /** Resources in upper case. RFC 9208 §4.1.3. */
      readonly limits: readonly { readonly resource: string; readonly limit: number }[];
    }
  | {
      readonly name: 'setacl';
      readonly mailbox: string;
      readonly identifier: string;
      /** RFC 4314 §3.1: `+` adds, `-` removes, neither sets. */
      readonly op: 'set' | 'add' | 'remove';
      /** Letters as sent, each once. */
      readonly rights: string;
    }
  | {
      readonly name: 'deleteacl' | 'listrights';
      readonly mailbox: string;
      readonly identifier: string;
    }
  // ---------------------------------------------------------------- events
  | {
      readonly name: 'notify';
      /** null: NONE. */
      readonly set: { readonly status: boolean; readonly groups: readonly NotifyGroup[] } | null;
    }
  // ---------------------------------------------------------------- messages
  | {
      readonly name: 'fetch';
      readonly uid: boolean;
      readonly set: MessageSet;
      readonly items: readonly FetchItem[];
      /** RFC 7162 §3.1.4.1. */
      readonly changedSince: number | null;
      /** RFC 7162 §3.2.6. */
      readonly vanished: boolean;
      /** RFC 9394 §3.3. */
      readonly partial: PartialRange | null;
    }
  | {
      readonly name: 'store';
      readonly uid: boolean;
      readonly set: MessageSet;
      readonly op: 'set' | 'add' | 'remove';
      readonly isSilent: boolean;
      readonly flags: FlagList;
      /** RFC 7162 §3.1.3. */
      readonly unchangedSince: number | null;
    }
  | {
      readonly name: 'copy' | 'move';
      readonly uid: boolean;
      readonly set: MessageSet;
      readonly mailbox: string;
    }
  /** A set only with UID EXPUNGE. RFC 4315 §2.1. */
  | { readonly name: 'expunge'; readonly uid: boolean; readonly set: MessageSet | null }
  /**
   * The beginning alone; messages follow, see `command-append.ts`. RFC 9051 §6.3.12, RFC 3502,
   * RFC 4469.
   */
  | { readonly name: 'append'; readonly mailbox: string }
  /** RFC 8508. */
  | {
      readonly name: 'replace';
      readonly uid: boolean;
      /** Of the message that goes. */
      readonly number: number | '*';
      readonly mailbox: string;
    }
  // ---------------------------------------------------------------- searching
  | {
      readonly name: 'search';
      readonly uid: boolean;
      /** null: no RETURN was given, and the answer is an untagged SEARCH in rev1. */
      readonly returns: SearchReturn | null;
      readonly what: SearchKey;
    }
  | {
      readonly name: 'sort';
      readonly uid: boolean;
      readonly returns: SearchReturn | null;
      /** Never empty. */
      readonly criteria: readonly SortCriterion[];
      readonly what: SearchKey;
    }
  | {
      readonly name: 'thread';
      readonly uid: boolean;
      readonly algorithm: 'orderedsubject' | 'references';
      readonly what: SearchKey;
    }
  /** Several mailboxes at once. RFC 7377. */
  | {
      readonly name: 'esearch';
      /** null: the selected mailbox. */
      readonly sources: readonly MailboxFilter[] | null;
      readonly returns: SearchReturn | null;
      readonly what: SearchKey;
    }
  /** RFC 5267 §4.5: tags of the searches that are followed no more. */
  | { readonly name: 'cancelupdate'; readonly tags: readonly string[] };

export type Command = { readonly tag: string } & Body;

export type CommandName = Command['name'];

/** @example const run = (command: CommandOf<'fetch'>) => command.items.length; */
export type CommandOf<Name extends CommandName> = Command & { readonly name: Name };
