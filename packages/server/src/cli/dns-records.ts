/**
 * The DNS records a domain needs: as a table with reasons, which is a zone file all the same, or
 * as files that can be fed to servers.
 */

import type { DnsView, RecordView } from '../domains/view.ts';
import type { Level } from '../domains/records.ts';
import { levelName, purposeName, whyOf } from './dns-words.ts';
import { say } from './language.ts';
import type { Output } from './output.ts';

export const dnsForms = ['table', 'zone', 'rfc2136'] as const;
export type DnsForm = (typeof dnsForms)[number];

export function showDnsRecords(output: Output, view: DnsView, form: DnsForm = 'table'): void {
  if (output.globals.json) {
    output.json('merpati.domain.dns/1', { ...view, items: view.records.map(itemOf) });
    return;
  }
  if (form === 'zone') output.line(view.zone.trimEnd());
  else if (form === 'rfc2136') output.line(view.update.trimEnd());
  else table(output, view);
}

const itemOf = (record: RecordView) => ({
  ...record,
  why: whyOf(record.purpose),
  needed: record.level === 'must',
});

const levels: readonly Level[] = ['must', 'should', 'may'];

function table(output: Output, { domain, records }: DnsView): void {
  const { paint } = output;
  for (const level of levels) {
    const group = records.filter((one) => one.level === level);
    if (group.length === 0) continue;
    output.line(paint.bold(`; ${levelName(level)}`));
    let last = '';
    for (const one of group) {
      const why = `${purposeName[one.purpose]}: ${whyOf(one.purpose)}`;
      if (why !== last) output.line(paint.muted(`; ${why}`));
      last = why;
      const elsewhere = one.inZone ? '' : paint.muted(`  ; ${otherZone(domain)}`);
      output.line(`${one.name}. ${one.ttlSeconds} IN ${one.type} ${one.value}${elsewhere}`);
    }
    output.line('');
  }
  const exchanger = records.find(({ purpose }) => purpose === 'mx')?.value ?? '';
  const host = /\S+(?=\.$)/.exec(exchanger)?.[0] ?? '';
  if (!records.some(({ purpose }) => purpose === 'address')) {
    output.line(paint.muted(`; ${addressHint(host)}`));
  }
  output.line(paint.muted(`; ${reverseHint(host)}`));
}

const otherZone = (domain: string) =>
  say(`not in the zone of ${domain}`, `bukan di zona ${domain}`);

const addressHint = (host: string) =>
  say(
    `${host} needs an A record, and AAAA if it has IPv6 (publish.addresses puts them here)`,
    `${host} perlu catatan A, dan AAAA bila punya IPv6 (atur publish.addresses)`,
  );

const reverseHint = (host: string) =>
  say(
    `your provider sets the PTR of that address to ${host}: many refuse mail without it`,
    `penyedia Anda mengatur PTR alamat itu ke ${host}: banyak yang menolak tanpanya`,
  );
