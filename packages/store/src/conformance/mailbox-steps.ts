/** Steps that tests of mailboxes share. */

import assert from 'node:assert/strict';
import type { Append, MailboxStatus, Store } from '../contract.ts';
import { mailboxId, uid, type AccountId } from '../ids.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  nextJourney,
  nowMs,
  sampleBody,
} from './fixtures.ts';

export const inbox = mailboxId(1);
export const sent = mailboxId(2);
export const later = nowMs + 60_000;

export async function begin(store: Store): Promise<AccountId> {
  await addDomain(store, 'merpati.test');
  return addAccount(store, 'you@merpati.test');
}

export async function append(
  store: Store,
  account: AccountId,
  what: Partial<Append> & { readonly texts?: readonly string[]; readonly flags?: number } = {},
) {
  const { texts = ['Subject: one\r\n\r\n'], flags = 0, ...changed } = what;
  const messages = texts.map(async (text) => {
    const body = await sampleBody(store, text);
    const { head, events } = acceptance(body, { journey: nextJourney() });
    const { summary } = delivery(account);
    return { head, events, body, flags, keywords: [], internalDateMs: nowMs - 5, summary };
  });
  const common = { account, mailbox: inbox, key: null, replaces: null, nowMs };
  return store.append({ ...common, messages: await Promise.all(messages), ...changed });
}

export async function fill(store: Store, account: AccountId, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 200) {
    const texts = Array.from({ length: Math.min(left, 200) }, (_, n) => `Subject: ${n}\r\n\r\n`);
    assert.ok((await append(store, account, { texts })).ok);
  }
}

export function rowsOf(store: Store, account: AccountId, mailbox = inbox) {
  return store.messages(account, mailbox, { fromUid: uid(1), limit: 10_000 });
}

export async function statusOf(
  store: Store,
  account: AccountId,
  name: string,
): Promise<MailboxStatus> {
  const status = await store.mailbox(account, name);
  assert.ok(status, name);
  return status;
}

export async function modseqOf(store: Store, account: AccountId): Promise<number> {
  return (await store.findAccount(account))?.modseq ?? 0;
}

export async function isClean(store: Store): Promise<void> {
  assert.deepEqual((await store.check({ deep: true })).findings, []);
}

export const uidMax = uid(2 ** 32 - 1);
