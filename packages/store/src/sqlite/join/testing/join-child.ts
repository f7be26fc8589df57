/** A thread for the tests: joins the store, writes without waiting, begins a search, and tells. */

import { parentPort, workerData } from 'node:worker_threads';
import type { AccountId } from '../../../ids.ts';
import { joinStore, type StoreTicket } from '../join.ts';

const { ticket, account } = workerData as {
  readonly ticket: StoreTicket;
  readonly account: AccountId;
};
const store = joinStore(ticket);
const inbox = await store.mailbox(account, 'INBOX');
for (let index = 0; index < 50; index += 1) {
  void store.editMailbox(account, { kind: 'create', name: `Kotak ${index}`, role: null });
}
if (inbox !== null) {
  const criteria = { kind: 'text', text: 'apa' } as const;
  const found = store.search(account, { mailboxes: [inbox.id], criteria });
  void found[Symbol.asyncIterator]().next();
}
parentPort?.postMessage('ready');
