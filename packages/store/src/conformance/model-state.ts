/** The memory of the model store: plain lists, nothing counted in advance. */

import type {
  AccountSettings,
  AppPasswordRow,
  Credential,
  DomainRow,
  MailboxRole,
  MessageSummary,
  QueueMessage,
  QueueRecipient,
} from '../contract.ts';
import { flagBits } from '../contract.ts';
import type { JourneyEvent, JourneyHead } from '../journey.ts';

export interface ModelMessage {
  readonly prefix: Uint8Array;
  readonly bytes: Uint8Array;
  readonly internalDateMs: number;
  readonly journey: number;
  readonly summary: MessageSummary;
  email: number;
  content: number;
  mailbox: number;
  uid: number;
  modseq: number;
  flags: number;
  keywords: readonly string[];
  savedMs: number;
  downloaded: { device: string; address: string; atMs: number; keepUntilMs: number } | null;
}

export interface ModelMailbox {
  readonly id: number;
  readonly role: MailboxRole | null;
  readonly uidValidity: number;
  name: string;
  uidNext: number;
  modseq: number;
  readonly annotations: Map<string, Uint8Array>;
  readonly acl: Map<string, string>;
}

export interface ModelAccount {
  readonly id: number;
  readonly address: string;
  readonly createdMs: number;
  settings: AccountSettings;
  credential: Credential;
  modseq: number;
  nextMailbox: number;
  nextEmail: number;
  nextContent: number;
  nextPassword: number;
  nextUidValidity: number;
  mailboxes: ModelMailbox[];
  readonly subscriptions: Set<string>;
  /** Its own, by entry. */
  readonly annotations: Map<string, Uint8Array>;
  messages: ModelMessage[];
  readonly expunged: { readonly mailbox: number; readonly uid: number; readonly modseq: number }[];
  readonly keys: Map<string, { mailbox: number; uid: number; modseq: number; email: number }>;
  readonly passwords: AppPasswordRow[];
  readonly sent: Map<number, { messages: number; newRecipients: number }>;
  readonly known: Set<string>;
}

export interface ModelQueueRow extends QueueRecipient {
  readonly id: number;
  readonly journey: number;
  readonly createdMs: number;
  readonly message: QueueMessage;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  dueMs: number;
  expiresMs: number;
  state: 'waiting' | 'held';
  attempts: number;
  lastReply: string | null;
  route: string | null;
  delayNoticeSent: boolean;
  token: number | null;
  leasedUntilMs: number | null;
}

export interface ModelJourney {
  readonly head: JourneyHead;
  readonly accounts: Set<number>;
  readonly events: JourneyEvent[];
}

export interface ModelState {
  readonly domains: Map<string, DomainRow>;
  readonly addresses: Map<string, { account: number } | { targets: readonly string[] }>;
  readonly accounts: Map<number, ModelAccount>;
  readonly journeys: Map<number, ModelJourney>;
  queue: ModelQueueRow[];
  nextAccount: number;
  nextQueue: number;
  nextToken: number;
}

export function emptyState(): ModelState {
  return {
    domains: new Map(),
    addresses: new Map(),
    accounts: new Map(),
    journeys: new Map(),
    queue: [],
    nextAccount: 1,
    nextQueue: 1,
    nextToken: 1,
  };
}

export function sizeOf(message: ModelMessage): number {
  return message.prefix.length + message.bytes.length;
}

export function isSeen(message: ModelMessage): boolean {
  return (message.flags & flagBits.seen) !== 0;
}

export function mailboxOf(account: ModelAccount, wanted: MailboxRole | number) {
  return account.mailboxes.find((mailbox) =>
    typeof wanted === 'number' ? mailbox.id === wanted : mailbox.role === wanted,
  );
}

export function messageOf(account: ModelAccount, mailbox: number, uid: number) {
  return account.messages.find((message) => message.mailbox === mailbox && message.uid === uid);
}

/** Everything but the hidden mailbox. */
export function visibleMessages(account: ModelAccount): ModelMessage[] {
  const hidden = mailboxOf(account, 'downloaded')?.id;
  return account.messages.filter((message) => message.mailbox !== hidden);
}

export function usedBytes(account: ModelAccount): number {
  return visibleMessages(account).reduce((sum, message) => sum + sizeOf(message), 0);
}

export function tellJourney(state: ModelState, journey: number, event: JourneyEvent): void {
  state.journeys.get(journey)?.events.push(event);
}
