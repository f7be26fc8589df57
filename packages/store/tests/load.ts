/**
 * Loads a store until it is killed: `node load.ts DIRECTORY FIRST-SERIAL RETRY…`. Says on standard
 * output what it begins and what was answered, each line before anything else happens; what the
 * last process had begun without an answer is tried again first, as a sender would.
 */

import { writeSync } from 'node:fs';
import { mailboxId, uid, type AccountId } from '../src/ids.ts';
import { openStore } from '../src/sqlite/open.ts';
import { accountCount, prepare, putOne, tidyUp } from './workload.ts';

const [directory = '', first = '1', ...retry] = process.argv.slice(2);
const sessions = 12;

/** The pipe takes it before anything else happens, however slowly the other side reads. */
function write(line: string): void {
  const bytes = Buffer.from(line);
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function say(line: string): void {
  write(`${line} ${process.hrtime.bigint()}\n`);
}

const store = await openStore({ directory, reserveBytes: 0 });
await prepare(store);
write('ready\n');

let next = Number(first);
const again = retry.map(Number);

async function session(): Promise<void> {
  for (;;) {
    const serial = again.pop() ?? next++;
    say(`b ${serial} 0`);
    const place = await putOne(store, serial);
    say(`a ${serial} ${place}`);
    if (serial % 4 === 1) {
      const account = ((serial % accountCount) + 1) as AccountId;
      say(`r ${serial} ${place}`);
      await store.expunge(account, mailboxId(1), [uid(place)]);
      say(`g ${serial} ${place}`);
    }
    if (serial % 40 === 0) {
      const many = Array.from({ length: serial % 80 === 0 ? 600 : 20 }, (_, n) => uid(place - n));
      await tidyUp(store, serial, many);
    }
    if (serial % 50 === 0) {
      const skipDomains: string[] = [];
      const due = { nowMs: Date.now() + 1e9, leaseMs: 1, itemsMax: 20, skipDomains };
      const items = (await store.claim(due)).map(({ id, token }) => ({
        id,
        token,
        outcome: { kind: 'done' } as const,
      }));
      await store.settle({ items, events: [], notices: [], nowMs: Date.now() });
    }
  }
}

await Promise.all(Array.from({ length: sessions }, session));
