/** Branded numbers of the store: mixing them up is a type error. */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** An account on this server; never reused. */
export type AccountId = Branded<number, 'AccountId'>;
/** A mailbox within its account; never reused. */
export type MailboxId = Branded<number, 'MailboxId'>;
/** Unique identifier of a message in a mailbox. RFC 9051 §2.3.1.1. 1 … 2^32-1, strictly growing. */
export type Uid = Branded<number, 'Uid'>;
/** Modification sequence, one per account. RFC 7162 §3.1. */
export type ModSeq = Branded<number, 'ModSeq'>;
/** The immutable content of a message within its account (several mailboxes may hold it). */
export type ContentId = Branded<number, 'ContentId'>;
/**
 * The identity of a message within its account; kept by move, copy and restore. UIDL and EMAILID
 * come from it.
 */
export type EmailId = Branded<number, 'EmailId'>;
/** A conversation within its account. THREADID comes from it. RFC 8474 §5.2. */
export type ThreadId = Branded<number, 'ThreadId'>;
/** One recipient's row in the queue. */
export type QueueId = Branded<number, 'QueueId'>;
/**
 * The journey of one message on this server. 50 bits; `formatJourneyId` gives the short text people
 * see.
 */
export type JourneyId = Branded<number, 'JourneyId'>;

export const accountId = (n: number): AccountId => n as AccountId;
export const mailboxId = (n: number): MailboxId => n as MailboxId;
export const uid = (n: number): Uid => n as Uid;
export const modSeq = (n: number): ModSeq => n as ModSeq;
export const contentId = (n: number): ContentId => n as ContentId;
export const emailId = (n: number): EmailId => n as EmailId;
export const threadId = (n: number): ThreadId => n as ThreadId;
export const queueId = (n: number): QueueId => n as QueueId;
export const journeyId = (n: number): JourneyId => n as JourneyId;
