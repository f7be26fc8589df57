/**
 * Passwords: argon2id (RFC 9106) in PHC strings, with a SCRAM verifier beside it; and app
 * passwords, which we make ourselves and which need no stretching.
 */

import { argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { makeScramVerifier } from '@merpati/formats/sasl/scram.ts';
import { saslprep } from '@merpati/formats/sasl/saslprep.ts';
import type { Credential } from '@merpati/store/contract.ts';
import { scramCrypto } from './scram-crypto.ts';

interface Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
}

/** OWASP's first choice for argon2id; 27 ms here. */
const chosenCost: Cost = { memory: 19_456, passes: 2 };
/** 80 bits of chance cannot be guessed, however fast the guess. */
const appPasswordCost: Cost = { memory: 64, passes: 1 };

export const passwordLimits = {
  octetsMax: 1024,
  /** Hashes at one time: each holds a thread of the pool and 19 MiB. */
  hashesAtOnceMax: 2,
  /** Waiting beyond these; more logins than that are told to come back. */
  hashesWaitingMax: 200,
  /**
   * For each account: every one of them is tried at a login, and all of them together must take
   * less time than a failure takes at least, or their number could be heard.
   */
  appPasswordsMax: 100,
  /** Work of the client, not of ours, at each login. */
  scramIterations: 32_768,
} as const;

const hashOctets = 32;
const stretch = promisify(argon2);

/** More logins are under way than this machine can check. */
export class PasswordsBusy extends Error {
  override readonly name = 'PasswordsBusy';
}

/** What the store keeps of a password. Throws RangeError when it is empty or too long. */
export async function hashPassword(password: string): Promise<Credential> {
  const size = Buffer.byteLength(password);
  if (size === 0 || size > passwordLimits.octetsMax) {
    throw new RangeError(`a password has 1 to ${passwordLimits.octetsMax} octets`);
  }
  const scram = await makeScramVerifier(
    scramCrypto,
    password,
    randomBytes(16),
    passwordLimits.scramIterations,
  );
  return { passwordHash: await hash(prepare(password), chosenCost), scram };
}

export async function verifyPassword(password: string, credential: Credential): Promise<boolean> {
  const stored = readPhc(credential.passwordHash);
  const prepared = prepare(password);
  if (Buffer.byteLength(prepared) > passwordLimits.octetsMax) return false;
  const given = await derive(prepared, stored.salt, stored.cost);
  return timingSafeEqual(given, stored.hash);
}

const appAlphabet = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32 letters, without l, o, 0 and 1

/** A new app password, four groups of four letters; it is shown once. */
export async function makeAppPassword(): Promise<{ password: string; credential: Credential }> {
  let letters = '';
  for (let i = 0; i < 16; i += 1) letters += appAlphabet[randomInt(appAlphabet.length)];
  const password = letters.replace(/(.{4})(?=.)/g, '$1-');
  return {
    password,
    credential: { passwordHash: await hash(letters, appPasswordCost), scram: null },
  };
}

/** The letters of an app password, however they are grouped; null when it has another form. */
export function readAppPassword(password: string): string | null {
  const letters = password.replace(/[- ]/g, '').toLowerCase();
  return /^[a-km-np-z2-9]{16}$/.test(letters) ? letters : null;
}

/** PLAIN compares prepared strings (RFC 4616 §2); what SASLprep refuses is taken as it is. */
function prepare(password: string): string {
  return saslprep(password, { stored: false }) ?? password;
}

async function hash(password: string, cost: Cost): Promise<string> {
  const salt = randomBytes(16);
  const derived = await derive(password, salt, cost);
  const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=1$${bare(salt)}$${bare(derived)}`;
}

function readPhc(phc: string): { cost: Cost; salt: Buffer; hash: Buffer } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(phc);
  if (match === null) throw new Error('a stored password hash is not of a form we write');
  const [, memory, passes, salt = '', hash = ''] = match;
  return {
    cost: { memory: Number(memory), passes: Number(passes) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

let atOnceMax: number = passwordLimits.hashesAtOnceMax;

/** Of so many threads, each of which hashes for itself: together they must not take all cores. */
export function shareHashing(threads: number): void {
  atOnceMax = Math.max(1, Math.floor(passwordLimits.hashesAtOnceMax / threads));
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  if (running >= atOnceMax) {
    if (waiting.length >= passwordLimits.hashesWaitingMax) throw new PasswordsBusy();
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await stretch('argon2id', {
      message: password,
      nonce: salt,
      parallelism: 1,
      tagLength: hashOctets,
      ...cost,
    });
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
