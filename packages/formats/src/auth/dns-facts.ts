/**
 * What a check asks of the DNS, and what it may hear. The checks of this folder are generators:
 * they yield a question and are resumed with its reply, so that the same code runs on a resolver,
 * on a zone given as data, and in a test, and does no input or output of its own.
 */

import { needsUtf8, normalDomain } from '../smtp/path.ts';

export type FactType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR';

export interface DnsAsk {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: FactType;
}

export interface MxFact {
  readonly preference: number;
  readonly exchange: string;
}

/** `text` holds addresses, the strings of each TXT record joined, or names. */
export type DnsReply =
  | { readonly kind: 'found'; readonly text: readonly string[]; readonly mx?: readonly MxFact[] }
  /** `nxdomain`: there is no such name; `nodata`: it has nothing of that type. */
  | { readonly kind: 'none'; readonly why: 'nxdomain' | 'nodata' }
  /** Nobody knows: ask again later. */
  | { readonly kind: 'failed'; readonly why: string };

/** A check under way: yields questions, wants replies, returns its result. */
export type Checking<Result> = Generator<DnsAsk, Result, DnsReply>;

/** Runs a check to its end with somebody who answers. */
export async function settleCheck<Result>(
  checking: Checking<Result>,
  ask: (question: DnsAsk) => Promise<DnsReply>,
): Promise<Result> {
  let step = checking.next();
  // oxlint-disable-next-line no-await-in-loop -- each question depends on the reply before
  while (step.done !== true) step = checking.next(await ask(step.value));
  return step.value;
}

/** The same with replies that are at hand. */
export function settleCheckAtOnce<Result>(
  checking: Checking<Result>,
  ask: (question: DnsAsk) => DnsReply,
): Result {
  let step = checking.next();
  while (step.done !== true) step = checking.next(ask(step.value));
  return step.value;
}

/** Lower case, without the final dot: names of the DNS compare without regard to case. */
export function plainName(name: string): string {
  const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** The same in A-labels: what is asked for, whatever the letters of a name. RFC 8616 §3, §5, §6. */
export function askableName(name: string): string {
  const plain = plainName(name);
  return needsUtf8(plain) ? (normalDomain(plain) ?? plain) : plain;
}
