/** What the fuzzer feeds: any octets, only `SyntaxFault`, and a second reading that agrees. */

import { emptyMessage, readDnsMessage, typeCodes, writeDnsMessage } from './message.ts';
import type { RecordData } from './message.ts';
import { nameLabels, readName } from './name.ts';

const records: readonly RecordData[] = [
  { type: 'A', address: '192.0.2.1' },
  { type: 'AAAA', address: '2001:db8::1' },
  { type: 'MX', preference: 10, exchange: 'mx1.surat.test' },
  { type: 'TXT', strings: [Uint8Array.of(118, 61, 115, 112, 102, 49), new Uint8Array(0)] },
  { type: 'CNAME', target: 'www.surat.test' },
  { type: 'TLSA', usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) },
  { type: 'SRV', priority: 0, weight: 1, port: 993, target: 'mail.surat.test' },
  { type: 'CAA', flags: 0, tag: 'issue', value: Uint8Array.of(97, 46, 98) },
  {
    type: 'SOA',
    primary: 'ns.surat.test',
    mailbox: 'hostmaster.surat.test',
    serial: 1,
    refreshSeconds: 2,
    retrySeconds: 3,
    expireSeconds: 4,
    minimumSeconds: 5,
  },
];

const message = writeDnsMessage({
  ...emptyMessage,
  id: 4711,
  isResponse: true,
  questions: [{ name: 'surat.test', type: typeCodes.MX, class: 1 }],
  answers: records.map((data) => ({ name: 'surat.test', class: 1, ttlSeconds: 300, data })),
  edns: { udpOctetsMax: 1232, version: 0, dnssecOk: true, options: [] },
});

export const dnsFuzzTargets = [
  {
    name: 'dns/message',
    seeds: [message],
    run(bytes: Uint8Array): void {
      const read = readDnsMessage(bytes);
      const written = writeDnsMessage(read);
      const again = writeDnsMessage(readDnsMessage(written));
      if (again.length !== written.length) throw new Error('a second reading differs');
    },
  },
  {
    name: 'dns/name',
    seeds: [message.subarray(12, 24), Uint8Array.of(1, 97, 0xc0, 0, 3, 0x2e, 0x5c, 0xff, 0)],
    run(bytes: Uint8Array): void {
      nameLabels(readName(bytes, 0).name);
    },
  },
];
