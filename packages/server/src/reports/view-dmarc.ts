/**
 * What the reports of some days say together: who sends in the name of our domains, and what
 * becomes of it elsewhere. Facts only; whoever shows them finds the words.
 */

import type { DmarcReportRow } from '@merpati/formats/report/dmarc-report.ts';
import type { Home } from '../home.ts';
import { dayOf } from './day.ts';
import { viewLimits } from './limits.ts';
import { reverseNames } from './reverse-names.ts';
import { storedDmarcSchema, storedKinds, storedRowsSchema, type StoredDmarc } from './stored.ts';

export interface DmarcView {
  readonly fromMs: number;
  readonly toMs: number;
  readonly domains: readonly DmarcDomainView[];
  /** Those that sent most first. */
  readonly sources: readonly DmarcSourceView[];
  readonly reporters: readonly ReporterView[];
  /** Sources or reports that are not in the lists; the sums have them. */
  readonly leftOut: number;
}

export interface DmarcDomainView extends DmarcSumsView {
  readonly domain: string;
  readonly reports: number;
  /** What the reporters saw published last. */
  readonly policy: string;
}

export interface DmarcSumsView {
  readonly messages: number;
  readonly passed: number;
  readonly dkimPassed: number;
  readonly spfPassed: number;
  readonly quarantined: number;
  readonly rejected: number;
}

export interface DmarcSourceView extends DmarcSumsView {
  readonly address: string;
  /** Its reverse name; null: none, or the DNS did not answer in time. */
  readonly name: string | null;
  /** One of the addresses of this server. */
  readonly isOwn: boolean;
  readonly domain: string;
  /** Why policy was not applied, and what failed, e.g. `mailing_list`, `dkim=fail (contoh.id)`. */
  readonly reasons: readonly string[];
}

export interface ReporterView {
  readonly organisation: string;
  readonly reports: number;
  readonly messages: number;
  /** Reports whose sender nobody vouches for; imported ones are not among them. */
  readonly unproved: number;
}

export interface ReportQuestion {
  /** null: all. */
  readonly domain: string | null;
  readonly fromMs: number;
  readonly toMs: number;
}

type Sums = { -readonly [Name in keyof DmarcSumsView]: number };

const noSums = (): Sums => ({
  messages: 0,
  passed: 0,
  dkimPassed: 0,
  spfPassed: 0,
  quarantined: 0,
  rejected: 0,
});

interface Source {
  readonly sums: Sums;
  readonly domain: string;
  readonly address: string;
  readonly reasons: Map<string, number>;
}

interface Gathered {
  readonly domains: Map<
    string,
    { readonly sums: Sums; reports: number; policy: string; atMs: number }
  >;
  readonly sources: Map<string, Source>;
  readonly reporters: Map<string, { reports: number; messages: number; unproved: number }>;
  leftOut: number;
}

export async function viewDmarc(home: Home, question: ReportQuestion): Promise<DmarcView> {
  const gathered: Gathered = {
    domains: new Map(),
    sources: new Map(),
    reporters: new Map(),
    leftOut: 0,
  };
  for await (const { name, value } of recordsOf(home, storedKinds.dmarc, question)) {
    const report = storedDmarcSchema.parse(JSON.parse(value));
    addReport(gathered, report);
    for (const row of await rowsOf(home, name, report.chunks)) addRow(gathered, report, row);
  }
  const sources = [...gathered.sources.values()]
    .toSorted((a, b) => b.sums.messages - a.sums.messages)
    .slice(0, viewLimits.sourcesShownMax);
  const names = await reverseNames(
    home.world.dns,
    sources.map(({ address }) => address),
  );
  return {
    fromMs: question.fromMs,
    toMs: question.toMs,
    domains: [...gathered.domains]
      .map(([domain, { reports, policy, sums }]) => ({ domain, reports, policy, ...sums }))
      .toSorted((a, b) => b.messages - a.messages),
    sources: sources.map(({ sums, domain, address, reasons }) => ({
      address,
      name: names.get(address) ?? null,
      isOwn: home.config.publish.addresses.includes(address),
      domain,
      ...sums,
      reasons: [...reasons].toSorted((a, b) => b[1] - a[1]).map(([reason]) => reason),
    })),
    reporters: [...gathered.reporters]
      .map(([organisation, rest]) => ({ organisation, ...rest }))
      .toSorted((a, b) => b.messages - a.messages),
    leftOut: gathered.leftOut + gathered.sources.size - sources.length,
  };
}

/** Names begin with the domain and the day. */
export async function* recordsOf(
  home: Home,
  kind: string,
  { domain, fromMs, toMs }: ReportQuestion,
): AsyncGenerator<{ readonly name: string; readonly value: string }> {
  const prefix = domain === null ? '' : `${domain}/`;
  const firstDay = dayOf(fromMs);
  const lastDay = dayOf(toMs);
  let after = '';
  for (let read = 0; read < viewLimits.reportsMax;) {
    const records = await home.store.records(kind, { prefix, after, limit: 200 });
    for (const record of records) {
      const day = record.name.split('/')[1] ?? '';
      if (day >= firstDay && day <= lastDay) yield record;
    }
    read += records.length;
    const last = records.at(-1);
    if (last === undefined || records.length < 200) return;
    after = last.name;
  }
}

async function rowsOf(
  home: Home,
  name: string,
  chunks: number,
): Promise<readonly DmarcReportRow[]> {
  if (chunks === 0) return [];
  const records = await home.store.records(storedKinds.rows, { prefix: `${name}/` });
  return records.flatMap(({ value }) => storedRowsSchema.parse(JSON.parse(value)));
}

function addReport(gathered: Gathered, { head, sums, origin }: StoredDmarc): void {
  const { domain, policy } = head.policy;
  const fresh = { sums: noSums(), reports: 0, policy, atMs: 0 };
  const known = gathered.domains.get(domain) ?? fresh;
  gathered.domains.set(domain, known);
  known.reports += 1;
  if (head.endMs >= known.atMs) Object.assign(known, { policy, atMs: head.endMs });
  for (const name of Object.keys(noSums()) as (keyof Sums)[]) known.sums[name] += sums[name];
  const { organisation } = head;
  const reporter = gathered.reporters.get(organisation) ?? { reports: 0, messages: 0, unproved: 0 };
  gathered.reporters.set(organisation, reporter);
  reporter.reports += 1;
  reporter.messages += sums.messages;
  if (origin.dmarc !== null && origin.dmarc !== 'pass') reporter.unproved += 1;
}

function addRow(gathered: Gathered, { head }: StoredDmarc, row: DmarcReportRow): void {
  const { domain } = head.policy;
  const key = `${row.sourceIp} ${domain}`;
  let source = gathered.sources.get(key);
  if (source === undefined) {
    if (gathered.sources.size >= viewLimits.sourcesMax) {
      gathered.leftOut += 1;
      return;
    }
    source = { sums: noSums(), domain, address: row.sourceIp, reasons: new Map() };
    gathered.sources.set(key, source);
  }
  const { sums, reasons } = source;
  const { count } = row;
  sums.messages += count;
  if (row.dkim === 'pass' || row.spf === 'pass') sums.passed += count;
  if (row.dkim === 'pass') sums.dkimPassed += count;
  if (row.spf === 'pass') sums.spfPassed += count;
  if (row.disposition === 'quarantine') sums.quarantined += count;
  if (row.disposition === 'reject') sums.rejected += count;
  for (const reason of reasonsOf(row)) {
    if (reasons.size < viewLimits.reasonsMax || reasons.has(reason)) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
  }
}

/** What went wrong, in the words of the protocols. */
function reasonsOf(row: DmarcReportRow): readonly string[] {
  if (row.dkim === 'pass' && row.spf === 'pass') return [];
  const reasons = row.reasons.map(({ type }) => type);
  if (row.spf !== 'pass' && row.sender !== null) {
    reasons.push(`spf=${row.sender.result} (${row.sender.domain})`);
  }
  if (row.dkim === 'pass') return reasons;
  if (row.signatures.length === 0) return [...reasons, 'dkim=none'];
  return [...reasons, ...row.signatures.map(({ domain, result }) => `dkim=${result} (${domain})`)];
}
