/** NOTIFY, and the mailboxes that it and ESEARCH mean. RFC 5465 §5, §6, §8; RFC 7377 §2.2. */

import type { Command, NotifyEvent, NotifyGroup } from './command.ts';
import { type Cursor, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';
import { readFetchItem } from './read-fetch-item.ts';
import type { MailboxFilter } from './search-key.ts';

const { listEntriesMax: max } = imapLimits;

export function readMailboxFilter(cursor: Cursor): MailboxFilter {
  const filter = cursor.word().toLowerCase();
  switch (filter) {
    case 'selected':
    case 'selected-delayed':
    case 'personal':
    case 'inboxes':
    case 'subscribed':
      return { filter };
    case 'subtree':
    case 'subtree-one':
    case 'mailboxes':
      cursor.space();
      return { filter, mailboxes: cursor.oneOrList(() => cursor.mailbox(), { max }) };
    default:
      throw wrong('Not a way to name mailboxes');
  }
}

export function readNotify(tag: string, cursor: Cursor): Command {
  cursor.space();
  if (cursor.skipWord('NONE')) {
    cursor.end();
    return { tag, name: 'notify', set: null };
  }
  if (!cursor.skipWord('SET')) throw wrong('NOTIFY takes SET or NONE');
  cursor.space();
  const status = cursor.skipWord('STATUS');
  if (status) cursor.space();
  const groups = [readGroup(cursor)];
  while (!cursor.isAtEnd) {
    if (groups.length === max) throw wrong('Too many groups');
    cursor.space();
    groups.push(readGroup(cursor));
  }
  cursor.end();
  return { tag, name: 'notify', set: { status, groups } };
}

function readGroup(cursor: Cursor): NotifyGroup {
  cursor.expect('(');
  const mailboxes = readMailboxFilter(cursor);
  cursor.space();
  const events = cursor.skipWord('NONE') ? [] : cursor.list(() => readEvent(cursor), { max });
  cursor.expect(')');
  checkEvents(mailboxes, events);
  return { mailboxes, events };
}

const bareEvents = [
  'annotationchange',
  'flagchange',
  'mailboxmetadatachange',
  'mailboxname',
  'messageexpunge',
  'servermetadatachange',
  'subscriptionchange',
] as const;

function readEvent(cursor: Cursor): NotifyEvent {
  const name = cursor.word();
  if (name === 'MESSAGENEW') return { event: 'messagenew', fetch: readNewItems(cursor) };
  const event = bareEvents.find((one) => one.toUpperCase() === name);
  return event === undefined ? { event: 'unknown', name } : { event };
}

const itemsAhead = / (?=\()/y;

function readNewItems(cursor: Cursor) {
  if (cursor.match(itemsAhead) === '') return [];
  return cursor.list(() => readFetchItem(cursor), { max: imapLimits.fetchItemsMax });
}

/**
 * RFC 5465 §5.2. QUIRK: §5 also asks for MessageNew and MessageExpunge together, and for both with
 * FlagChange; other servers take each alone, and imaptest asks so.
 */
function checkEvents({ filter }: MailboxFilter, events: readonly NotifyEvent[]): void {
  const isSelected = filter === 'selected' || filter === 'selected-delayed';
  const fetches = events.some((event) => event.event === 'messagenew' && event.fetch.length > 0);
  if (fetches && !isSelected) throw wrong('Only messages of the selected mailbox are fetched');
}
