/**
 * The keywords of mailboxes that are open. What one session was told of is told to all, and stays
 * defined while anyone has the mailbox open, though no message has it any more: the clients of a
 * mailbox agree on its FLAGS. RFC 9051 §7.3.5.
 */

import type { Store } from '@merpati/store/contract.ts';
import type { AccountId, MailboxId } from '@merpati/store/ids.ts';
import type { Selected } from './selected.ts';

interface OpenKeywords {
  /** By their lower-case form. */
  readonly keywords: Map<string, string>;
  sessions: number;
}

type Where = Pick<Selected, 'owner' | 'mailbox'>;

const ofStores = new WeakMap<Store, Map<`${AccountId}/${MailboxId}`, OpenKeywords>>();

/** To be left once for each time that it was entered. */
export function enterKeywords(store: Store, { owner, mailbox }: Where): Map<string, string> {
  const all = ofStores.get(store) ?? new Map<`${AccountId}/${MailboxId}`, OpenKeywords>();
  ofStores.set(store, all);
  const one = all.get(`${owner}/${mailbox}`) ?? { keywords: new Map(), sessions: 0 };
  all.set(`${owner}/${mailbox}`, one);
  one.sessions += 1;
  return one.keywords;
}

export function leaveKeywords(store: Store, { owner, mailbox }: Where): void {
  const all = ofStores.get(store);
  const one = all?.get(`${owner}/${mailbox}`);
  if (one === undefined) return;
  one.sessions -= 1;
  if (one.sessions === 0) all?.delete(`${owner}/${mailbox}`);
}
