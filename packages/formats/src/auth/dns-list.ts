/**
 * Lists of addresses in the DNS, of those that send what nobody wants (DNSBL) and of those that are
 * known to be good (DNSWL). RFC 5782 §2. A list proves with each answer that it is alive: it must
 * hold its test entry, and must not hold 127.0.0.1 (§5), or what it says counts for nothing.
 */

import { readAddress } from '../dns/address.ts';
import type { Checking, DnsAsk } from './dns-facts.ts';
import { reverseName } from './spf.ts';

export interface DnsListQuestion {
  readonly ip: string;
  /** Of the list, e.g. `bl.example.org`. */
  readonly zone: string;
  /** Which answers mean what the list is asked for; all are in 127.0.0.0/8. */
  readonly isMeant: (answer: string) => boolean;
}

export interface DnsListResult {
  readonly zone: string;
  readonly isListed: boolean;
  /** What it answered, listed or not. */
  readonly answers: readonly string[];
  /** What it says about it; null: nothing. */
  readonly text: string | null;
  /** Why its answer counts for nothing; null: it counts. */
  readonly fault: string | null;
}

/** In the order of `127.0.0.2` and `127.0.0.1`. RFC 5782 §5; §2.4 for IPv6. */
const testEntries = {
  4: ['2.0.0.127', '1.0.0.127'],
  16: [mapped(2), mapped(1)],
} as const;

function mapped(last: number): string {
  const octets = new Uint8Array(16);
  octets.set([255, 255, 127, 0, 0, last], 10);
  return reverseName(octets).replace(/\.ip6\.arpa$/, '');
}

/** All that will be asked, so that it can be asked at once. */
export function dnsListQuestions(ip: string, zone: string): readonly DnsAsk[] {
  const octets = readAddress(ip);
  if (octets === null) return [];
  const names = [labelsOf(octets), ...testEntries[octets.length === 4 ? 4 : 16]];
  return names.map((labels) => ({ name: `${labels}.${zone}`, type: 'A' }));
}

export function* checkDnsList({ ip, zone, isMeant }: DnsListQuestion): Checking<DnsListResult> {
  const nothing = { zone, isListed: false, answers: [], text: null, fault: null };
  const [own, present, absent] = dnsListQuestions(ip, zone);
  if (own === undefined || present === undefined || absent === undefined) return nothing;
  const reply = yield own;
  if (reply.kind === 'failed') return { ...nothing, fault: reply.why };
  if (reply.kind === 'none') return nothing;
  const answers = reply.text;
  // QUIRK: 127.255.255.x says "you may not ask", as Spamhaus and others have it.
  const isError = (answer: string): boolean =>
    !answer.startsWith('127.') || answer.startsWith('127.255.255.');
  if (answers.some(isError)) return { ...nothing, answers, fault: 'it answers with an error' };
  const test = yield present;
  if (test.kind !== 'found') return { ...nothing, answers, fault: 'its test entry is missing' };
  const never = yield absent;
  if (never.kind === 'found') return { ...nothing, answers, fault: 'it lists everybody' };
  if (!answers.some(isMeant)) return { ...nothing, answers };
  const why = yield { name: own.name, type: 'TXT' };
  const text = why.kind === 'found' ? (why.text[0] ?? null) : null;
  return { zone, isListed: true, answers, text, fault: null };
}

function labelsOf(octets: Uint8Array): string {
  return reverseName(octets).replace(/\.(?:in-addr|ip6)\.arpa$/, '');
}
