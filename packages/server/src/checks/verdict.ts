/**
 * What all findings together mean: the events of the journey, our field of results, whose copies go
 * to Junk. RFC 8601 §2.2 (Authentication-Results).
 */

import {
  writeAuthenticationResults,
  type MethodResult,
} from '@merpati/formats/auth/authentication-results.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { Incoming, Recipient } from '../incoming/incoming.ts';
import type { Refusal } from '../refusal.ts';
import type { Finding } from './check.ts';

export interface Verdict {
  readonly refusal: Refusal | null;
  /** Findings, as the journey tells them. */
  readonly events: readonly JourneyEvent[];
  /** Header field with what was found about the sender; '' when nobody looked. */
  readonly results: string;
  /** Whose copies go to Junk. */
  readonly junk: ReadonlySet<Recipient>;
  /** Nobody is to write to the sender: it may be a victim. */
  readonly isForged: boolean;
}

export function verdictOf(home: Home, incoming: Incoming, findings: readonly Finding[]): Verdict {
  const events = findings.map((finding) => eventOf(home, finding));
  const results = findings.flatMap(({ result }) => result ?? []);
  for (const { method, result } of results) home.metrics.authResults.inc({ method, result });
  if (incoming.evidence !== null) {
    home.metrics.judgeSeconds.observe((home.world.nowUs() - incoming.arrivedUs) / 1_000_000);
  }
  const refusal = findings.find((finding) => finding.refusal !== null)?.refusal ?? null;
  const junk = new Set(findings.flatMap((finding) => finding.junk ?? []));
  const { junk_weight: limit } = home.config.checks;
  const weight = findings.reduce((sum, finding) => sum + finding.weight, 0);
  if (limit > 0 && weight >= limit && refusal === null) {
    for (const recipient of incoming.envelope.recipients) junk.add(recipient);
    const args = { points: weight, limit };
    events.push({ ...at(home), stage: 'check', state: 'warn', code: 'check.weight', args });
  }
  const isForged = findings.some((finding) => finding.isForged === true);
  return { refusal, events, results: fieldOf(home, results), junk, isForged };
}

function eventOf(home: Home, { code, state, args, weight, result }: Finding): JourneyEvent {
  return {
    ...at(home),
    stage: result === undefined && code.startsWith('check.') ? 'check' : 'auth',
    state,
    code,
    args: weight === 0 ? args : { ...args, weight },
  };
}

function at({ world }: Home): { readonly atUs: number } {
  return { atUs: world.nowUs() };
}

function fieldOf({ config }: Home, results: readonly MethodResult[]): string {
  return results.length === 0 ? '' : writeAuthenticationResults(config.hostname, results);
}
