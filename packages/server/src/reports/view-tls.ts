/** What the TLS reports of some days say together: how private the way to our hosts was. */

import type { Home } from '../home.ts';
import { viewLimits } from './limits.ts';
import { storedKinds, storedTlsSchema } from './stored.ts';
import { recordsOf, type ReporterView, type ReportQuestion } from './view-dmarc.ts';

export interface TlsView {
  readonly fromMs: number;
  readonly toMs: number;
  readonly domains: readonly TlsDomainView[];
  /** The most frequent first. */
  readonly failures: readonly TlsFailureView[];
  readonly reporters: readonly ReporterView[];
  /** Kinds of failures that are not in the list; the sums have them. */
  readonly leftOut: number;
}

export interface TlsDomainView {
  readonly domain: string;
  readonly reports: number;
  readonly successes: number;
  readonly failures: number;
  /** Policies that senders applied: `sts`, `tlsa`, `no-policy-found`. */
  readonly policies: readonly string[];
}

export interface TlsFailureView {
  readonly domain: string;
  /** RFC 8460 §4.3. */
  readonly type: string;
  readonly policy: string;
  readonly mxHost: string | null;
  readonly reason: string | null;
  readonly sessions: number;
  readonly organisations: readonly string[];
}

interface Gathered {
  readonly domains: Map<
    string,
    { reports: number; successes: number; failures: number; policies: Set<string> }
  >;
  readonly failures: Map<
    string,
    Omit<TlsFailureView, 'sessions' | 'organisations'> & { sessions: number; by: Set<string> }
  >;
  readonly reporters: Map<string, { reports: number; messages: number; unproved: number }>;
  leftOut: number;
}

export async function viewTls(home: Home, question: ReportQuestion): Promise<TlsView> {
  const gathered: Gathered = {
    domains: new Map(),
    failures: new Map(),
    reporters: new Map(),
    leftOut: 0,
  };
  for await (const { value } of recordsOf(home, storedKinds.tls, question)) {
    add(gathered, storedTlsSchema.parse(JSON.parse(value)));
  }
  return {
    fromMs: question.fromMs,
    toMs: question.toMs,
    domains: [...gathered.domains].map(([domain, { policies, ...rest }]) => ({
      domain,
      ...rest,
      policies: [...policies],
    })),
    failures: [...gathered.failures.values()]
      .toSorted((a, b) => b.sessions - a.sessions)
      .map(({ by, ...rest }) => ({ ...rest, organisations: [...by] })),
    reporters: [...gathered.reporters].map(([organisation, rest]) => ({ organisation, ...rest })),
    leftOut: gathered.leftOut,
  };
}

function add(gathered: Gathered, { report, origin }: ReturnType<typeof storedTlsSchema.parse>) {
  const { organisation } = report;
  const reporter = gathered.reporters.get(organisation) ?? { reports: 0, messages: 0, unproved: 0 };
  gathered.reporters.set(organisation, reporter);
  reporter.reports += 1;
  if (origin.dmarc !== null && origin.dmarc !== 'pass') reporter.unproved += 1;
  const seen = new Set<string>();
  for (const policy of report.policies) {
    const domain = gathered.domains.get(policy.domain) ?? {
      reports: 0,
      successes: 0,
      failures: 0,
      policies: new Set(),
    };
    gathered.domains.set(policy.domain, domain);
    if (!seen.has(policy.domain)) domain.reports += 1;
    seen.add(policy.domain);
    domain.successes += policy.successes;
    domain.failures += policy.failures;
    domain.policies.add(policy.type);
    reporter.messages += policy.successes + policy.failures;
    for (const { type, mxHost, reason, count } of policy.details) {
      const key = JSON.stringify([policy.domain, policy.type, type, mxHost, reason]);
      const known = gathered.failures.get(key);
      if (known === undefined && gathered.failures.size >= viewLimits.failuresMax) {
        gathered.leftOut += 1;
        continue;
      }
      const failure = known ?? {
        domain: policy.domain,
        type,
        policy: policy.type,
        mxHost,
        reason,
        sessions: 0,
        by: new Set(),
      };
      failure.sessions += count;
      failure.by.add(organisation);
      gathered.failures.set(key, failure);
    }
  }
}
