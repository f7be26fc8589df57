/** Keys as the store keeps them: one record for each domain. */

import type { Store } from '@merpati/store/contract.ts';
import { z } from 'zod';
import type { Generation } from './keys.ts';

export const keyRecordKind = 'dkim-keys';

const moment = z.number().nullable();
const keysSchema = z.object({
  generations: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['waiting', 'signing', 'retired', 'revoked']),
      createdMs: z.number(),
      signingMs: moment,
      retiredMs: moment,
      keepUntilMs: moment,
      keys: z.array(
        z.object({
          selector: z.string(),
          kind: z.enum(['rsa', 'ed25519']),
          publicText: z.string(),
          privateText: z.string().nullable(),
        }),
      ),
    }),
  ),
});

export interface DomainKeys {
  readonly domain: string;
  /** 0: there is no record yet. */
  readonly version: number;
  readonly generations: readonly Generation[];
}

export async function readKeys(store: Store, domain: string): Promise<DomainKeys> {
  const record = await store.record(keyRecordKind, domain);
  if (record === null) return { domain, version: 0, generations: [] };
  const { generations } = keysSchema.parse(JSON.parse(record.value));
  return { domain, version: record.version, generations };
}

/** false: somebody else has changed them meanwhile. */
export function writeKeys(
  store: Store,
  { domain, version, generations }: DomainKeys,
  nowMs: number,
): Promise<boolean> {
  const value = JSON.stringify({ generations });
  return store.putRecords([{ kind: keyRecordKind, name: domain, value, expected: version }], nowMs);
}

/** With a domain its keys go. */
export async function removeKeys(store: Store, domain: string, nowMs: number): Promise<void> {
  await store.putRecords([{ kind: keyRecordKind, name: domain, value: null }], nowMs);
}
