/**
 * Reports of others as they are kept: one record for each with its sums, and the rows of a DMARC
 * report in records of their own. The name begins with the domain and the day, so that a domain's
 * reports of some days lie side by side; the rest of it is of the sender and the report's id, so
 * that the same report is kept once.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DmarcReportHead, DmarcReportRow } from '@merpati/formats/report/dmarc-report.ts';
import type { TlsReport } from '@merpati/formats/report/tls-report.ts';
import { plainName } from '@merpati/formats/auth/dns-facts.ts';
import { recordLimits, type RecordChange } from '@merpati/store/records.ts';
import { findDomain } from '../accounts/resolve.ts';
import type { Home } from '../home.ts';
import { dmarcPublishedSchema, dmarcRowSchema, tlsPolicySchema } from './counts.ts';
import { dayOf } from './day.ts';
import { dayMs, readLimits } from './limits.ts';
import type { DmarcSums, ReadDmarc, ReadReport } from './read-report.ts';

export const storedKinds = {
  dmarc: 'report.dmarc',
  rows: 'report.dmarc.rows',
  tls: 'report.tls',
} as const;

/** Where a report came from. */
export interface ReportOrigin {
  readonly receivedMs: number;
  /** What DMARC said of the message; null: it came another way. */
  readonly dmarc: string | null;
  readonly journey: string | null;
}

const originSchema = z.object({
  receivedMs: z.int(),
  dmarc: z.string().nullable(),
  journey: z.string().nullable(),
}) satisfies z.ZodType<ReportOrigin>;

const headSchema = z.object({
  organisation: z.string(),
  email: z.string(),
  contact: z.string().nullable(),
  id: z.string(),
  beginMs: z.int(),
  endMs: z.int(),
  generator: z.string().nullable(),
  errors: z.array(z.string()),
  policy: dmarcPublishedSchema,
}) satisfies z.ZodType<DmarcReportHead>;

const sumsSchema = z.object({
  rows: z.int(),
  damagedRows: z.int(),
  messages: z.int(),
  passed: z.int(),
  dkimPassed: z.int(),
  spfPassed: z.int(),
  quarantined: z.int(),
  rejected: z.int(),
}) satisfies z.ZodType<DmarcSums>;

export const storedDmarcSchema = z.object({
  head: headSchema,
  sums: sumsSchema,
  /** Records with rows. */
  chunks: z.int(),
  origin: originSchema,
});
export type StoredDmarc = z.infer<typeof storedDmarcSchema>;

export const storedRowsSchema = z.array(dmarcRowSchema);

export const storedTlsSchema = z.object({
  report: z.object({
    organisation: z.string(),
    beginMs: z.int(),
    endMs: z.int(),
    contact: z.string(),
    id: z.string(),
    policies: z.array(tlsPolicySchema),
  }),
  origin: originSchema,
});
export type StoredTls = z.infer<typeof storedTlsSchema>;

export type KeptAs =
  | { readonly kind: 'kept' | 'duplicate'; readonly domain: string }
  /** In words of the journey and of `merpati report`. */
  | { readonly kind: 'refused'; readonly why: string };

/** Keeps it when it is about a domain of ours and a time that can be. */
export async function keepReport(
  home: Home,
  read: ReadReport,
  origin: ReportOrigin,
): Promise<KeptAs> {
  const beginMs = read.kind === 'dmarc' ? read.head.beginMs : read.report.beginMs;
  const nowMs = home.world.nowMs();
  if (beginMs > nowMs + 2 * dayMs || beginMs < nowMs - 3650 * dayMs) {
    return { kind: 'refused', why: 'it is about another time' };
  }
  return read.kind === 'dmarc' ? keepDmarc(home, read, origin) : keepTls(home, read.report, origin);
}

async function keepDmarc(home: Home, read: ReadDmarc, origin: ReportOrigin): Promise<KeptAs> {
  const { head, sums, rows } = read;
  const { domain } = head.policy;
  const owned = await ownedBy(home, domain);
  if (owned === null) return { kind: 'refused', why: `${domain} is no domain of ours` };
  const name = nameOf(domain, { ...head, organisation: plainName(head.organisation) });
  const chunks: (readonly DmarcReportRow[])[] = [];
  for (let at = 0; at < rows.length; at += readLimits.rowsPerRecord) {
    chunks.push(rows.slice(at, at + readLimits.rowsPerRecord));
  }
  const fitting = chunks.map((chunk) => JSON.stringify(fitRows(chunk)));
  const stored: StoredDmarc = {
    head: { ...head, errors: [...head.errors] },
    sums,
    chunks: fitting.length,
    origin,
  };
  const changes = [
    { kind: storedKinds.dmarc, name, value: JSON.stringify(stored), expected: 0 },
    ...fitting.map((value, index) => ({
      kind: storedKinds.rows,
      name: `${name}/${String(index).padStart(4, '0')}`,
      value,
    })),
  ];
  return { kind: (await put(home, changes)) ? 'kept' : 'duplicate', domain };
}

/** A record has its bounds; what others wrote by way of explanation goes first. */
function fitRows(rows: readonly DmarcReportRow[]): readonly DmarcReportRow[] {
  if (JSON.stringify(rows).length <= recordLimits.valueBytesMax / 4) return rows;
  return rows.map((row) => ({
    ...row,
    reasons: row.reasons.slice(0, 1).map(({ type }) => ({ type, comment: null })),
    signatures: row.signatures.slice(0, 2).map((one) => ({
      domain: one.domain.slice(0, 253),
      selector: one.selector?.slice(0, 64) ?? null,
      result: one.result.slice(0, 20),
      explanation: null,
    })),
    sender: row.sender === null ? null : { ...row.sender, explanation: null },
  }));
}

async function keepTls(home: Home, report: TlsReport, origin: ReportOrigin): Promise<KeptAs> {
  const ours: TlsReport['policies'][number][] = [];
  for (const policy of report.policies) {
    if ((await ownedBy(home, policy.domain)) !== null) ours.push(policy);
  }
  const [first] = ours;
  if (first === undefined) {
    return { kind: 'refused', why: `${report.policies[0]?.domain} is no domain of ours` };
  }
  const policies = ours.filter((one) => one.domain === first.domain);
  let detailsMax: number = readLimits.detailsMax;
  let value: string;
  do {
    const cut = policies.map((one) => ({ ...one, details: one.details.slice(0, detailsMax) }));
    value = JSON.stringify({ report: { ...report, policies: cut }, origin });
    detailsMax = Math.floor(detailsMax / 2);
  } while (value.length > recordLimits.valueBytesMax / 4 && detailsMax > 0);
  const name = nameOf(first.domain, report);
  const isKept = await put(home, [{ kind: storedKinds.tls, name, value, expected: 0 }]);
  return { kind: isKept ? 'kept' : 'duplicate', domain: first.domain };
}

function put(home: Home, changes: readonly RecordChange[]): Promise<boolean> {
  const nowMs = home.world.nowMs();
  const expiresMs = nowMs + home.config.reports.keep_days * dayMs;
  return home.store.putRecords(
    changes.map((change) => ({ ...change, expiresMs })),
    nowMs,
  );
}

/** Itself or one that it lies in. */
async function ownedBy(home: Home, domain: string): Promise<string | null> {
  const labels = domain.split('.');
  for (let from = 0; from < Math.min(labels.length - 1, 10); from += 1) {
    const name = labels.slice(from).join('.');
    if ((await findDomain(home.store, name)) !== null) return name;
  }
  return null;
}

function nameOf(
  domain: string,
  report: { readonly organisation: string; readonly id: string; readonly beginMs: number },
): string {
  const hash = createHash('sha256').update(JSON.stringify([report.organisation, report.id]));
  return `${domain}/${dayOf(report.beginMs)}/${hash.digest('hex').slice(0, 24)}`;
}
