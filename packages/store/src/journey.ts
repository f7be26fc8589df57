/**
 * The journey of a message: one append-only stream of events, written in the same transactions as
 * the mail itself. Sentences are made by the reader from `code` and `args`; the store keeps facts.
 */

import type { JourneyId } from './ids.ts';
import { journeyId } from './ids.ts';

/** Where on its way the message was. The order is the usual order of travel. */
export const stages = [
  'click',
  'submit',
  'receive',
  'check',
  'auth',
  'scan',
  'sign',
  'filter',
  'store',
  'queue',
  'route',
  'connect',
  'tls',
  'dialogue',
  'accept',
  'notify',
  'read',
  'bounce',
] as const;
export type Stage = (typeof stages)[number];

/** `claimed` is what others told us (a header, the client's clock), never what we saw. */
export type EventState = 'ok' | 'working' | 'warn' | 'fail' | 'info' | 'claimed';

/** One line of a protocol dialogue. Never carries a secret: AUTH payloads are replaced before. */
export interface DialogueLine {
  readonly dir: 'in' | 'out';
  readonly tls: boolean;
  /** µs after the first line of the dialogue. */
  readonly afterUs: number;
  readonly text: string;
}

export interface JourneyEvent {
  /** µs since 1970-01-01 UTC. Safe in a double until the year 2255. */
  readonly atUs: number;
  readonly stage: Stage;
  readonly state: EventState;
  /** Stable and dotted, e.g. `dns.mx.found`; `docs/journey-codes.md` lists them all. */
  readonly code: string;
  readonly args?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** How long it took. */
  readonly durUs?: number;
  readonly attempt?: number;
  /** The lane: one recipient. Absent when it concerns the whole message. */
  readonly rcpt?: string;
  readonly lines?: readonly DialogueLine[];
}

/** An event as read back: with its place in the stream. */
export interface RecordedEvent extends JourneyEvent {
  readonly journey: JourneyId;
  /** 1, 2, 3 … without gaps within a journey. */
  readonly seq: number;
}

/** What is known of a message's journey as a whole; the row behind lists and searches. */
export interface JourneyHead {
  readonly id: JourneyId;
  readonly startedUs: number;
  readonly direction: 'in' | 'out' | 'local';
  /** Reverse-path, '' for the null sender. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly messageId: string | null;
  /** For the owner only, never for admins of other people's mail. */
  readonly subject: string | null;
  readonly size: number;
  /** The account that submitted it, if any of ours did. */
  readonly submittedBy: number | null;
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford base 32, lower case
const modulus = 1n << 50n;
const factor = 0x2545f4914f6cdn | 1n; // odd, hence invertible modulo 2^50
const inverse = invert(factor);

function invert(odd: bigint): bigint {
  let x = odd; // Newton: each round doubles the number of right bits
  for (let i = 0; i < 6; i += 1) x = (x * (2n - odd * x)) & (modulus - 1n);
  return ((x % modulus) + modulus) % modulus;
}

/**
 * Journey ids grow with time (so that the tables are append-only) and are shown scrambled, so that
 * the first four letters already tell two neighbours apart. Ten letters; a unique prefix is enough
 * to ask.
 */
export function formatJourneyId(id: JourneyId): string {
  let n = (BigInt(id) * factor) % modulus;
  let text = '';
  for (let i = 0; i < 10; i += 1) {
    text = (alphabet[Number(n & 31n)] ?? '') + text;
    n >>= 5n;
  }
  return text;
}

/** The inverse of `formatJourneyId`; null when the text is not ten letters of the alphabet. */
export function readJourneyId(text: string): JourneyId | null {
  if (text.length !== 10) return null;
  let n = 0n;
  for (const letter of text.toLowerCase()) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return null;
    n = (n << 5n) | BigInt(digit);
  }
  return journeyId(Number((n * inverse) % modulus));
}

const ticksSince = Date.UTC(2025, 0, 1);
const tickMs = 8;

/** The smallest id that a journey begun at that time can have: ids are in the order of time. */
export function firstJourneyIdAt(timeMs: number): JourneyId {
  const ticks = Math.floor((timeMs - ticksSince) / tickMs);
  return journeyId((Math.max(ticks, 0) % 2 ** 38) * 4096);
}

/** A new id: 38 bits of milliseconds/8 since 2025 (70 years), 12 bits of chance. */
export function makeJourneyId(nowMs: number, random12: number): JourneyId {
  return journeyId(firstJourneyIdAt(nowMs) + (random12 & 4095));
}
