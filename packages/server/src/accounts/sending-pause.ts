/** An account that may not send: somebody else may be at it. Durable, until it is released. */

import type { Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { z } from 'zod';

const kind = 'sending-pause';

const stored = z.object({
  sinceMs: z.number(),
  reason: z.enum(['failures', 'over-limit', 'new-recipients']),
  /** Of what the reason says, in the time that is watched. */
  count: z.number(),
});
export type SendingPause = Readonly<z.infer<typeof stored>>;

export async function sendingPause(
  store: Pick<Store, 'record'>,
  account: AccountId,
): Promise<SendingPause | null> {
  const record = await store.record(kind, String(account));
  return record === null ? null : stored.parse(JSON.parse(record.value));
}

/** false: it is paused already. */
export function pauseSending(
  store: Pick<Store, 'putRecords'>,
  account: AccountId,
  pause: SendingPause,
): Promise<boolean> {
  const record = { kind, name: String(account), value: JSON.stringify(pause), expected: 0 };
  return store.putRecords([record], pause.sinceMs);
}

/** Answers whether it was paused. */
export async function releaseSending(
  store: Pick<Store, 'record' | 'putRecords'>,
  account: AccountId,
  nowMs: number,
): Promise<boolean> {
  const known = await store.record(kind, String(account));
  await store.putRecords([{ kind, name: String(account), value: null }], nowMs);
  return known !== null;
}
