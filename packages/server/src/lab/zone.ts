/**
 * What the lab's DNS says: the whole name space, as if the lab were the internet. Every domain that
 * one of the servers calls its own has its records here at once; all other names do not exist.
 */

import type { RecordData } from '@merpati/formats/dns/message.ts';
import { dnsFaults, type DnsFault } from '../admin/lab-control.ts';
import { domainRecords, type DomainFacts } from '../domains/records.ts';
import { zoneLine } from '../domains/zone-text.ts';
import type { Zone, ZoneAnswer } from './dns-server.ts';

/** A mail server of the lab, as the DNS sees it. */
export interface LabHost {
  /** `mx.merpati.test` */
  readonly hostname: string;
  /** The loopback address that stands for it; the lab's `dial` knows the real port. */
  readonly address: string;
  /** Of the domains it has. */
  facts(): Promise<readonly DomainFacts[]>;
}

/** Domain → what its name servers do wrong. */
export type DnsFaults = ReadonlyMap<string, ReadonlySet<DnsFault>>;

const soa: RecordData & { type: 'SOA' } = {
  type: 'SOA',
  primary: 'ns.lab.test',
  mailbox: 'hostmaster.lab.test',
  serial: 1,
  refreshSeconds: 3600,
  retrySeconds: 600,
  expireSeconds: 86_400,
  minimumSeconds: 1,
};

/** Short, because the lab is for changing things: a fault must be felt at the next attempt. */
const ttlSeconds = 1;

export function createZone(hosts: readonly LabHost[], faults: DnsFaults): Zone {
  return {
    soa: { name: '', data: soa },
    ttlSeconds,
    isSigned: (name) => !isOn('no-dnssec', name, faults),
    async find(name) {
      const fault = faultOf(name, faults);
      if (fault === 'dns-servfail') return { kind: 'servfail' };
      if (fault === 'dns-timeout') return { kind: 'silent' };
      if (fault === 'dns-nxdomain') return { kind: 'nothing' };
      const answer = answerFor(name, await recordsOf(hosts));
      return fault === 'wrong-spf' ? withWrongSpf(answer) : answer;
    },
  };
}

/** Somebody else's address: the record was not changed when the server moved. */
const wrongSpf: RecordData = {
  type: 'TXT',
  strings: [Buffer.from('v=spf1 ip4:192.0.2.1 -all')],
};

function withWrongSpf(answer: ZoneAnswer): ZoneAnswer {
  if (answer.kind !== 'found') return answer;
  const isSpf = (data: RecordData): boolean =>
    data.type === 'TXT' && Buffer.concat(data.strings).toString().startsWith('v=spf1');
  return {
    kind: 'found',
    records: answer.records.map((data) => (isSpf(data) ? wrongSpf : data)),
  };
}

function isOn(fault: DnsFault, name: string, faults: DnsFaults): boolean {
  return [...faults].some(
    ([domain, on]) => on.has(fault) && (name === domain || name.endsWith(`.${domain}`)),
  );
}

function faultOf(name: string, faults: DnsFaults): DnsFault | null {
  for (const [domain, switchedOn] of faults) {
    if (name !== domain && !name.endsWith(`.${domain}`)) continue;
    for (const fault of dnsFaults) if (switchedOn.has(fault)) return fault;
  }
  return null;
}

function answerFor(name: string, records: ReadonlyMap<string, readonly RecordData[]>): ZoneAnswer {
  const found = records.get(name);
  if (found !== undefined) return { kind: 'found', records: found };
  for (const known of records.keys()) {
    if (known.endsWith(`.${name}`)) return { kind: 'found', records: [] };
  }
  return { kind: 'nothing' };
}

/** Every name with its records: of a domain exactly those that `merpati domain dns` shows. */
export async function recordsOf(
  hosts: readonly LabHost[],
): Promise<ReadonlyMap<string, readonly RecordData[]>> {
  const records = new Map<string, RecordData[]>([
    ['', [soa, { type: 'NS', target: soa.primary }]],
    ['localhost', [{ type: 'A', address: '127.0.0.1' }]],
    [soa.primary, [{ type: 'A', address: '127.0.0.1' }]],
  ]);
  const add = (name: string, ...more: RecordData[]) => {
    records.set(name, [...(records.get(name) ?? []), ...more]);
  };
  const lines = new Set<string>();
  for (const host of hosts) {
    add(host.hostname, { type: 'A', address: host.address });
    add(reverseName(host.address), { type: 'PTR', target: host.hostname });
    for (const facts of await host.facts()) {
      const { domain } = facts;
      add(domain, { type: 'NS', target: soa.primary });
      add(`mail.${domain}`, { type: 'A', address: '127.0.0.1' });
      for (const record of domainRecords(facts)) {
        // What belongs to the host comes with each of its domains.
        const line = zoneLine(record);
        if (record.purpose !== 'address' && !lines.has(line)) add(record.name, record.data);
        lines.add(line);
      }
    }
  }
  return records;
}

/** RFC 1035 §3.5. */
function reverseName(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
}
