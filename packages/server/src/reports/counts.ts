/**
 * What is counted of one domain in one day, as it is kept between start and stop; and how two
 * such counts become one.
 */

import { z } from 'zod';
import type { DmarcPublished, DmarcReportRow } from '@merpati/formats/report/dmarc-report.ts';
import type { TlsFailure } from '@merpati/formats/report/tls-report.ts';
import { countLimits } from './limits.ts';

const policyWord = z.enum(['none', 'quarantine', 'reject']);
const text = z.string();
const orNull = text.nullable();

export const dmarcRowSchema = z.object({
  sourceIp: text,
  count: z.int(),
  disposition: z.enum(['none', 'quarantine', 'reject', 'pass']),
  dkim: z.enum(['pass', 'fail']),
  spf: z.enum(['pass', 'fail']),
  reasons: z.array(z.object({ type: text, comment: orNull })),
  headerFrom: text,
  envelopeFrom: orNull,
  envelopeTo: orNull,
  signatures: z.array(
    z.object({ domain: text, selector: orNull, result: text, explanation: orNull }),
  ),
  sender: z.object({ domain: text, scope: orNull, result: text, explanation: orNull }).nullable(),
}) satisfies z.ZodType<DmarcReportRow>;

export const dmarcPublishedSchema = z.object({
  domain: text,
  policy: policyWord,
  subdomains: policyWord.nullable(),
  missing: policyWord.nullable(),
  dkim: z.enum(['r', 's']).nullable(),
  spf: z.enum(['r', 's']).nullable(),
  isTest: z.boolean().nullable(),
  percent: z.number().nullable(),
  discovery: z.enum(['psl', 'treewalk']).nullable(),
}) satisfies z.ZodType<DmarcPublished>;

export interface DmarcCount {
  /** The record as it was seen last. RFC 9990 §3.3. */
  readonly published: DmarcPublished;
  readonly reportsTo: readonly string[];
  readonly rows: readonly DmarcReportRow[];
  /** Messages that are in no row, because there were too many kinds of them. */
  readonly leftOut: number;
}

export const dmarcCountSchema = z.object({
  published: dmarcPublishedSchema,
  reportsTo: z.array(text),
  rows: z.array(dmarcRowSchema),
  leftOut: z.int(),
}) satisfies z.ZodType<DmarcCount>;

const failureSchema = z.object({
  type: text,
  count: z.int(),
  sendingIp: orNull,
  mxHost: orNull,
  mxHelo: orNull,
  receivingIp: orNull,
  information: orNull,
  reason: orNull,
}) satisfies z.ZodType<TlsFailure>;

export const tlsPolicySchema = z.object({
  type: text,
  strings: z.array(text),
  domain: text,
  mxHosts: z.array(text),
  successes: z.int(),
  failures: z.int(),
  details: z.array(failureSchema),
});

export const tlsCountSchema = z.object({ policies: z.array(tlsPolicySchema) });
export type TlsCount = z.infer<typeof tlsCountSchema>;
type TlsPolicyCount = TlsCount['policies'][number];

/** Two rows with the same key are about messages that are alike. */
export function rowKey(row: DmarcReportRow): string {
  return JSON.stringify({ ...row, count: 0 });
}

/** The newer one's record holds. */
export function mergeDmarc(older: DmarcCount, newer: DmarcCount): DmarcCount {
  const rows = new Map(older.rows.map((row) => [rowKey(row), row]));
  let { leftOut } = older;
  let bytes = older.rows.reduce((sum, row) => sum + rowKey(row).length, 0);
  for (const row of newer.rows) {
    const key = rowKey(row);
    const known = rows.get(key);
    if (known !== undefined) rows.set(key, { ...known, count: known.count + row.count });
    else if (rows.size >= countLimits.rowsMax || bytes + key.length > countLimits.bytesMax) {
      leftOut += row.count;
    } else {
      rows.set(key, row);
      bytes += key.length;
    }
  }
  return { ...newer, rows: [...rows.values()], leftOut: leftOut + newer.leftOut };
}

export function policyKey(policy: Pick<TlsPolicyCount, 'type' | 'strings' | 'mxHosts'>): string {
  return JSON.stringify([policy.type, policy.strings, policy.mxHosts]);
}

export function mergeTls(older: TlsCount, newer: TlsCount): TlsCount {
  const policies = new Map(older.policies.map((policy) => [policyKey(policy), policy]));
  for (const policy of newer.policies) {
    const key = policyKey(policy);
    const known = policies.get(key);
    if (known !== undefined) policies.set(key, mergePolicy(known, policy));
    else if (policies.size < countLimits.policiesMax) policies.set(key, policy);
  }
  return { policies: [...policies.values()] };
}

function mergePolicy(older: TlsPolicyCount, newer: TlsPolicyCount): TlsPolicyCount {
  return {
    ...newer,
    successes: older.successes + newer.successes,
    failures: older.failures + newer.failures,
    details: newer.details.reduce(addFailure, older.details),
  };
}

/** Beyond the limit only the type is told: the sums stay right. */
export function addFailure(details: readonly TlsFailure[], failure: TlsFailure): TlsFailure[] {
  const found = details.findIndex((one) => isSameFailure(one, failure));
  if (found < 0) {
    if (details.length < countLimits.detailsMax || isBare(failure)) return [...details, failure];
    return addFailure(details, { ...bare, type: failure.type, count: failure.count });
  }
  return details.map((one, index) =>
    index === found ? { ...one, count: one.count + failure.count } : one,
  );
}

const bare = {
  sendingIp: null,
  mxHost: null,
  mxHelo: null,
  receivingIp: null,
  information: null,
  reason: null,
} as const;

function isBare(failure: TlsFailure): boolean {
  return isSameFailure(failure, { ...bare, type: failure.type, count: 0 });
}

function isSameFailure(one: TlsFailure, other: TlsFailure): boolean {
  return (
    one.type === other.type &&
    one.mxHost === other.mxHost &&
    one.receivingIp === other.receivingIp &&
    one.sendingIp === other.sendingIp &&
    one.mxHelo === other.mxHelo &&
    one.reason === other.reason &&
    one.information === other.information
  );
}
