/**
 * Greylisting: who is not known is asked to come back, which servers do and most programs that send
 * what nobody wants do not. RFC 6647. What came back once is remembered for its network, sender and
 * recipient; to whom one of ours has written is known.
 */

import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { AccountId } from '@merpati/store/ids.ts';
import type { Home } from '../home.ts';
import { networkOf } from '../net/networks.ts';
import { Refusal } from '../refusal.ts';

export interface Triplet {
  readonly ip: string;
  readonly sender: string;
  readonly recipient: string;
  /** Behind the recipient. */
  readonly accounts: readonly AccountId[];
}

const kind = 'greylist';
const dayMs = 86_400_000;
/** Who has not come back by then is new again: honest servers try for days. */
const firstKeptMs = 2 * dayMs;
/** RFC 6647 §5: at least a week; so that a monthly letter passes. */
const passKeptMs = 36 * dayMs;

/** Why the sender must come back; null: it is known. */
export async function greylist(home: Home, triplet: Triplet): Promise<Refusal | null> {
  const { store, world, config } = home;
  if (await isKnown(home, triplet)) return null;
  const name = nameOf(triplet);
  const nowMs = world.nowMs();
  const found = await store.record(kind, name);
  const isFresh = found !== null && (found.expiresMs ?? nowMs) > nowMs;
  if (isFresh && found.value === passed) {
    // Written anew only now and then: a busy sender must not cost a write for each message.
    if (nowMs - found.changedMs > dayMs) await keep(home, name, passed);
    return null;
  }
  const waitMs = config.checks.greylist_wait_s * 1000;
  if (isFresh && nowMs - found.changedMs >= waitMs) {
    await keep(home, name, passed);
    return null;
  }
  if (!isFresh) await keep(home, name, seen);
  const sinceMs = isFresh ? nowMs - found.changedMs : 0;
  const retryAfterS = Math.ceil((waitMs - sinceMs) / 1000);
  const text = `We do not know you yet, please try again in ${retryAfterS} s`;
  return new Refusal('greylisted', text, { retryAfterS });
}

const seen = '"seen"';
const passed = '"passed"';

async function keep({ store, world }: Home, name: string, value: string): Promise<void> {
  const nowMs = world.nowMs();
  const expiresMs = nowMs + (value === passed ? passKeptMs : firstKeptMs);
  await store.putRecords([{ kind, name, value, expiresMs }], nowMs);
}

/** One of those behind the address has written to the sender before. */
async function isKnown({ store }: Home, { sender, accounts }: Triplet): Promise<boolean> {
  if (sender === '') return false;
  const address = sender.toLowerCase();
  for (const account of accounts) if (await store.hasWrittenTo(account, address)) return true;
  return false;
}

/** The network for those who look into it; the addresses are nobody's business. */
function nameOf({ ip, sender, recipient }: Triplet): string {
  const network = isIPv4(ip) ? ip.replace(/\.\d+$/, '.0/24') : networkOf(ip);
  const hash = createHash('sha256').update(`${sender}\n${recipient}`.toLowerCase());
  return `${network} ${hash.digest('base64url')}`;
}
