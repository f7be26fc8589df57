/** Certificates and keys that we got ourselves, as records of the store. */

import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Store } from '@merpati/store/contract.ts';
import { z } from 'zod';
import { makeKey } from './keys.ts';

const kind = 'certificate';
const accountKind = 'acme-account';

const stored = z.object({
  names: z.array(z.string()),
  /** PEM; null: not got yet. */
  chain: z.string().nullable(),
  key: z.string(),
  /** Made ahead, so that it can be published before it is shown. */
  nextKey: z.string(),
  /** When the DNS first told of the next key at all of its servers; null: not yet. */
  nextSeenMs: z.number().nullable(),
  /** Tries in a row that failed. */
  failures: z.number(),
  /** Not before, unless somebody asks for it. */
  nextTryMs: z.number(),
  trouble: z.object({ code: z.string(), detail: z.string(), atMs: z.number() }).nullable(),
});

export type StoredCertificate = Readonly<z.infer<typeof stored>>;

/** By the name they are kept under: the host's, or a domain's. */
export async function readCertificates(
  store: Pick<Store, 'records'>,
): Promise<ReadonlyMap<string, StoredCertificate>> {
  const found = new Map<string, StoredCertificate>();
  for (let after = ''; ;) {
    const page = await store.records(kind, { after });
    for (const { name, value } of page) found.set(name, stored.parse(JSON.parse(value)));
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.name;
  }
}

/** null removes it. */
export async function putCertificate(
  store: Pick<Store, 'putRecords'>,
  { name, value }: { readonly name: string; readonly value: StoredCertificate | null },
  nowMs: number,
): Promise<void> {
  const text = value === null ? null : JSON.stringify(value);
  await store.putRecords([{ kind, name, value: text }], nowMs);
}

/** The one that is kept, or a new one; a directory knows us by it. */
export async function accountKey(
  store: Pick<Store, 'record' | 'putRecords'>,
  directory: string,
  nowMs: number,
): Promise<KeyObject> {
  const known = await store.record(accountKind, directory);
  if (known !== null) return createPrivateKey(z.string().parse(JSON.parse(known.value)));
  const value = JSON.stringify(await makeKey());
  const record = { kind: accountKind, name: directory, value, expected: 0 };
  // Somebody else may have been quicker: then theirs counts.
  if (!(await store.putRecords([record], nowMs))) return accountKey(store, directory, nowMs);
  return createPrivateKey(z.string().parse(JSON.parse(value)));
}
