/**
 * Which events of which mailboxes a client has asked for. RFC 5465 §5, §6. Groups are looked
 * through in their order; NONE ends the search for the mailboxes that it names.
 */

import type { NotifyEvent, NotifyGroup } from '@merpati/formats/imap/command.ts';
import type { FetchItem } from '@merpati/formats/imap/fetch-item.ts';
import { levelSeparator } from '@merpati/formats/imap/mailbox-name.ts';
import type { MailboxFilter } from '@merpati/formats/imap/search-key.ts';
import type { AccountId } from '@merpati/store/ids.ts';

export type EventName = Exclude<NotifyEvent['event'], 'unknown'>;

/** In the words of RFC 5465 §5, for BADEVENT. */
export const supportedEvents: Readonly<Record<Exclude<EventName, 'annotationchange'>, string>> = {
  messagenew: 'MessageNew',
  messageexpunge: 'MessageExpunge',
  flagchange: 'FlagChange',
  mailboxname: 'MailboxName',
  subscriptionchange: 'SubscriptionChange',
  mailboxmetadatachange: 'MailboxMetadataChange',
  servermetadatachange: 'ServerMetadataChange',
};

const messageEvents: ReadonlySet<EventName> = new Set([
  'messagenew',
  'messageexpunge',
  'flagchange',
]);

/** What of a mailbox the filters look at. */
export interface FilteredMailbox {
  readonly name: string;
  /** null: a name without a mailbox, as a subscription may be. */
  readonly owner: AccountId | null;
  readonly isInbox: boolean;
}

export interface FilterContext {
  readonly account: AccountId;
  readonly subscriptions: ReadonlySet<string>;
}

/** Of a mailbox that is not selected, or of what does not concern its messages. */
export function isWanted(
  groups: readonly NotifyGroup[],
  event: EventName,
  mailbox: FilteredMailbox,
  context: FilterContext,
): boolean {
  for (const { mailboxes, events } of groups) {
    if (!fits(mailboxes, mailbox, context)) continue;
    if (events.length === 0) return false;
    if (events.some((one) => one.event === event)) return true;
  }
  return false;
}

/** Whether an event is asked for at all, for whatever mailbox. */
export function isWantedAnywhere(groups: readonly NotifyGroup[], event: EventName): boolean {
  return groups.some(({ events }) => events.some((one) => one.event === event));
}

/** What is told of the selected mailbox; null: nothing. RFC 5465 §6.1, §6.2. */
export function selectedGroup(groups: readonly NotifyGroup[]): NotifyGroup | null {
  const found = groups.find(({ mailboxes }) => isForSelected(mailboxes));
  return found === undefined || found.events.length === 0 ? null : found;
}

export interface WantedOfSelected {
  readonly messages: boolean;
  readonly flags: boolean;
  /** Of messages that have come. */
  readonly fetch: readonly FetchItem[];
}

/** null: without NOTIFY, everything is told. */
export function wantedOfSelected(groups: readonly NotifyGroup[] | null): WantedOfSelected {
  if (groups === null) return { messages: true, flags: true, fetch: [] };
  const events = selectedGroup(groups)?.events ?? [];
  const arrived = events.find((one) => one.event === 'messagenew');
  const flags = events.some(({ event }) => event === 'flagchange');
  return { messages: arrived !== undefined, flags, fetch: arrived?.fetch ?? [] };
}

/** RFC 5465 §6.1, §8: one such group, and messages alone are its matter. */
export function checkSelectedGroups(groups: readonly NotifyGroup[]): string | null {
  const selected = groups.filter(({ mailboxes }) => isForSelected(mailboxes));
  if (selected.length > 1) return 'SELECTED can be asked for once';
  const isStrange = selected[0]?.events.some(
    ({ event }) => event === 'unknown' || !messageEvents.has(event),
  );
  return isStrange === true ? 'Of SELECTED only messages and flags are told' : null;
}

function isForSelected({ filter }: MailboxFilter): boolean {
  return filter === 'selected' || filter === 'selected-delayed';
}

function fits(filter: MailboxFilter, mailbox: FilteredMailbox, context: FilterContext): boolean {
  const { name } = mailbox;
  switch (filter.filter) {
    case 'selected':
    case 'selected-delayed':
      return false;
    case 'personal':
      return mailbox.owner === null || mailbox.owner === context.account;
    case 'inboxes':
      return mailbox.owner === context.account && mailbox.isInbox;
    case 'subscribed':
      return context.subscriptions.has(name);
    case 'subtree':
      return filter.mailboxes.some((top) => name === top || name.startsWith(top + levelSeparator));
    case 'subtree-one':
      return filter.mailboxes.some((top) => name === top || isRightBelow(name, top));
    case 'mailboxes':
      return filter.mailboxes.includes(name);
    default:
      throw new Error(`unhandled filter ${String(filter satisfies never)}`);
  }
}

function isRightBelow(name: string, top: string): boolean {
  const start = top + levelSeparator;
  return name.startsWith(start) && !name.slice(start.length).includes(levelSeparator);
}
