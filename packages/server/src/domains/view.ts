/** Records for people: what each is for, and all of them as files. */

import { isWithin, domainRecords } from './records.ts';
import type { DomainFacts, Level, Purpose } from './records.ts';
import { dataText, updateScript, zoneFile } from './zone-text.ts';

export interface RecordView {
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  /** As a zone file has it. */
  readonly value: string;
  readonly purpose: Purpose;
  readonly level: Level;
  /** false: it belongs into the zone of another domain. */
  readonly inZone: boolean;
}

export interface DnsView {
  readonly domain: string;
  readonly records: readonly RecordView[];
  readonly zone: string;
  /** Input for nsupdate. */
  readonly update: string;
}

export function dnsView(facts: DomainFacts): DnsView {
  const { domain } = facts;
  const records = domainRecords(facts);
  return {
    domain,
    records: records.map(({ name, ttlSeconds, data, purpose, level }) => ({
      name,
      type: data.type,
      ttlSeconds,
      value: dataText(data),
      purpose,
      level,
      inZone: isWithin(name, domain),
    })),
    zone: zoneFile(records, domain),
    update: updateScript(records, domain),
  };
}
