/**
 * A load whose every octet can be told from a number, so that what a crash left can be compared
 * with what had been answered. Used by the crash and the power test, in a process of its own
 * (`load.ts`).
 */

import { createCipheriv, createHash } from 'node:crypto';
import type { Acceptance, Append, Body, Store } from '../src/contract.ts';
import { mailboxId, uid, type AccountId, type Uid } from '../src/ids.ts';
import { makeJourneyId } from '../src/journey.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  makeBody,
  readAll,
  recipient,
} from '../src/conformance/fixtures.ts';

/** Mostly small mail, some with attachments, a few beyond what stays in memory. */
function sizeOf(serial: number): number {
  if (serial % 40 === 7) return 520 * 1024 + ((serial * 7919) % 400_000);
  if (serial % 9 === 4) return 20_000 + ((serial * 104_729) % 200_000);
  return 200 + ((serial * 31) % 5000);
}

export function bytesOf(serial: number): Buffer {
  const size = sizeOf(serial);
  const key = createHash('sha256').update(`key ${serial}`).digest();
  const noise = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
  // Every other body compresses, so that both codecs are met.
  const text = serial % 2 === 0 ? Buffer.from(noise.toString('hex').slice(0, size)) : noise;
  return Buffer.concat([Buffer.from(`Message-ID: <${serial}@load.test>\r\n\r\n`), text]);
}

export const accountCount = 3;

/** The first time in an empty store only. */
export async function prepare(store: Store): Promise<void> {
  if ((await store.accounts()).length > 0) return;
  await addDomain(store, 'load.test');
  for (let n = 0; n < accountCount; n += 1) await addAccount(store, `u${n}@load.test`);
}

export async function acceptanceOf(store: Store, serial: number): Promise<Acceptance> {
  const body: Body = await makeBody(store, bytesOf(serial));
  const account = ((serial % accountCount) + 1) as AccountId;
  const copy = delivery(account, {
    key: `load-${serial}`,
    recipient: `u${account - 1}@load.test`,
    summary: { from: '', to: '', subject: '', dateMs: null, messageId: `${serial}` },
  });
  const queued = serial % 5 === 0 ? [recipient(`${serial}@surat.test`)] : [];
  const journey = makeJourneyId(Date.now(), serial);
  return acceptance(body, { journey, deliveries: [copy], recipients: queued });
}

/** Two of three are delivered, the third is put there by a client. */
export async function putOne(store: Store, serial: number): Promise<number> {
  if (serial % 3 === 2) {
    const result = await store.append(await appendOf(store, serial));
    const [copy] = result.ok ? result.stored : [];
    if (copy === undefined) throw new Error(`refused: ${JSON.stringify(result)}`);
    return copy.uid;
  }
  const result = await store.accept(await acceptanceOf(store, serial));
  const [copy] = result.ok ? result.stored : [];
  if (copy === undefined) throw new Error(`refused: ${JSON.stringify(result)}`);
  return copy.uid;
}

async function appendOf(store: Store, serial: number): Promise<Append> {
  const account = ((serial % accountCount) + 1) as AccountId;
  const { head, events, body, nowMs } = await acceptanceOf(store, serial);
  const summary = { from: '', to: '', subject: '', dateMs: null, messageId: `${serial}` };
  const message = { head, events, body, flags: 1, keywords: [], internalDateMs: nowMs, summary };
  const place = { account, mailbox: mailboxId(1), key: `load-${serial}`, replaces: null };
  return { ...place, messages: [message], nowMs };
}

/** What devices do meanwhile, elsewhere: the deep check looks at what is left of it. */
export async function tidyUp(store: Store, serial: number, uids: readonly Uid[]): Promise<void> {
  const account = ((serial % accountCount) + 1) as AccountId;
  const other = (((serial + 1) % accountCount) + 1) as AccountId;
  const from = { account, mailbox: mailboxId(1) };
  const edit = { account, mailbox: from.mailbox, op: 'add', flags: 4 } as const;
  await store.setFlags({ ...edit, uids, keywords: [`k${serial % 7}`] });
  const made = await store.editMailbox(account, {
    kind: 'create',
    name: `Kerja/${serial}`,
    role: null,
  });
  if (!made.ok || made.id === null) return;
  const mailbox = made.id;
  const nowMs = Date.now();
  await store.copy({ from, to: { account, mailbox }, uids, nowMs });
  const to = { account: other, mailbox: mailboxId(2) };
  await store.copy({ from: { account, mailbox }, to, uids: uids.slice(0, 9), nowMs });
  await store.editMailbox(account, { kind: 'remove', id: mailbox });
}

/** What is known of one message from what a loader has said before its end. */
export interface Known {
  state: 'begun' | 'answered' | 'removing' | 'removed';
  uid: number;
  /** When that was said, in ns of the machine's monotonic clock. */
  atNs: bigint;
}

const states = { b: 'begun', a: 'answered', r: 'removing', g: 'removed' } as const;

/**
 * Reads the loader's lines: `b` begun, `a` answered, `r` removing, `g` gone; serial, UID and time.
 */
export function note(known: Map<number, Known>, line: string): void {
  const [what = '', serialText, uidText, timeText = '0'] = line.split(' ');
  const state = states[what as keyof typeof states];
  const serial = Number(serialText);
  if (state === undefined || (state === 'begun' && known.has(serial))) return;
  known.set(serial, { state, uid: Number(uidText), atNs: BigInt(timeText) });
}

/**
 * The power went at `atNs`: answers given after that have reached nobody. (A file system that is
 * shut down by ioctl can still say yes to an fsync that waits for a commit being aborted; dead
 * hardware says nothing.)
 */
export function forgetAfter(known: Map<number, Known>, atNs: bigint): void {
  for (const each of known.values()) {
    if (each.atNs < atNs) continue;
    if (each.state === 'answered') each.state = 'begun';
    if (each.state === 'removed') each.state = 'removing';
  }
}

export interface Verified {
  readonly present: number;
  readonly answered: number;
  readonly problems: readonly string[];
}

/**
 * Is everything that was answered there exactly once and byte for byte, and nothing else but what
 * was begun?
 */
export async function verify(
  store: Store,
  known: ReadonlyMap<number, Known>,
  alreadyRead: Set<number>,
): Promise<Verified> {
  const problems: string[] = [];
  const present = new Map<number, number>();
  for (let account = 1; account <= accountCount; account += 1) {
    const id = account as AccountId;
    for (let from = 1; ;) {
      const slice = { fromUid: uid(from), limit: 500 };
      const rows = await store.messages(id, mailboxId(1), slice);
      for (const row of rows) {
        const serial = Number(row.summary.messageId);
        if (present.has(serial)) problems.push(`${serial} is there twice`);
        present.set(serial, row.uid);
        if (alreadyRead.has(serial)) continue;
        alreadyRead.add(serial);
        const body = await store.readMessage(id, row.content);
        const bytes = body === null ? Buffer.alloc(0) : await readAll(body);
        const whole = Buffer.concat([body?.prefix ?? Buffer.alloc(0), bytesOf(serial)]);
        if (!bytes.equals(whole)) problems.push(`${serial} has other octets`);
      }
      if (rows.length < slice.limit) break;
      from = (rows.at(-1)?.uid ?? 0) + 1;
    }
  }
  for (const [serial, { state, uid: expected }] of known) {
    const found = present.get(serial);
    if (state === 'answered' && found !== expected) {
      problems.push(`${serial} was answered with UID ${expected}, now ${found ?? 'lost'}`);
    }
    if (state === 'removed' && found !== undefined) problems.push(`${serial} has come back`);
  }
  for (const serial of present.keys()) {
    if (!known.has(serial)) problems.push(`${serial} was never begun`);
  }
  const answered = [...known.values()].filter((each) => each.state === 'answered').length;
  return { present: present.size, answered, problems };
}
