/**
 * What travels between the calling threads and the writer. An acceptance is packed flat, octets as
 * latin1 text: a structured clone of the plain objects would cost more than the transaction (13 µs
 * against 2).
 */

import type { MessagePort } from 'node:worker_threads';
import type {
  Acceptance,
  Accepted,
  Append,
  Appended,
  AppendedMessage,
  Body,
  Change,
  CheckFinding,
  Claim,
  DirectoryEdit,
  DirectoryResult,
  FlagEdit,
  FlagEdited,
  MailboxEdit,
  MailboxEdited,
  MailboxPlace,
  PopUpdate,
  QueueEdit,
  QueueFilter,
  QueueItem,
  QueueMessage,
  QueueRecipient,
  ReadNote,
  Settled,
  Settlement,
  Stored,
  Transfer,
  Transferred,
} from '../contract.ts';
import {
  accountId,
  emailId,
  mailboxId,
  modSeq,
  queueId,
  uid,
  type AccountId,
  type EmailId,
  type JourneyId,
  type MailboxId,
  type QueueId,
  type Uid,
} from '../ids.ts';
import type { JourneyEvent, JourneyHead } from '../journey.ts';
import { packKeywords } from './mailbox-counters.ts';
import type { FenceCells } from './writer/fence.ts';
import type { RecordChanges } from './writer/records.ts';
import type { Loss } from './writer/repair.ts';
import type { BlobMoves } from './writer/compaction.ts';
import type { IndexBatch } from './index/write.ts';
import type { RawBytes } from './segments/format.ts';

/** JSON texts of events, joined by commas, and how many they are. */
export type PackedEvents = readonly [text: string, count: number];

export interface PackedBody {
  /** latin1 text of 32 octets. */
  readonly hash: string;
  readonly size: number;
  readonly unterminated: boolean;
  /** null: in the spool file. */
  readonly raw: RawBytes | null;
  readonly spool: string | null;
}

export type PackedDelivery = readonly [
  account: AccountId,
  mailbox: string | number,
  key: string,
  prefix: string,
  flags: number,
  keywords: string | null,
  internalDateMs: number,
  meta: string,
  recipient: string,
];

export interface PackedQueue {
  readonly message: Omit<QueueMessage, 'prefix'> & { readonly prefix: string };
  readonly recipients: readonly QueueRecipient[];
}

export interface PackedAcceptance {
  readonly head: readonly [
    id: JourneyId,
    startedUs: number,
    direction: string,
    sender: string,
    recipients: string,
    messageId: string | null,
    subject: string | null,
    size: number,
    submittedBy: number | null,
  ];
  readonly events: PackedEvents;
  /** When the engine's own events happened. */
  readonly atUs: number;
  readonly body: PackedBody;
  readonly deliveries: readonly PackedDelivery[];
  readonly queue: PackedQueue | null;
  readonly sending: Acceptance['sending'];
  readonly nowMs: number;
}

/** A message to append; the engine's own events happen at `atUs`. */
export interface PackedAppendedMessage extends Pick<
  PackedAcceptance,
  'head' | 'events' | 'atUs' | 'body'
> {
  readonly flags: number;
  readonly keywords: string | null;
  readonly internalDateMs: number;
  readonly meta: string;
}

export interface PackedAppend extends Omit<Append, 'messages'> {
  readonly messages: readonly PackedAppendedMessage[];
}

export interface PackedSettlement {
  readonly items: Settlement['items'];
  readonly events: readonly { readonly journey: JourneyId; readonly events: PackedEvents }[];
  readonly notices: readonly PackedAcceptance[];
  readonly nowMs: number;
}

/** Each operation with what it takes and what it answers. */
export interface Operations {
  accept: { take: PackedAcceptance; give: PackedAccepted };
  directory: { take: DirectoryEdit; give: DirectoryResult };
  mailbox: { take: { account: AccountId; edit: MailboxEdit }; give: MailboxEdited };
  flags: { take: FlagEdit; give: FlagEdited };
  expunge: { take: { account: AccountId; mailbox: MailboxId; uids: Uids }; give: FlagEdited };
  move: { take: Transfer; give: Transferred };
  copy: { take: Transfer; give: Transferred };
  append: { take: PackedAppend; give: Appended };
  readNote: { take: ReadNote; give: null };
  pop: { take: PopUpdate; give: { deleted: number } };
  restore: {
    take: { account: AccountId; emails: readonly EmailId[] | 'all'; nowMs: number };
    give: number;
  };
  purgeDownloaded: { take: { nowMs: number; itemsMax: number }; give: number };
  claim: { take: Claim; give: readonly QueueItem[] };
  renew: { take: { ids: readonly { id: QueueId; token: number }[]; untilMs: number }; give: null };
  settle: { take: PackedSettlement; give: Settled };
  editQueue: {
    take: { filter: QueueFilter; edit: QueueEdit; events: PackedEvents };
    give: readonly QueueId[];
  };
  putRecords: { take: RecordChanges; give: boolean };
  purgeRecords: { take: { nowMs: number; itemsMax: number }; give: number };
  journey: { take: { journey: JourneyId; events: PackedEvents }; give: null };
  beginJourney: {
    take: {
      head: PackedAcceptance['head'];
      events: PackedEvents;
      accounts: readonly AccountId[];
    };
    give: null;
  };
  /** Keys as account and key by turns. */
  dropKeys: { take: { keys: readonly (number | string)[]; beforeMs: number }; give: null };
  pruneJourneys: { take: { beforeMs: number; itemsMax: number }; give: number };
  /** Waits until nobody else wants anything. */
  index: { take: IndexBatch; give: null };
  reindex: { take: { account: AccountId | 'all' }; give: number };
  adoptSegment: { take: { file: string }; give: number };
  moveBlobs: { take: BlobMoves; give: number };
  dropSegment: { take: { segment: number }; give: boolean };
  /** The rows of segments tell the whole truth afterwards; answers the growing one. */
  noteSegments: { take: null; give: number };
  /** Runs in a group of its own. */
  repair: { take: { findings: readonly CheckFinding[] }; give: readonly Loss[] };
  /** Readers see everything answered afterwards; see writer/fence.ts. */
  reveal: { take: null; give: null };
  purgeAccount: { take: { account: AccountId }; give: boolean };
  purgeMailbox: { take: MailboxPlace; give: boolean };
}

type Uids = readonly Uid[];

export type OperationName = keyof Operations;
export type Operation = {
  [N in OperationName]: { name: N; take: Operations[N]['take'] };
}[OperationName];
export type Answer = Operations[OperationName]['give'];

/** An accepted acceptance as numbers, a refused one as it is. */
export type PackedAccepted = readonly number[] | Extract<Accepted, { ok: false }>;

/** A change as it crosses threads: events stay text until somebody reads them. */
export type PackedChange =
  | Exclude<Change, { kind: 'journey' }>
  | {
      readonly kind: 'journey-text';
      readonly journey: JourneyId;
      readonly firstSeq: number;
      readonly text: string;
    };

/** What the writer thread is started with. */
export interface WriterStart {
  readonly directory: string;
  /** The segment to go on with, and how much of it is in use. */
  readonly openSegment: number;
  readonly openLength: number;
  readonly nextSegment: number;
  readonly reserveBytes: number;
  readonly segmentBytesMax: number;
  /** When the store was opened. */
  readonly nowMs: number;
  readonly fence: FenceCells;
}

/** Which changes a thread wants to hear of: `mail` is all but journeys and the queue. */
export type Hears = 'directory' | 'mail' | 'all';

/** Whether somebody who hears of so much hears of this. */
export function hears(what: Hears, { kind }: Pick<PackedChange, 'kind'>): boolean {
  if (kind === 'directory-changed' || what === 'all') return true;
  return what === 'mail' && kind !== 'journey-text' && kind !== 'queue-changed';
}

export type ToWriter =
  | {
      readonly kind: 'operations';
      readonly operations: readonly { readonly id: number; readonly operation: Operation }[];
    }
  /** Another thread of this process that wants to write. */
  | { readonly kind: 'connect'; readonly port: MessagePort }
  /** The directory is heard of in any case. */
  | { readonly kind: 'listen'; readonly to: Hears }
  /** The indexer: wants to hear which accounts have new messages, and no more. */
  | { readonly kind: 'hear-stored' }
  | { readonly kind: 'restart-wal' }
  | { readonly kind: 'stats'; readonly id: number }
  | { readonly kind: 'close' };

export interface WriterStats {
  readonly commits: number;
  readonly operations: number;
  readonly syncs: number;
}

/** Why an operation failed; `trouble` is the machine's, `fault` our own. */
export type Failure =
  | { readonly id: number; readonly trouble: 'disk-full' | 'io'; readonly cause: string }
  | { readonly id: number; readonly fault: string; readonly stack: string };

/** Of one group, to one port. */
export interface Endings {
  /** By turns the number of an operation and its answer: objects for them would be dear. */
  readonly answers: readonly (number | Answer)[];
  readonly failures: readonly Failure[];
  readonly changes: readonly PackedChange[];
}

export type FromWriter =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'endings' } & Endings)
  | { readonly kind: 'stored' }
  | { readonly kind: 'stats'; readonly id: number; readonly stats: WriterStats }
  | { readonly kind: 'closed' };

export function packEvents(events: readonly JourneyEvent[]): PackedEvents {
  return [events.length === 0 ? '' : JSON.stringify(events).slice(1, -1), events.length];
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Beyond this a copy of the array is as cheap as text. */
const textBytesMax = 64 * 1024;

function packBody(body: Body): PackedBody {
  const { hash, size, unterminated, source } = body;
  const common = { hash: latin1(hash), size, unterminated };
  if ('spool' in source) return { ...common, raw: null, spool: source.spool };
  const { bytes } = source;
  if (size <= textBytesMax) return { ...common, raw: latin1(bytes), spool: null };
  // A clone of a view takes everything along that it is a view of.
  const isView = bytes.buffer.byteLength > 2 * size;
  return { ...common, raw: isView ? Uint8Array.from(bytes) : bytes, spool: null };
}

function packQueue(queue: Acceptance['queue']): PackedQueue | null {
  if (queue === null) return null;
  const { message, recipients } = queue;
  return { message: { ...message, prefix: latin1(message.prefix) }, recipients };
}

export function packHead(head: JourneyHead): PackedAcceptance['head'] {
  return [
    head.id,
    head.startedUs,
    head.direction,
    head.sender,
    JSON.stringify(head.recipients),
    head.messageId,
    head.subject,
    head.size,
    head.submittedBy,
  ];
}

/** What an acceptance and a message to append have in common. */
function packStory(
  what: Pick<Acceptance, 'head' | 'events' | 'body'>,
  nowMs: number,
): Pick<PackedAcceptance, 'head' | 'events' | 'atUs' | 'body'> {
  const { head, events } = what;
  return {
    head: packHead(head),
    events: packEvents(events),
    atUs: Math.max(events.at(-1)?.atUs ?? 0, nowMs * 1000),
    body: packBody(what.body),
  };
}

function packAppended(message: AppendedMessage, nowMs: number): PackedAppendedMessage {
  return {
    ...packStory(message, nowMs),
    flags: message.flags,
    keywords: packKeywords(message.keywords),
    internalDateMs: message.internalDateMs,
    meta: JSON.stringify(message.summary),
  };
}

export function packAppend(append: Append): PackedAppend {
  const { messages, nowMs } = append;
  return { ...append, messages: messages.map((each) => packAppended(each, nowMs)) };
}

export function packAcceptance(acceptance: Acceptance): PackedAcceptance {
  const { deliveries, nowMs } = acceptance;
  return {
    ...packStory(acceptance, nowMs),
    deliveries: deliveries.map((delivery) => [
      delivery.account,
      delivery.mailbox,
      delivery.key,
      latin1(delivery.prefix),
      delivery.flags,
      packKeywords(delivery.keywords),
      delivery.internalDateMs,
      JSON.stringify(delivery.summary),
      delivery.recipient,
    ]),
    queue: packQueue(acceptance.queue),
    sending: acceptance.sending,
    nowMs,
  };
}

const numbersOfCopy = 6;

/** How many copies, six numbers for each, and the rows of the queue. */
export function packAccepted(result: Accepted): PackedAccepted {
  if (!result.ok) return result;
  const numbers: number[] = [result.stored.length];
  for (const copy of result.stored) {
    numbers.push(copy.account, copy.mailbox, copy.uid, copy.modseq, copy.email);
    numbers.push(copy.duplicate ? 1 : 0);
  }
  numbers.push(...result.queued);
  return numbers;
}

/** `recipients` of the deliveries, in their order. */
export function unpackAccepted(packed: PackedAccepted, recipients: readonly string[]): Accepted {
  if ('ok' in packed) return packed;
  const [count = 0] = packed;
  const stored = Array.from({ length: count }, (_, index): Stored => {
    const at = 1 + index * numbersOfCopy;
    const [account = 0, mailbox = 0, newUid = 0, modseq = 0, email = 0, duplicate] = packed.slice(
      at,
      at + numbersOfCopy,
    );
    return {
      recipient: recipients[index] ?? '',
      account: accountId(account),
      mailbox: mailboxId(mailbox),
      uid: uid(newUid),
      modseq: modSeq(modseq),
      email: emailId(email),
      duplicate: duplicate === 1,
    };
  });
  return { ok: true, stored, queued: packed.slice(1 + count * numbersOfCopy).map(queueId) };
}
