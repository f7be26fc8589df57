/**
 * Records as text: the lines of a zone file (RFC 1035 §5.1; TLSA RFC 6698 §2.2; CAA RFC 8659
 * §4.1.1) and a script for `nsupdate` (RFC 2136 §2.5).
 */

import { zoneChanges } from './changes.ts';
import { isWithin, type ZoneRecord } from './records.ts';

/** What stands behind the type: `10 mail.contoh.id.`. */
export function dataText(data: ZoneRecord['data']): string {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return data.address;
    case 'MX':
      return `${data.preference} ${absolute(data.exchange)}`;
    case 'TXT':
      return data.strings.map(quoted).join(' ');
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return absolute(data.target);
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${absolute(data.target)}`;
    case 'TLSA':
      return `${data.usage} ${data.selector} ${data.matching} ${hexOf(data.data)}`;
    case 'CAA':
      return `${data.flags} ${data.tag} ${quoted(data.value)}`;
    case 'SOA':
      return [
        absolute(data.primary),
        absolute(data.mailbox),
        data.serial,
        data.refreshSeconds,
        data.retrySeconds,
        data.expireSeconds,
        data.minimumSeconds,
      ].join(' ');
    default:
      return data satisfies never;
  }
}

const absolute = (name: string): string => `${name}.`;

const hexOf = (octets: Uint8Array): string =>
  [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('');

/** RFC 1035 §5.1: quotes and backslashes are escaped, and what is not visible is a number. */
function quoted(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    if (octet === 34 || octet === 92) text += `\\${String.fromCharCode(octet)}`;
    else if (octet >= 32 && octet < 127) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, '0')}`;
  }
  return `"${text}"`;
}

export function zoneLine({ name, ttlSeconds, data }: ZoneRecord): string {
  return `${absolute(name)}\t${ttlSeconds}\tIN\t${data.type}\t${dataText(data)}`;
}

/** Whole lines; what lies outside the zone stands as comments: another zone has to have it. */
export function zoneFile(records: readonly ZoneRecord[], zone: string): string {
  const lines = [`; ${zone}`];
  for (const record of records) {
    const line = zoneLine(record);
    lines.push(isWithin(record.name, zone) ? line : `; ${line}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Input for `nsupdate`. */
export function updateScript(records: readonly ZoneRecord[], zone: string): string {
  const lines = [`zone ${absolute(zone)}`];
  for (const change of zoneChanges(records, zone)) {
    const name = absolute(change.name);
    if (change.kind === 'clear') lines.push(`update delete ${name} ${change.type}`);
    if (change.kind !== 'add' || change.data.type === 'other') continue;
    const { ttlSeconds, data } = change;
    lines.push(`update add ${name} ${ttlSeconds} ${data.type} ${dataText(data)}`);
  }
  lines.push('send');
  return `${lines.join('\n')}\n`;
}
