/** When, for what and from where an app password was last used: a hint for people. */

import type { AppPasswordRow, Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { z } from 'zod';

const kind = 'app-password-used';
/** Written at most so often for each password. */
const everyMs = 3_600_000;

const stored = z.object({ atMs: z.number(), protocol: z.string(), address: z.string() });
export type LastUse = Readonly<z.infer<typeof stored>>;

const nameOf = (account: AccountId, id: number): string => `${account}/${id}`;

/** Does nothing within an hour of the last time. */
export async function noteUse(
  store: Pick<Store, 'editDirectory' | 'putRecords'>,
  { account, row }: { readonly account: AccountId; readonly row: AppPasswordRow },
  use: LastUse,
): Promise<void> {
  if (use.atMs - (row.lastUsedMs ?? 0) <= everyMs) return;
  const value = JSON.stringify(use);
  await store.editDirectory({ kind: 'app-password-used', account, id: row.id, nowMs: use.atMs });
  await store.putRecords([{ kind, name: nameOf(account, row.id), value }], use.atMs);
}

export async function lastUse(
  store: Pick<Store, 'record'>,
  account: AccountId,
  id: number,
): Promise<LastUse | null> {
  const record = await store.record(kind, nameOf(account, id));
  return record === null ? null : stored.parse(JSON.parse(record.value));
}

export async function forgetUse(
  store: Pick<Store, 'putRecords'>,
  { account, id }: { readonly account: AccountId; readonly id: number },
  nowMs: number,
): Promise<void> {
  await store.putRecords([{ kind, name: nameOf(account, id), value: null }], nowMs);
}
