/**
 * Stores and indexes until it is killed: `node index-load.ts DIRECTORY`. Says on standard output
 * when the index is at work.
 */

import { writeSync } from 'node:fs';
import { mailboxId, uid } from '../src/ids.ts';
import { openStore } from '../src/sqlite/open.ts';
import { addYou, fill, you } from './scratch.ts';

const [directory = ''] = process.argv.slice(2);
const store = await openStore({ directory, reserveBytes: 0 });
if ((await store.accounts()).length === 0) await addYou(store);
const [inbox] = await store.mailboxes(you);
let stored = inbox?.total ?? 0;

async function put(): Promise<never> {
  for (;;) {
    await fill(store, [`Subject: nomor ${stored + 1}\r\n\r\nisi ${'kata '.repeat(50)}\r\n`]);
    stored += 1;
    if (stored % 9 === 0) await store.expunge(you, mailboxId(1), [uid(stored - 4)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function index(): Promise<never> {
  await store.reindex(you);
  for (;;) {
    await store.indexed(you);
    if (stored % 7 === 0) await store.reindex(you);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await fill(store, ['Subject: satu\r\n\r\nisi kata\r\n']);
await store.indexed(you);
writeSync(1, 'indexed\n');
await Promise.all([put(), index()]);
