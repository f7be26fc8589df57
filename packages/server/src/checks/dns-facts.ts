/** Answers the questions of checks from the resolver. */

import type { DnsAsk, DnsReply } from '@merpati/formats/auth/dns-facts.ts';
import type { Resolver } from '../world.ts';

export async function askResolver(dns: Resolver, question: DnsAsk): Promise<DnsReply> {
  const answer = await dns.query(question.name, question.type);
  if (answer.kind === 'error') return { kind: 'failed', why: answer.reason };
  if (answer.kind !== 'records') return { kind: 'none', why: answer.kind };
  const text: string[] = [];
  const mx: { preference: number; exchange: string }[] = [];
  for (const record of answer.records) {
    switch (record.type) {
      case 'A':
      case 'AAAA':
        text.push(record.address);
        break;
      case 'TXT':
        text.push(Buffer.concat(record.strings).toString('latin1'));
        break;
      case 'MX':
        mx.push({ preference: record.preference, exchange: record.exchange });
        break;
      case 'PTR':
        text.push(record.target);
        break;
      case 'CNAME':
      case 'NS':
      case 'SOA':
      case 'TLSA':
      case 'SRV':
      case 'CAA':
        break; // no check asks for these
      default:
        record satisfies never;
    }
  }
  mx.sort((one, other) => one.preference - other.preference);
  return { kind: 'found', text: [...text, ...mx.map(({ exchange }) => exchange)], mx };
}
