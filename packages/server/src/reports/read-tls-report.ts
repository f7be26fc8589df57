/** Reads TLS reports. RFC 8460 §4.4. Whatever else stands in them is passed over. */

import { z } from 'zod';
import type { TlsReport } from '@merpati/formats/report/tls-report.ts';
import { plainName } from '@merpati/formats/auth/dns-facts.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { countLimits, readLimits } from './limits.ts';

/** A number as such, or in quotes, as some write it. */
const count = z.union([
  z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  z
    .string()
    .regex(/^[0-9]{1,12}$/)
    .transform(Number),
]);
const text = z.string().transform((value) => value.slice(0, countLimits.textMax));
const optional = text.nullish().transform((value) => value ?? null);
/** QUIRK: one line instead of a list of lines, at several senders. */
const lines = z
  .union([z.string().transform((line) => [line]), z.array(z.string())])
  .nullish()
  .transform((list) => (list ?? []).slice(0, 100).map((line) => line.slice(0, 1000)));
const time = z.string().transform((value, context) => {
  const atMs = Date.parse(value);
  if (!Number.isNaN(atMs)) return atMs;
  context.addIssue({ code: 'custom', message: 'no time' });
  return z.NEVER;
});

const failure = z
  .object({
    'result-type': text,
    'sending-mta-ip': optional,
    'receiving-mx-hostname': optional,
    'receiving-mx-helo': optional,
    'receiving-ip': optional,
    'failed-session-count': count,
    'additional-information': optional,
    'failure-reason-code': optional,
  })
  .transform((one) => ({
    type: one['result-type'],
    count: one['failed-session-count'],
    sendingIp: one['sending-mta-ip'],
    mxHost: one['receiving-mx-hostname'],
    mxHelo: one['receiving-mx-helo'],
    receivingIp: one['receiving-ip'],
    information: one['additional-information'],
    reason: one['failure-reason-code'],
  }));

const policy = z
  .object({
    policy: z.object({
      'policy-type': text,
      'policy-string': lines,
      'policy-domain': text,
      'mx-host': lines,
    }),
    summary: z.object({
      'total-successful-session-count': count,
      'total-failure-session-count': count,
    }),
    'failure-details': z.array(failure).max(readLimits.detailsMax).nullish(),
  })
  .transform(({ policy: about, summary, 'failure-details': details }) => ({
    type: about['policy-type'],
    strings: about['policy-string'],
    domain: plainName(about['policy-domain']),
    mxHosts: about['mx-host'],
    successes: summary['total-successful-session-count'],
    failures: summary['total-failure-session-count'],
    details: details ?? [],
  }));

const report = z
  .object({
    'organization-name': text,
    'date-range': z.object({ 'start-datetime': time, 'end-datetime': time }),
    'contact-info': optional,
    'report-id': text,
    policies: z.array(policy).min(1).max(readLimits.policiesMax),
  })
  .transform((one) => ({
    organisation: one['organization-name'],
    beginMs: one['date-range']['start-datetime'],
    endMs: one['date-range']['end-datetime'],
    contact: one['contact-info'] ?? '',
    id: one['report-id'],
    policies: one.policies,
  }));

/** Throws `SyntaxFault` for what is no such report. */
export function readTlsReport(json: string): TlsReport {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SyntaxFault('tls-report.json', 'this is no JSON');
  }
  const read = report.safeParse(value);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const place = issue?.path.join('.') ?? '';
  throw new SyntaxFault('tls-report.form', `${place}: ${issue?.message ?? ''}`);
}
