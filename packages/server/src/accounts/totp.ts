/**
 * The second factor: codes of six digits that an app of the person makes, another one every thirty
 * seconds. RFC 6238 (over RFC 4226). Mail protocols cannot ask for one: there an app password takes
 * its place.
 */

import type { Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { Secret, TOTP } from 'otpauth';
import { z } from 'zod';

const kind = 'totp';
const issuer = 'Merpati';
const periodMs = 30_000;
/** Clocks of telephones are wrong by some seconds, and people are slow. */
const stepsAround = 1;
/** 160 bits, as RFC 4226 §4 recommends. */
const secretOctets = 20;

const stored = z.object({
  /** base32 */
  secret: z.string(),
  /** false: made, but nobody has shown yet that an app knows it. */
  isOn: z.boolean(),
  /** A code counts once. RFC 6238 §5.2. */
  lastStep: z.number(),
});
type Stored = z.infer<typeof stored>;

type Records = Pick<Store, 'record' | 'putRecords'>;

export interface Provisioned {
  /** `otpauth://totp/…`, for a QR code. */
  readonly uri: string;
  /** The same to be typed, base32. */
  readonly secret: string;
}

/** A new secret. It counts from the first code on that is checked by `switchTotpOn`. */
export async function provisionTotp(
  store: Records,
  about: { readonly id: AccountId; readonly address: string },
  nowMs: number,
): Promise<Provisioned> {
  const secret = new Secret({ size: secretOctets }).base32;
  await put(store, about.id, { secret, isOn: false, lastStep: -1 }, nowMs);
  return { uri: codes(secret, about.address).toString(), secret };
}

export async function isTotpOn(store: Pick<Store, 'record'>, id: AccountId): Promise<boolean> {
  return (await read(store, id))?.totp.isOn ?? false;
}

/** false: that is not the code of the moment, or no secret was made. */
export async function switchTotpOn(
  store: Records,
  id: AccountId,
  given: { readonly code: string; readonly nowMs: number },
): Promise<boolean> {
  return take(store, id, { ...given, mustBeOn: false });
}

/** Is that the code of the moment? Each one counts once, whoever shows it. */
export async function verifyTotp(
  store: Records,
  id: AccountId,
  given: { readonly code: string; readonly nowMs: number },
): Promise<boolean> {
  return take(store, id, { ...given, mustBeOn: true });
}

/** Answers whether there was one. */
export async function removeTotp(store: Records, id: AccountId, nowMs: number): Promise<boolean> {
  const known = await read(store, id);
  await store.putRecords([{ kind, name: String(id), value: null }], nowMs);
  return known !== null;
}

async function take(
  store: Records,
  id: AccountId,
  given: { readonly code: string; readonly nowMs: number; readonly mustBeOn: boolean },
): Promise<boolean> {
  const { nowMs, mustBeOn } = given;
  const known = await read(store, id);
  if (known === null || (mustBeOn && !known.totp.isOn)) return false;
  const token = given.code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return false;
  const { totp, version } = known;
  const off = codes(totp.secret, '').validate({ token, timestamp: nowMs, window: stepsAround });
  if (off === null) return false;
  const step = Math.floor(nowMs / periodMs) + off;
  if (step <= totp.lastStep) return false;
  // Two who show the same code at once: one of them is first.
  return put(store, id, { ...totp, isOn: true, lastStep: step }, nowMs, version);
}

function codes(secret: string, label: string): TOTP {
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret) });
}

async function read(store: Pick<Store, 'record'>, id: AccountId) {
  const record = await store.record(kind, String(id));
  if (record === null) return null;
  return { totp: stored.parse(JSON.parse(record.value)), version: record.version };
}

function put(
  store: Pick<Store, 'putRecords'>,
  id: AccountId,
  totp: Stored,
  nowMs: number,
  expected?: number,
): Promise<boolean> {
  const record = { kind, name: String(id), value: JSON.stringify(totp) };
  return store.putRecords([{ ...record, ...(expected === undefined ? {} : { expected }) }], nowMs);
}
