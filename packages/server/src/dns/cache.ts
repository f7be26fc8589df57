/** Answers kept for as long as their TTL allows, in bounded memory. RFC 1035 §7.4, RFC 2308 §5. */

import type { DnsAnswer } from '../world.ts';

interface Entry {
  readonly answer: DnsAnswer;
  readonly expiresMs: number;
  readonly octets: number;
}

/** A rough size of what an entry costs beside its records. */
const entryOctets = 300;

export class AnswerCache {
  /** Insertion order is age: the oldest go first when room is needed. */
  readonly #entries = new Map<string, Entry>();
  readonly #octetsMax: number;
  #octets = 0;

  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  get octets(): number {
    return this.#octets;
  }

  /** The answer with the TTL that is left of it; null when there is none any more. */
  find(key: string, nowMs: number): DnsAnswer | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.expiresMs <= nowMs) {
      this.#drop(key, entry);
      return null;
    }
    if (entry.answer.kind === 'error') return entry.answer;
    return { ...entry.answer, ttlSeconds: Math.ceil((entry.expiresMs - nowMs) / 1000) };
  }

  keep(key: string, answer: DnsAnswer, given: { ttlMs: number; nowMs: number; octets: number }) {
    const octets = given.octets + entryOctets;
    if (given.ttlMs <= 0 || octets > this.#octetsMax / 16) return;
    const old = this.#entries.get(key);
    if (old !== undefined) this.#drop(key, old);
    for (const [oldest, entry] of this.#entries) {
      if (this.#octets + octets <= this.#octetsMax) break;
      this.#drop(oldest, entry);
    }
    this.#entries.set(key, { answer, expiresMs: given.nowMs + given.ttlMs, octets });
    this.#octets += octets;
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#octets -= entry.octets;
  }
}
