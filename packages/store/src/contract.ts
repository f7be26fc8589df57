/**
 * The store contract: what every engine promises, whatever it is made of. All methods are
 * asynchronous; a write that has resolved is durable (fsync), and is one transaction: all of it
 * exists after a crash or none of it. Times are arguments: an engine has no clock of its own.
 */

import type {
  AccountId,
  ContentId,
  EmailId,
  JourneyId,
  MailboxId,
  ModSeq,
  QueueId,
  Uid,
} from './ids.ts';
import type { JourneyEvent, JourneyHead, RecordedEvent } from './journey.ts';
import type { RecordStore } from './records.ts';
import type { DetailKind, DetailRow, Found, SearchQuery, ThreadQuery } from './search.ts';

// ---------------------------------------------------------------- bodies

/**
 * Content whose bytes and hash are known and that no row refers to yet. Made by
 * `BodyWriter.finish`.
 */
export interface Body {
  /** SHA-256, 32 octets. */
  readonly hash: Uint8Array;
  /** Octets. */
  readonly size: number;
  /** The last line lacks its CRLF. */
  readonly unterminated: boolean;
  /**
   * Small bodies travel in memory; large ones wait in a file of the engine's own, already synced.
   */
  readonly source: { readonly bytes: Uint8Array } | { readonly spool: string };
}

/**
 * Takes a message while it arrives, hashing it; memory stays bounded whatever the size.
 * Every writer ends in `finish` or `abort`.
 */
export interface BodyWriter {
  /** Resolves (or returns) when more may be written. The chunk must not be changed afterwards. */
  write(chunk: Uint8Array): void | Promise<void>;
  finish(): Promise<Body>;
  /** Also after `finish`, for a body that was not accepted after all. */
  abort(): Promise<void>;
}

/** A stored message as it goes out: `prefix` (our trace header fields), then the blob. */
export interface StoredBody {
  readonly prefix: Uint8Array;
  /** Octets of prefix and blob together. */
  readonly size: number;
  /** The whole message in chunks of at most 256 KiB, each verified. Throws `CorruptBlob`. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** A message as a whole, read together with its neighbours. */
export interface WholeMessage {
  readonly uid: Uid;
  /** Prefix and blob, verified; null: too large for that, or not to be read: ask `readMessage`. */
  readonly bytes: Uint8Array | null;
}

// ---------------------------------------------------------------- directory

export interface DomainRow {
  /** A-labels, lower case, no final dot. */
  readonly name: string;
  /** Addresses of this domain are those of that one. */
  readonly aliasOf: string | null;
  /** Address that receives what nobody else does. */
  readonly catchAll: string | null;
  readonly createdMs: number;
}

/** Verifier for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677); base64 fields. */
export interface ScramVerifier {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

export interface Credential {
  /** PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  readonly passwordHash: string;
  readonly scram: ScramVerifier | null;
}

export interface AccountSettings {
  readonly displayName: string;
  readonly state: 'active' | 'disabled';
  /** null: no limit. */
  readonly quotaBytes: number | null;
  /**
   * What POP3's DELE does: hide for `keepDays`, or leave the message where other devices see it.
   */
  readonly pop: { readonly policy: 'hide' | 'leave-copy'; readonly keepDays: number };
  /** null: what the configuration says, also when that changes. */
  readonly limits: {
    readonly messagesPerDay: number | null;
    readonly newRecipientsPerDay: number | null;
  };
  /** Do not write the client's address into Received of submitted messages. */
  readonly hideClientAddress: boolean;
}

export interface AccountRow extends AccountSettings {
  readonly id: AccountId;
  /** Primary address, normalised: local part as `normalLocal`, domain in lower-case A-labels. */
  readonly address: string;
  readonly usedBytes: number;
  readonly messages: number;
  readonly modseq: ModSeq;
  readonly createdMs: number;
  readonly credential: Credential;
}

export interface AppPasswordRow {
  readonly id: number;
  readonly label: string;
  readonly createdMs: number;
  readonly lastUsedMs: number | null;
  readonly credential: Credential;
}

/** What an address of ours stands for. */
export type AddressTarget =
  | { readonly kind: 'account'; readonly account: AccountRow }
  | { readonly kind: 'alias'; readonly targets: readonly string[] };

export type DirectoryEdit =
  | { readonly kind: 'domain-put'; readonly domain: DomainRow }
  | { readonly kind: 'domain-remove'; readonly name: string }
  | {
      readonly kind: 'account-add';
      readonly address: string;
      readonly settings: AccountSettings;
      readonly credential: Credential;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'account-edit';
      readonly id: AccountId;
      readonly settings?: Partial<AccountSettings>;
      readonly credential?: Credential;
    }
  | { readonly kind: 'account-remove'; readonly id: AccountId }
  | { readonly kind: 'alias-put'; readonly address: string; readonly targets: readonly string[] }
  | { readonly kind: 'alias-remove'; readonly address: string }
  | {
      readonly kind: 'app-password-add';
      readonly account: AccountId;
      readonly label: string;
      readonly credential: Credential;
      readonly nowMs: number;
    }
  | { readonly kind: 'app-password-remove'; readonly account: AccountId; readonly id: number }
  | {
      readonly kind: 'app-password-used';
      readonly account: AccountId;
      readonly id: number;
      readonly nowMs: number;
    };

export type DirectoryResult =
  | { readonly ok: true; readonly id: number | null }
  | {
      readonly ok: false;
      /** `in-use`: a domain that still has addresses. */
      readonly code: 'exists' | 'not-found' | 'in-use';
      readonly what: string;
    };

// ---------------------------------------------------------------- mailboxes and messages

/** RFC 6154 roles, and `downloaded`: the hidden mailbox of what POP3 devices took away. */
export type MailboxRole = 'inbox' | 'sent' | 'drafts' | 'junk' | 'trash' | 'archive' | 'downloaded';

export interface MailboxStatus {
  readonly id: MailboxId;
  /** Levels joined by `/`; `INBOX` for the inbox. */
  readonly name: string;
  readonly role: MailboxRole | null;
  readonly uidValidity: number;
  readonly uidNext: Uid;
  readonly modseq: ModSeq;
  readonly total: number;
  readonly unseen: number;
  /** Messages with `\\Deleted`, and their octets (RFC 9208 §4.1.4: what an expunge would free). */
  readonly deleted: number;
  readonly deletedBytes: number;
  readonly sizeBytes: number;
}

/** System flags as bits. `popHidden` is ours: taken by POP3 under the leave-a-copy policy. */
export const flagBits = {
  seen: 1,
  answered: 2,
  flagged: 4,
  deleted: 8,
  draft: 16,
  popHidden: 32,
} as const;

/** What listings show, read once when the message arrives. */
export interface MessageSummary {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** Of the Date field; null when unreadable. */
  readonly dateMs: number | null;
  readonly messageId: string | null;
}

export interface MessageRow {
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly modseq: ModSeq;
  /** Sum of `flagBits`. */
  readonly flags: number;
  /** Case does not matter; in a mailbox each is written as it came first. */
  readonly keywords: readonly string[];
  readonly content: ContentId;
  readonly email: EmailId;
  readonly internalDateMs: number;
  readonly savedMs: number;
  /** Octets, prefix included. */
  readonly size: number;
  readonly journey: JourneyId;
  readonly summary: MessageSummary;
}

/** A message without what would need a second table: what FLAGS, UID, RFC822.SIZE and dates ask. */
export type FlagRow = Omit<MessageRow, 'mailbox' | 'summary'>;

/** A part of a mailbox: uids from … to, both included, at most `limit` rows of them. */
export interface UidSlice {
  readonly fromUid: Uid;
  readonly toUid: Uid;
  readonly limit: number;
}

/**
 * Flags of many messages in columns, ascending by uid: a hundred thousand of them in some
 * milliseconds. `keywords` holds the sets that occur, the empty one first; `keywordSets` tells for
 * each message which one is its own.
 */
export interface FlagTable {
  readonly uids: Uint32Array;
  /** Sums of `flagBits`. */
  readonly flags: Uint8Array;
  readonly modseqs: Float64Array;
  readonly keywords: readonly (readonly string[])[];
  readonly keywordSets: Uint16Array;
}

/** One copy for one account. */
export interface Delivery {
  readonly account: AccountId;
  /** The inbox stands in for a role that no mailbox has. */
  readonly mailbox: MailboxRole | MailboxId;
  /**
   * Exactly once: a second delivery with the same key within a week stores nothing and tells the
   * first one's place.
   */
  readonly key: string;
  /**
   * Trace header fields in front of the blob, for this copy only (Return-Path, Delivered-To,
   * Received).
   */
  readonly prefix: Uint8Array;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalDateMs: number;
  readonly summary: MessageSummary;
  /** The envelope recipient it came by; '' for an append. */
  readonly recipient: string;
}

/** What all queue rows of one message share. */
export interface QueueMessage {
  /** Reverse-path; '' is the null sender, for which nothing ever bounces. */
  readonly sender: string;
  readonly prefix: Uint8Array;
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  readonly bodyType: '7bit' | '8bitmime' | 'binarymime';
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
  readonly submittedBy: AccountId | null;
}

export interface QueueRecipient {
  readonly recipient: string;
  /** What routing, concurrency and rate are keyed by: A-labels in lower case, or `[literal]`. */
  readonly domain: string;
  readonly dueMs: number;
  readonly expiresMs: number;
  /** RFC 3461 §4.1; empty: the default (failure, delay). */
  readonly notify: readonly ('never' | 'success' | 'failure' | 'delay')[];
  /** xtext as received, `rfc822;…` or `utf-8;…`; null when not given. */
  readonly orcpt: string | null;
}

/** RFC 6409 §6.2 style limits, counted in the transaction that accepts. */
export interface SendingCount {
  readonly account: AccountId;
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
  readonly recipients: readonly string[];
  readonly limits: { readonly messagesPerDay: number; readonly newRecipientsPerDay: number };
}

/** Everything that happens when a message is accepted; all of it or nothing. */
export interface Acceptance {
  readonly head: JourneyHead;
  /** What happened up to here; the engine adds `store.*` and `queue.*` events of its own. */
  readonly events: readonly JourneyEvent[];
  readonly body: Body;
  readonly deliveries: readonly Delivery[];
  readonly queue: {
    readonly message: QueueMessage;
    readonly recipients: readonly QueueRecipient[];
  } | null;
  readonly sending: SendingCount | null;
  readonly nowMs: number;
}

export interface Stored {
  readonly recipient: string;
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly modseq: ModSeq;
  readonly email: EmailId;
  /** The key was known: this is where the first copy went, and nothing new was stored. */
  readonly duplicate: boolean;
}

export type Accepted =
  | { readonly ok: true; readonly stored: readonly Stored[]; readonly queued: readonly QueueId[] }
  | {
      readonly ok: false;
      readonly code: 'over-quota' | 'no-mailbox' | 'no-account' | 'over-limit';
      /** The recipient or account that stood in the way. */
      readonly what: string;
    };

/** A message that a client puts into a mailbox. RFC 9051 §6.3.12. */
export interface AppendedMessage {
  readonly head: JourneyHead;
  /** What happened up to here; the engine adds `store.appended`. */
  readonly events: readonly JourneyEvent[];
  /** Given back as it is: nothing is put in front of it. */
  readonly body: Body;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalDateMs: number;
  readonly summary: MessageSummary;
}

/** One or several messages (RFC 3502) for one mailbox: all of them or none. */
export interface Append {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  /**
   * Exactly once: the same key again within a week stores nothing and tells the first places. null:
   * nobody will ask twice.
   */
  readonly key: string | null;
  readonly messages: readonly AppendedMessage[];
  /** Expunged in the same transaction; with it gone before, nothing is stored. RFC 8508 §3. */
  readonly replaces: { readonly mailbox: MailboxId; readonly uid: Uid } | null;
  readonly nowMs: number;
}

export type Appended =
  | {
      readonly ok: true;
      readonly modseq: ModSeq;
      readonly uidValidity: number;
      /** In the order of the messages. */
      readonly stored: readonly { readonly uid: Uid; readonly email: EmailId }[];
      /** The key was known: this is where the first copies went, and nothing new was stored. */
      readonly duplicate: boolean;
    }
  | {
      readonly ok: false;
      /** `no-message`: what was to be replaced is not there. */
      readonly code: 'over-quota' | 'no-mailbox' | 'no-message';
    };

export interface FlagEdit {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uids: readonly Uid[];
  readonly op: 'add' | 'remove' | 'set';
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Leave a message alone that changed after this. RFC 7162 §3.1.3. */
  readonly unchangedSince?: ModSeq;
}

export interface FlagEdited {
  readonly modseq: ModSeq;
  readonly changed: readonly Uid[];
  /** Left alone because of `unchangedSince`. */
  readonly modified: readonly Uid[];
}

/** A mailbox and whose it is: shared ones belong to others. */
export interface MailboxPlace {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
}

/**
 * Messages on their way from one mailbox to another, in the order of their uids. What arrives keeps
 * flags, keywords, internal date and, within an account, its `EmailId` (RFC 8474 §5.1); `nowMs`
 * becomes its save date (RFC 8514). All take one modseq, of very many each ten thousand one.
 */
export interface Transfer {
  readonly from: MailboxPlace;
  readonly to: MailboxPlace;
  readonly uids: readonly Uid[];
  readonly nowMs: number;
}

export type Transferred =
  | {
      readonly ok: true;
      /** Of the account that the messages are in now. */
      readonly modseq: ModSeq;
      readonly uidValidity: number;
      /** Those that were there, ascending by `from`. */
      readonly pairs: readonly { readonly from: Uid; readonly to: Uid }[];
    }
  | { readonly ok: false; readonly code: 'no-mailbox' | 'over-quota' };

export type MailboxEdit =
  | { readonly kind: 'create'; readonly name: string; readonly role: MailboxRole | null }
  /**
   * The levels below move along. INBOX stays, and what was in it is moved to a new mailbox of that
   * name. RFC 9051 §6.3.6.
   */
  | {
      readonly kind: 'rename';
      readonly id: MailboxId;
      readonly name: string;
      readonly nowMs: number;
    }
  /** With all messages in it; the levels below stay. */
  | { readonly kind: 'remove'; readonly id: MailboxId }
  /** Names, also of mailboxes that are not there or are somebody else's. RFC 9051 §6.3.7. */
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly name: string }
  /** RFC 5464; entry names in lower case. mailbox null: the server's; value null: removed. */
  | {
      readonly kind: 'annotate';
      readonly mailbox: MailboxId | null;
      readonly entry: string;
      readonly value: Uint8Array | null;
    }
  /** RFC 4314. rights as sorted letters; null: the identifier has none any more. */
  | {
      readonly kind: 'set-acl';
      readonly mailbox: MailboxId;
      readonly identifier: string;
      readonly rights: string | null;
    };

export type MailboxEdited =
  | {
      readonly ok: true;
      /** The mailbox; what INBOX's messages went into; null where the edit concerns none. */
      readonly id: MailboxId | null;
      readonly modseq: ModSeq;
    }
  | {
      readonly ok: false;
      /** `too-many`, `too-big`: see `mailboxLimits`. */
      readonly code: 'exists' | 'not-found' | 'forbidden' | 'too-many' | 'too-big';
    };

/** What an account may keep; beyond it an edit is refused. */
export const mailboxLimits = {
  mailboxesMax: 10_000,
  /** Octets of a name, levels and their separators included. */
  nameBytesMax: 1000,
  levelsMax: 64,
  subscriptionsMax: 10_000,
  /** Of one mailbox, or of the account's own. */
  annotationsMax: 200,
  annotationBytesMax: 65_536,
  /** Of all mailboxes together: no quota counts them. */
  annotationsTotalMax: 10_000,
  annotationsTotalBytesMax: 16 * 1024 * 1024,
  /** Identifiers in the list of one mailbox. */
  aclMax: 200,
  /**
   * Different keywords in one mailbox. Further ones are not stored, as RFC 9051 §2.3.2 allows for
   * what PERMANENTFLAGS does not offer.
   */
  keywordsMax: 500,
} as const;

export interface Annotation {
  readonly entry: string;
  readonly value: Uint8Array;
}

/** One line of an access control list. A leading `-` takes rights away. RFC 4314 §2. */
export interface AclEntry {
  /** The address of an account of ours, or `anyone`; behind a `-` perhaps. */
  readonly identifier: string;
  readonly rights: string;
}

/** A mailbox that its owner lets this account look up (`l`). */
export interface SharedMailbox {
  readonly owner: AccountId;
  readonly ownerAddress: string;
  /** What the account may do there, as sorted letters. */
  readonly rights: string;
  readonly status: MailboxStatus;
}

/** Somebody has fetched bodies: told to the journeys, once for each message and device. */
export interface ReadNote {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uids: readonly Uid[];
  /** The address of who reads. */
  readonly reader: string;
  /** What the client calls itself (RFC 2971), or a word for all that do not. */
  readonly device: string;
  /** Where it comes from. */
  readonly address: string;
  readonly nowMs: number;
}

/** Answer to "what changed since". RFC 7162 §3.2, RFC 8620 §5.2. */
export interface ChangesSince {
  /**
   * The account's modseq at the time of the answer; when `limit` cut the answer short, the modseq
   * up to which it is whole: ask again from there.
   */
  readonly modseq: ModSeq;
  readonly changed: readonly MessageRow[];
  readonly vanished: readonly { readonly mailbox: MailboxId; readonly uid: Uid }[];
  /** `since` lies before what the log still knows: compare all uids instead. */
  readonly truncated: boolean;
}

/** What changed in one mailbox: light, for sessions that have it open. */
export interface MailboxChanges {
  /** As in `ChangesSince`. */
  readonly modseq: ModSeq;
  readonly changed: readonly FlagRow[];
  readonly vanished: readonly Uid[];
  readonly truncated: boolean;
}

// ---------------------------------------------------------------- POP3

export interface MaildropEntry {
  readonly uid: Uid;
  readonly email: EmailId;
  readonly content: ContentId;
  readonly size: number;
  /** The last line lacks its CRLF (BDAT allows that): POP3 sends, and counts, two octets more. */
  readonly unterminated: boolean;
  readonly seen: boolean;
}

/** The UPDATE state of a session. RFC 1939 §6. */
export interface PopUpdate {
  readonly account: AccountId;
  readonly device: string;
  readonly address: string;
  readonly nowMs: number;
  /** For the journeys: which messages the device has downloaded. */
  readonly retrieved: readonly Uid[];
  readonly deleted: readonly Uid[];
}

export interface DownloadedEntry {
  readonly email: EmailId;
  readonly device: string;
  readonly address: string;
  readonly atMs: number;
  /** Gone for good after this. */
  readonly keepUntilMs: number;
  readonly message: MessageRow;
}

// ---------------------------------------------------------------- queue

export type QueueState = 'waiting' | 'held';

/** One recipient's place in the queue, as lists show it. */
export interface QueueRow extends QueueRecipient {
  readonly id: QueueId;
  readonly journey: JourneyId;
  readonly state: QueueState;
  readonly attempts: number;
  readonly createdMs: number;
  /** What the last server said, or what went wrong; null before the first attempt. */
  readonly lastReply: string | null;
  /** An explicit way out set by `reroute`; null: by configuration. */
  readonly route: string | null;
  readonly delayNoticeSent: boolean;
  /** Leased by a runner until then; null when nobody is at it. */
  readonly leasedUntilMs: number | null;
  readonly sender: string;
  readonly size: number;
}

/** What a runner gets: the row, its message, and the token that proves the lease. */
export interface QueueItem extends QueueRow {
  readonly token: number;
  readonly message: QueueMessage;
  readonly bodyHash: Uint8Array;
}

export interface Claim {
  readonly nowMs: number;
  readonly leaseMs: number;
  readonly itemsMax: number;
  /** At their concurrency limit already. */
  readonly skipDomains: readonly string[];
}

export type Outcome =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'later';
      readonly dueMs: number;
      readonly reply: string;
      readonly delayNoticeSent: boolean;
    }
  | { readonly kind: 'failed'; readonly reply: string }
  /** Not tried after all (shutdown, connection slot lost): as before, attempt not counted. */
  | { readonly kind: 'untried' };

export interface Settlement {
  readonly items: readonly {
    readonly id: QueueId;
    readonly token: number;
    readonly outcome: Outcome;
  }[];
  readonly events: readonly {
    readonly journey: JourneyId;
    readonly events: readonly JourneyEvent[];
  }[];
  /** Delivery status notifications that follow from it, accepted in the same transaction. */
  readonly notices: readonly Acceptance[];
  readonly nowMs: number;
}

export interface Settled {
  /** `lost`: the lease had run out and somebody else has the item; nothing of it was changed. */
  readonly items: readonly ('ok' | 'lost')[];
  readonly notices: readonly Accepted[];
}

/** All given fields must match. */
export interface QueueFilter {
  readonly ids?: readonly QueueId[];
  readonly journey?: JourneyId;
  readonly toDomain?: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly submittedBy?: AccountId;
  /** Accepted before this time. */
  readonly olderThanMs?: number;
  readonly state?: QueueState;
}

export type QueueEdit =
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  | { readonly kind: 'retry'; readonly nowMs: number }
  | { readonly kind: 'reroute'; readonly route: string | null }
  /** Taken out without a word to the sender. */
  | { readonly kind: 'cancel' }
  /** Given up now: the runner bounces it at its next turn. */
  | { readonly kind: 'bounce'; readonly nowMs: number };

// ---------------------------------------------------------------- changes

/** What listeners hear after a commit. Hints: the modseq in the store is the truth. */
export type Change =
  | {
      readonly kind: 'message-added';
      readonly account: AccountId;
      readonly mailbox: MailboxId;
      readonly uid: Uid;
      readonly modseq: ModSeq;
    }
  | {
      readonly kind: 'flags-changed' | 'expunged';
      readonly account: AccountId;
      readonly mailbox: MailboxId;
      readonly uids: readonly Uid[];
      readonly modseq: ModSeq;
    }
  | {
      readonly kind: 'mailbox-changed';
      readonly account: AccountId;
      readonly modseq: ModSeq;
      /** What was done to it. */
      readonly edit: MailboxEdit['kind'];
      /** null: a subscription, or an annotation of the account. */
      readonly mailbox: MailboxId | null;
      /** Of the mailbox (of one that is gone: what it was), or of the subscription. */
      readonly name: string;
      /** Before it was renamed. */
      readonly oldName: string | null;
    }
  | { readonly kind: 'directory-changed' }
  /** Records of one kind. */
  | { readonly kind: 'records-changed'; readonly of: string }
  | {
      readonly kind: 'queue-changed';
      readonly dueMs: number | null;
      readonly domain: string | null;
    }
  | { readonly kind: 'journey'; readonly events: readonly RecordedEvent[] };

// ---------------------------------------------------------------- journeys

export interface JourneySearch {
  /** Only journeys that this account submitted or received. */
  readonly account?: AccountId;
  /** Substring of sender, recipient or message id. */
  readonly text?: string;
  readonly messageId?: string;
  /** Begun here since then, by the time in their id. */
  readonly sinceMs?: number;
  readonly limit: number;
}

// ---------------------------------------------------------------- care

export interface CheckFinding {
  readonly severity: 'error' | 'warning';
  /** Stable, e.g. `counter.mailbox.total`. */
  readonly code: string;
  /** Which row, file or offset. */
  readonly where: string;
  readonly message: string;
  /** `repair` can mend it without losing a message. */
  readonly mendable: boolean;
}

export interface CheckReport {
  readonly findings: readonly CheckFinding[];
  readonly counted: {
    readonly accounts: number;
    readonly mailboxes: number;
    readonly messages: number;
    readonly blobs: number;
    readonly queued: number;
    readonly bytes: number;
  };
}

export interface RepairReport {
  readonly mended: readonly CheckFinding[];
  readonly lost: readonly CheckFinding[];
}

export interface CheckProgress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

// ---------------------------------------------------------------- the store

/**
 * A write that cannot be made now for a reason of the machine (disk full, I/O error). Nothing of it
 * happened; the caller says "later" in the words of its protocol.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly reason: 'disk-full' | 'io' | 'closed' | 'overloaded';
  constructor(reason: 'disk-full' | 'io' | 'closed' | 'overloaded', cause?: unknown) {
    super(`the store cannot write now: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** A store that is not opened, and why. `message` is fit for the operator. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  /**
   * `in-use`: another process has it open; `too-new`: written by a later release; `damaged`: so
   * much that it cannot be opened as it is.
   */
  readonly code: 'in-use' | 'too-new' | 'not-a-store' | 'damaged';
  constructor(code: 'in-use' | 'too-new' | 'not-a-store' | 'damaged', message: string) {
    super(message);
    this.code = code;
  }
}

/** A checksum does not fit: the bytes on disk are not those that were written. */
export class CorruptBlob extends Error {
  override readonly name = 'CorruptBlob';
  readonly where: string;
  constructor(where: string, why: string) {
    super(`${where}: ${why}`);
    this.where = where;
  }
}

export interface Store extends RecordStore {
  newBody(): BodyWriter;
  /** The whole of what a queue item sends: prefix and blob. */
  readQueued(item: Pick<QueueItem, 'message' | 'bodyHash'>): Promise<StoredBody>;
  readMessage(account: AccountId, content: ContentId): Promise<StoredBody | null>;
  /**
   * Ascending by uid, for long readings: what lies side by side is read in one go. The answer ends
   * before `octetsMax` is exceeded, but not before its first message: ask again from behind its
   * last. A uid that is left out has no message, or one that `readMessage` must be asked for.
   */
  wholeMessages(
    account: AccountId,
    mailbox: MailboxId,
    slice: UidSlice & { readonly octetsMax: number },
  ): Promise<readonly WholeMessage[]>;

  accept(acceptance: Acceptance): Promise<Accepted>;

  findDomain(name: string): Promise<DomainRow | null>;
  findAddress(address: string): Promise<AddressTarget | null>;
  findAccount(id: AccountId): Promise<AccountRow | null>;
  domains(): Promise<readonly DomainRow[]>;
  accounts(): Promise<readonly AccountRow[]>;
  aliases(): Promise<readonly { readonly address: string; readonly targets: readonly string[] }[]>;
  appPasswords(account: AccountId): Promise<readonly AppPasswordRow[]>;
  /** Today's counts of a sender: messages, and recipients never written to before. */
  sent(account: AccountId, day: number): Promise<{ messages: number; newRecipients: number }>;
  /** Has it ever sent anything to this address (as `SendingCount` has it)? */
  hasWrittenTo(account: AccountId, address: string): Promise<boolean>;
  editDirectory(edit: DirectoryEdit): Promise<DirectoryResult>;

  /** Without the hidden mailbox unless asked. */
  mailboxes(account: AccountId, options?: { hidden: boolean }): Promise<readonly MailboxStatus[]>;
  /** By id, or by name (INBOX in any case); null when there is none. One row read. */
  mailbox(account: AccountId, which: MailboxId | string): Promise<MailboxStatus | null>;
  editMailbox(account: AccountId, edit: MailboxEdit): Promise<MailboxEdited>;
  /** Sorted. */
  subscriptions(account: AccountId): Promise<readonly string[]>;
  /** Sorted by entry; mailbox null: those of the account. */
  annotations(account: AccountId, mailbox: MailboxId | null): Promise<readonly Annotation[]>;
  /** Sorted by identifier; the owner, who may do everything, is not in it. */
  acl(account: AccountId, mailbox: MailboxId): Promise<readonly AclEntry[]>;
  /** Mailboxes of others. */
  sharedMailboxes(account: AccountId): Promise<readonly SharedMailbox[]>;
  /** Keywords that messages of this mailbox have, sorted. */
  keywords(account: AccountId, mailbox: MailboxId): Promise<readonly string[]>;
  /** The lowest uid without `\\Seen`. */
  firstUnseen(account: AccountId, mailbox: MailboxId): Promise<Uid | null>;
  /** All of them, ascending. */
  uids(account: AccountId, mailbox: MailboxId): Promise<Uint32Array>;
  /** Ascending by uid. */
  flagRows(account: AccountId, mailbox: MailboxId, slice: UidSlice): Promise<readonly FlagRow[]>;
  flagTable(account: AccountId, mailbox: MailboxId, slice: UidSlice): Promise<FlagTable>;
  /** Ascending by uid, from `fromUid` on, at most `limit` (bounded slices, keyset paging). */
  messages(
    account: AccountId,
    mailbox: MailboxId,
    slice: { readonly fromUid: Uid; readonly limit: number },
  ): Promise<readonly MessageRow[]>;
  /** Several messages into one mailbox, in one transaction. */
  append(append: Append): Promise<Appended>;
  /** One modseq for all that changes, and none when nothing does. RFC 7162 §3.1. */
  setFlags(edit: FlagEdit): Promise<FlagEdited>;
  expunge(account: AccountId, mailbox: MailboxId, uids: readonly Uid[]): Promise<FlagEdited>;
  /**
   * All or nothing; of more than 10,000 messages within an account, each so many. Within an account
   * it is never over quota.
   */
  move(transfer: Transfer): Promise<Transferred>;
  copy(transfer: Transfer): Promise<Transferred>;
  /** Not urgent: it goes along with what else is written. */
  readNote(note: ReadNote): Promise<void>;
  /**
   * `limit` counts messages, of the mailbox when one is named. Fewer changed and fewer vanished
   * than that: nothing is left.
   */
  changes(
    account: AccountId,
    query: { readonly mailbox?: MailboxId; readonly since: ModSeq; readonly limit: number },
  ): Promise<ChangesSince>;
  /** `changes` of one mailbox without summaries. */
  mailboxChanges(
    account: AccountId,
    mailbox: MailboxId,
    query: { readonly since: ModSeq; readonly limit: number },
  ): Promise<MailboxChanges>;

  /** Ascending by uid; only what is wanted is read. No body is opened. */
  details(
    account: AccountId,
    mailbox: MailboxId,
    slice: UidSlice,
    wanted: readonly DetailKind[],
  ): Promise<readonly DetailRow[]>;
  /** In slices. What changes meanwhile is found or not. Throws `SearchTooBig`. */
  search(account: AccountId, query: SearchQuery): AsyncIterable<Found>;
  /**
   * Packed as formats/imap/thread.ts says, by uid; of messages that are indexed. Throws
   * `SearchTooBig`.
   */
  threads(account: AccountId, query: ThreadQuery): Promise<Uint32Array>;
  /** Resolves when all messages that the account has now are indexed. */
  indexed(account: AccountId): Promise<void>;
  /** Reads everything anew, of one account or of all; threads stay. Answers how many messages. */
  reindex(account: AccountId | 'all'): Promise<number>;
  /** How many messages the index has not read yet. */
  unindexed(account: AccountId | 'all'): Promise<number>;

  maildrop(account: AccountId): Promise<readonly MaildropEntry[]>;
  popUpdate(update: PopUpdate): Promise<{ readonly deleted: number }>;
  downloaded(account: AccountId): Promise<readonly DownloadedEntry[]>;
  /** Back into the inbox. Answers how many were there to restore. */
  restoreDownloaded(
    account: AccountId,
    emails: readonly EmailId[] | 'all',
    nowMs: number,
  ): Promise<number>;
  /** Removes what devices took and whose time is over, in all accounts. */
  purgeDownloaded(nowMs: number): Promise<number>;

  /**
   * What is due, under a lease. Leases that nobody settled (they ran out, or the store was opened
   * anew) leave `queue.interrupted` in their journeys.
   */
  claim(claim: Claim): Promise<readonly QueueItem[]>;
  renew(ids: readonly { id: QueueId; token: number }[], untilMs: number): Promise<void>;
  settle(settlement: Settlement): Promise<Settled>;
  /** When the earliest waiting row is due; null when there is none. */
  nextDue(skipDomains: readonly string[]): Promise<number | null>;
  queue(filter: QueueFilter, limit: number): Promise<readonly QueueRow[]>;
  queueCount(): Promise<{ waiting: number; held: number; oldestMs: number | null }>;
  editQueue(
    filter: QueueFilter,
    edit: QueueEdit,
    events: readonly JourneyEvent[],
  ): Promise<readonly QueueId[]>;

  /** To a journey that is known; otherwise nothing. */
  appendJourney(journey: JourneyId, events: readonly JourneyEvent[]): Promise<void>;
  /** Of a message that was not taken: the story is all there is of it. `accounts` may read it. */
  beginJourney(
    head: JourneyHead,
    events: readonly JourneyEvent[],
    accounts: readonly AccountId[],
  ): Promise<void>;
  journey(id: JourneyId): Promise<{ head: JourneyHead; events: readonly RecordedEvent[] } | null>;
  /** Newest id first. */
  journeys(search: JourneySearch): Promise<readonly JourneyHead[]>;
  /** All journeys whose text id starts so, newest first, at most ten. */
  journeysByPrefix(prefix: string): Promise<readonly JourneyId[]>;
  /** Does this account have a part in that journey (submitted it, or holds or held a copy)? */
  mayRead(account: AccountId, journey: JourneyId): Promise<boolean>;
  /** Drops journeys whose id was made before; never touches mail. */
  pruneJourneys(beforeMs: number): Promise<number>;

  /**
   * Called after each commit with what it changed. Answers how to stop. Who asks for `mail` hears
   * nothing of journeys and of the queue, which cost most on their way.
   */
  subscribe(
    listener: (changes: readonly Change[]) => void,
    options?: { readonly of: 'all' | 'mail' },
  ): () => void;

  check(options: {
    readonly deep: boolean;
    readonly onProgress?: (progress: CheckProgress) => void;
  }): Promise<CheckReport>;
  repair(options: {
    readonly onProgress?: (progress: CheckProgress) => void;
  }): Promise<RepairReport>;
  /** A consistent copy of metadata and segments in an empty folder. */
  backup(directory: string): Promise<void>;
  stats(): Promise<StoreStats>;
  /** Asked again, it answers again. */
  close(): Promise<void>;
}

export interface StoreStats {
  readonly schemaVersion: number;
  readonly databaseBytes: number;
  readonly walBytes: number;
  readonly segmentBytes: number;
  /** Of it no longer referred to: what a compaction would give back. */
  readonly deadBytes: number;
  readonly commits: number;
  readonly operations: number;
  readonly syncs: number;
}
