/**
 * Counts what delivery and the checks tell, by day and domain, in memory; `flush` makes it durable.
 * Several threads may count for one store: each adds to what the others have put there.
 */

import type { DmarcReportRow } from '@merpati/formats/report/dmarc-report.ts';
import type { Store } from '@merpati/store/contract.ts';
import type { z } from 'zod';
import type { Home } from '../home.ts';
import {
  addFailure,
  dmarcCountSchema,
  mergeDmarc,
  mergeTls,
  policyKey,
  rowKey,
  tlsCountSchema,
  type DmarcCount,
  type TlsCount,
} from './counts.ts';
import { dayBounds, dayOf } from './day.ts';
import { countLimits, sendLimits } from './limits.ts';
import type { DmarcOutcome, TlsOutcome } from './outcomes.ts';

/** Kinds of records: the name is the day and the domain, `2026-11-22/contoh.test`. */
export const countKinds = { dmarc: 'report.count.dmarc', tls: 'report.count.tls' } as const;

/** While rows gather they are found by their key. */
interface Gathering extends Omit<DmarcCount, 'rows'> {
  readonly rows: Map<string, DmarcReportRow>;
}

export class Collector {
  readonly #home: Home;
  #dmarc = new Map<string, Gathering>();
  #tls = new Map<string, TlsCount>();
  #dropped = 0;

  constructor(home: Home) {
    this.#home = home;
  }

  dmarc(outcome: DmarcOutcome): void {
    // Who names no address wants no reports.
    if (!this.#home.config.reports.dmarc || outcome.record.reportsTo.length === 0) return;
    const name = this.#nameOf(outcome.policyDomain, this.#dmarc);
    if (name === null) return;
    const count = this.#dmarc.get(name) ?? { rows: new Map(), leftOut: 0 };
    const row = rowOf(outcome);
    const key = rowKey(row);
    const known = count.rows.get(key);
    const isFull = known === undefined && count.rows.size >= countLimits.rowsMax;
    if (!isFull) count.rows.set(key, { ...row, count: (known?.count ?? 0) + 1 });
    this.#dmarc.set(name, {
      rows: count.rows,
      leftOut: count.leftOut + (isFull ? 1 : 0),
      published: publishedOf(outcome),
      reportsTo: [...outcome.record.reportsTo],
    });
  }

  tls(outcome: TlsOutcome): void {
    if (!this.#home.config.reports.tls) return;
    const name = this.#nameOf(outcome.policyDomain, this.#tls);
    if (name === null) return;
    const isSuccess = outcome.result === 'success';
    const failure = {
      type: outcome.result,
      count: 1,
      sendingIp: outcome.sendingIp,
      mxHost: short(outcome.mxHost),
      mxHelo: short(outcome.receivingMxHelo),
      receivingIp: outcome.receivingIp,
      information: null,
      reason: short(outcome.failureCode),
    };
    const policy = {
      type: outcome.policyType,
      strings: outcome.policyStrings.slice(0, 100).map((line) => line.slice(0, 1000)),
      domain: outcome.policyDomain,
      mxHosts: outcome.mxPatterns.slice(0, 100).map((host) => host.slice(0, 255)),
      successes: isSuccess ? 1 : 0,
      failures: isSuccess ? 0 : 1,
      details: isSuccess ? [] : [failure],
    };
    this.#tls.set(name, addPolicy(this.#tls.get(name), policy));
  }

  #nameOf(domain: string, counts: ReadonlyMap<string, unknown>): string | null {
    const name = `${dayOf(this.#home.world.nowMs())}/${domain}`;
    if (domain === '' || domain.length > 253) return null;
    if (counts.has(name) || counts.size < countLimits.domainsMax) return name;
    this.#dropped += 1;
    return null;
  }

  /** Everything counted so far is durable when it resolves; on failure it is counted still. */
  async flush(): Promise<void> {
    const dmarc = this.#dmarc;
    const tls = this.#tls;
    this.#dmarc = new Map();
    this.#tls = new Map();
    if (this.#dropped > 0) {
      this.#home.log.warn({ event: 'report.dropped', outcomes: this.#dropped });
      this.#dropped = 0;
    }
    const { store, world } = this.#home;
    const nowMs = world.nowMs();
    const done = await Promise.allSettled([
      ...[...dmarc].map(async ([name, gathered]) => {
        const count = countOf(gathered);
        const place = { kind: countKinds.dmarc, name, schema: dmarcCountSchema };
        await add(store, { ...place, count, merge: mergeDmarc, nowMs }).catch((error: unknown) => {
          this.#keepDmarc(name, count);
          throw error;
        });
      }),
      ...[...tls].map(async ([name, count]) => {
        const place = { kind: countKinds.tls, name, schema: tlsCountSchema };
        await add(store, { ...place, count, merge: mergeTls, nowMs }).catch((error: unknown) => {
          const newer = this.#tls.get(name);
          this.#tls.set(name, newer === undefined ? count : mergeTls(count, newer));
          throw error;
        });
      }),
    ]);
    const failed = done.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #keepDmarc(name: string, count: DmarcCount): void {
    const newer = this.#dmarc.get(name);
    const { rows, ...rest } = newer === undefined ? count : mergeDmarc(count, countOf(newer));
    this.#dmarc.set(name, { ...rest, rows: new Map(rows.map((row) => [rowKey(row), row])) });
  }
}

function countOf({ rows, ...rest }: Gathering): DmarcCount {
  return { ...rest, rows: [...rows.values()] };
}

/** Tries for one record that other threads change too. */
const triesMax = 20;

interface Addition<Count> {
  readonly kind: string;
  readonly name: string;
  readonly schema: z.ZodType<Count>;
  readonly count: Count;
  readonly nowMs: number;
  readonly merge: (older: Count, newer: Count) => Count;
}

async function add<Count>(store: Store, addition: Addition<Count>): Promise<void> {
  const { kind, name, schema, count, nowMs, merge } = addition;
  const expiresMs = dayBounds(name.slice(0, 10)).endMs + sendLimits.keepMs;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const found = await store.record(kind, name);
    const older = found === null ? null : schema.parse(JSON.parse(found.value));
    const value = JSON.stringify(older === null ? count : merge(older, count));
    const change = { kind, name, value, expiresMs, expected: found?.version ?? 0 };
    if (await store.putRecords([change], nowMs)) return;
  }
  throw new Error(`${kind} ${name} changes all the time`);
}

function addPolicy(known: TlsCount | undefined, policy: TlsCount['policies'][number]): TlsCount {
  if (known === undefined) return { policies: [policy] };
  const key = policyKey(policy);
  const same = known.policies.find((one) => policyKey(one) === key);
  if (same === undefined) return mergeTls(known, { policies: [policy] });
  same.successes += policy.successes;
  same.failures += policy.failures;
  for (const failure of policy.details) same.details = addFailure(same.details, failure);
  return known;
}

function rowOf(outcome: DmarcOutcome): DmarcReportRow {
  const { aligned, record } = outcome;
  const hasPassed = aligned.dkim || aligned.spf;
  const isEnforced = record.policy !== 'none' && !record.isTest;
  return {
    sourceIp: outcome.sourceIp,
    count: 1,
    disposition: hasPassed && isEnforced ? 'pass' : outcome.disposition,
    dkim: aligned.dkim ? 'pass' : 'fail',
    spf: aligned.spf ? 'pass' : 'fail',
    reasons: outcome.overrides.map(({ type, comment }) => ({ type, comment: short(comment) })),
    headerFrom: outcome.headerFrom,
    envelopeFrom: outcome.envelopeFrom,
    envelopeTo: outcome.envelopeTo,
    // Those that pass tell most. RFC 9990 §3.1.3.
    signatures: outcome.dkim
      .toSorted((a, b) => Number(b.result === 'pass') - Number(a.result === 'pass'))
      .slice(0, countLimits.signaturesMax)
      .map((one) => ({ ...one, explanation: short(one.explanation) })),
    sender:
      outcome.spf === null ? null : { ...outcome.spf, explanation: short(outcome.spf.explanation) },
  };
}

function publishedOf({ policyDomain, record }: DmarcOutcome): DmarcCount['published'] {
  return {
    domain: policyDomain,
    policy: record.policy,
    subdomains: record.subdomains,
    missing: record.missing,
    dkim: record.strictDkim ? 's' : 'r',
    spf: record.strictSpf ? 's' : 'r',
    isTest: record.isTest,
    percent: record.percent,
    discovery: 'treewalk',
  };
}

function short<Text extends string | null>(text: Text): Text {
  return (text?.slice(0, countLimits.textMax) ?? null) as Text;
}
