/** From the counts of a day to the report about it, ready to go. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { DmarcReport } from '@merpati/formats/report/dmarc-report.ts';
import { writeDmarcReport } from '@merpati/formats/report/dmarc-report-write.ts';
import type { ReportAddress } from '@merpati/formats/report/report-address.ts';
import { reportId, type ReportName } from '@merpati/formats/report/report-names.ts';
import { writeTlsReport, type TlsReport } from '@merpati/formats/report/tls-report.ts';
import { utf8 } from '@merpati/formats/bytes.ts';
import type { Home } from '../home.ts';
import { productVersion } from '../observe/version.ts';
import type { DmarcCount, TlsCount } from './counts.ts';
import { dayBounds } from './day.ts';
import type { Destination, OutboxReport } from './outbox.ts';
import type { Submitter } from './submitter.ts';

const compress = promisify(gzip);

export interface ReportSubject {
  readonly day: string;
  readonly domain: string;
  readonly submitter: Submitter;
  readonly addresses: readonly ReportAddress[];
}

export async function makeDmarcReport(
  home: Home,
  subject: ReportSubject,
  count: DmarcCount,
): Promise<OutboxReport> {
  const name = nameOf(home, subject);
  const { submitter } = subject;
  const { leftOut } = count;
  const report: DmarcReport = {
    organisation: submitter.organisation,
    email: submitter.contact,
    contact: null,
    id: reportId(name),
    beginMs: name.beginMs,
    endMs: name.endMs,
    generator: `Merpati ${productVersion()}`,
    errors: leftOut === 0 ? [] : [`${leftOut} messages are left out: too many kinds of them`],
    policy: count.published,
    rows: count.rows,
  };
  return finish(home, { kind: 'dmarc', name, subject, text: writeDmarcReport(report) });
}

export async function makeTlsReport(
  home: Home,
  subject: ReportSubject,
  count: TlsCount,
): Promise<OutboxReport> {
  const name = nameOf(home, subject);
  const report: TlsReport = {
    organisation: subject.submitter.organisation,
    beginMs: name.beginMs,
    endMs: name.endMs,
    contact: subject.submitter.contact,
    id: reportId(name),
    policies: count.policies,
  };
  return finish(home, { kind: 'tls', name, subject, text: writeTlsReport(report) });
}

/** The last second of the day, as everybody writes it. */
function nameOf(home: Home, { day, domain, submitter }: ReportSubject): ReportName {
  const { beginMs, endMs } = dayBounds(day);
  const unique = Buffer.from(home.world.randomBytes(6)).toString('hex');
  return { submitter: submitter.domain, domain, beginMs, endMs: endMs - 1000, unique };
}

async function finish(
  home: Home,
  about: {
    readonly kind: 'dmarc' | 'tls';
    readonly name: ReportName;
    readonly subject: ReportSubject;
    readonly text: string;
  },
): Promise<OutboxReport> {
  const { kind, name, subject, text } = about;
  const content = await compress(utf8(text));
  const nowMs = home.world.nowMs();
  return {
    kind,
    name,
    organisation: subject.submitter.organisation,
    from: subject.submitter.from,
    madeMs: nowMs,
    destinations: subject.addresses.flatMap((address): Destination[] => {
      const wait = { attempts: 0, dueMs: nowMs };
      if (address.kind === 'https') return [{ to: address.url, by: 'https', ...wait }];
      const isTooBig = address.sizeMax !== null && content.length > address.sizeMax;
      if (!isTooBig) return [{ to: address.address, by: 'mail', ...wait }];
      home.log.warn({ event: 'report.too-big', domain: name.domain, octets: content.length });
      return [];
    }),
    content: content.toString('base64'),
  };
}
