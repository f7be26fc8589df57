/** TLS reports as they are written. RFC 8460 §4.4. */

export interface TlsReport {
  readonly organisation: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** An address. */
  readonly contact: string;
  readonly id: string;
  readonly policies: readonly TlsReportPolicy[];
}

export interface TlsReportPolicy {
  readonly type: string;
  readonly strings: readonly string[];
  readonly domain: string;
  readonly mxHosts: readonly string[];
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly TlsFailure[];
}

/** Sessions that failed alike; null: not told. */
export interface TlsFailure {
  readonly type: string;
  readonly count: number;
  readonly sendingIp: string | null;
  readonly mxHost: string | null;
  readonly mxHelo: string | null;
  readonly receivingIp: string | null;
  readonly information: string | null;
  readonly reason: string | null;
}

/** I-JSON (RFC 7493). */
export function writeTlsReport(report: TlsReport): string {
  return JSON.stringify({
    'organization-name': report.organisation,
    'date-range': {
      'start-datetime': timeOf(report.beginMs),
      'end-datetime': timeOf(report.endMs),
    },
    'contact-info': report.contact,
    'report-id': report.id,
    policies: report.policies.map(writePolicy),
  });
}

function writePolicy(policy: TlsReportPolicy): object {
  return {
    policy: {
      'policy-type': policy.type,
      ...(policy.strings.length === 0 ? {} : { 'policy-string': policy.strings }),
      'policy-domain': policy.domain,
      ...(policy.mxHosts.length === 0 ? {} : { 'mx-host': policy.mxHosts }),
    },
    summary: {
      'total-successful-session-count': policy.successes,
      'total-failure-session-count': policy.failures,
    },
    ...(policy.details.length === 0 ? {} : { 'failure-details': policy.details.map(writeDetail) }),
  };
}

function writeDetail(detail: TlsFailure): object {
  return {
    'result-type': detail.type,
    ...optional('sending-mta-ip', detail.sendingIp),
    ...optional('receiving-mx-hostname', detail.mxHost),
    ...optional('receiving-mx-helo', detail.mxHelo),
    ...optional('receiving-ip', detail.receivingIp),
    'failed-session-count': detail.count,
    ...optional('additional-information', detail.information),
    ...optional('failure-reason-code', detail.reason),
  };
}

function optional(name: string, value: string | null): object {
  return value === null ? {} : { [name]: value };
}

/** Whole seconds, UTC. RFC 3339 §5.6. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
