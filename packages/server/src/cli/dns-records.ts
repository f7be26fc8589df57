/** The DNS records a domain needs, as a zone file that can be pasted. */

import type { Output } from './output.ts';
import { say } from './language.ts';

export interface DnsRecordAdvice {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  /** What it is for, what breaks without it. */
  readonly why: string;
  readonly needed: boolean;
}

/** `hostname` is the server's own name, which may lie in another domain. */
export function dnsRecords(domain: string, hostname: string): DnsRecordAdvice[] {
  const name = domain.toLowerCase();
  return [
    {
      name,
      type: 'MX',
      value: `10 ${hostname}.`,
      why: say('where mail for the domain goes', 'ke mana email domain ini dikirim'),
      needed: true,
    },
    {
      name: hostname,
      type: 'A',
      value: say('<IPv4 address of this server>', '<alamat IPv4 server ini>'),
      why: say('where this server is', 'di mana server ini berada'),
      needed: true,
    },
    {
      name: hostname,
      type: 'AAAA',
      value: say('<IPv6 address, if it has one>', '<alamat IPv6, kalau ada>'),
      why: say(
        'the same by IPv6; leave it out without a working PTR',
        'sama, lewat IPv6; lewati kalau PTR-nya belum benar',
      ),
      needed: false,
    },
    {
      name: say('<reverse name of the address>', '<nama balik alamat itu>'),
      type: 'PTR',
      value: `${hostname}.`,
      why: say(
        'set by your provider; many refuse mail without it',
        'diatur penyedia Anda; banyak yang menolak email tanpanya',
      ),
      needed: true,
    },
    {
      name,
      type: 'TXT',
      value: '"v=spf1 mx -all"',
      why: say(
        'SPF: only this server may send for the domain',
        'SPF: hanya server ini yang boleh mengirim',
      ),
      needed: true,
    },
    {
      name: `_dmarc.${name}`,
      type: 'TXT',
      value: `"v=DMARC1; p=none; rua=mailto:postmaster@${name}"`,
      why: say(
        'DMARC: tells others what to do with forgeries, and to report them',
        'DMARC: apa yang dilakukan pada pemalsuan, dan laporannya',
      ),
      needed: true,
    },
    ...serviceRecords(name, hostname),
  ];
}

/** RFC 6186, RFC 8314 §5.1: mail programs find the server by the address alone. */
function serviceRecords(domain: string, hostname: string): DnsRecordAdvice[] {
  const services = [
    ['_imaps', 993],
    ['_pop3s', 995],
    ['_submissions', 465],
    ['_submission', 587],
  ] as const;
  const why = say(
    'so that mail programs find the server by themselves',
    'agar program email menemukan server ini sendiri',
  );
  return services.map(([service, port], index) => ({
    name: `${service}._tcp.${domain}`,
    type: 'SRV',
    // IMAP before POP3: a device that could do both takes what keeps all devices in step.
    value: `${service === '_pop3s' ? 10 : 0} 1 ${port} ${hostname}.`,
    why: index === 0 ? why : say('the same', 'sama'),
    needed: false,
  }));
}

export function showDnsRecords(output: Output, records: readonly DnsRecordAdvice[]): void {
  if (output.globals.json) {
    output.json('merpati.domain.dns/1', { items: records });
    return;
  }
  const nameWidth = Math.max(...records.map((one) => one.name.length)) + 1;
  for (const one of records) {
    const comment = one.needed ? one.why : `${say('optional', 'opsional')}: ${one.why}`;
    output.line(output.paint.muted(`; ${comment}`));
    const name = one.name.startsWith('<') ? one.name : `${one.name}.`;
    output.line(`${name.padEnd(nameWidth)} IN ${one.type.padEnd(4)} ${one.value}`);
  }
}
