/**
 * How reports are called: names of files, subjects, ids. RFC 9990 §3.5.1, §3.5.2; RFC 8460 §5.1,
 * §5.3.
 */

export interface ReportName {
  /** Domain that reports. */
  readonly submitter: string;
  /** Domain that the report is about. */
  readonly domain: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** Letters and digits. */
  readonly unique: string;
}

/** `mx.a.test!b.test!1792281600!1792367999!0a1b2c.xml.gz` */
export function reportFileName(name: ReportName, extension: 'xml.gz' | 'json.gz'): string {
  const { submitter, domain, beginMs, endMs, unique } = name;
  const seconds = [beginMs, endMs].map((ms) => Math.floor(ms / 1000));
  return `${[submitter, domain, ...seconds, unique].join('!')}.${extension}`;
}

/** Unique among reports to the domain: of its day, both sides, and chance. */
export function reportId({ submitter, domain, beginMs, unique }: ReportName): string {
  const day = new Date(beginMs).toISOString().slice(0, 10);
  return `${day}.${domain}.${unique}@${submitter}`;
}

/** `Report Domain: b.test Submitter: a.test Report-ID: <…@a.test>`. */
export function reportSubject(name: ReportName): string {
  const { domain, submitter } = name;
  return `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${reportId(name)}>`;
}
