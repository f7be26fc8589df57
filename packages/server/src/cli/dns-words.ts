/** What DNS records are for, in words; and what is the case with them. */

import type { CheckedSet } from '../domains/check.ts';
import type { Level, Purpose } from '../domains/records.ts';
import { say } from './language.ts';

export const purposeName: Readonly<Record<Purpose, string>> = {
  mx: 'MX',
  address: 'A/AAAA',
  spf: 'SPF',
  dkim: 'DKIM',
  dmarc: 'DMARC',
  sts: 'MTA-STS',
  'tls-rpt': 'TLS-RPT',
  tlsa: 'DANE',
  service: 'SRV',
  clients: 'autoconfig',
  caa: 'CAA',
};

/** What it is for, and what is without it. */
export function whyOf(purpose: Purpose): string {
  switch (purpose) {
    case 'mx':
      return say('where mail for the domain goes', 'ke mana email domain ini dikirim');
    case 'address':
      return say('where this server is', 'di mana server ini berada');
    case 'spf':
      return say(
        'which servers may send for the domain; without it much is refused',
        'server mana yang boleh mengirim; tanpanya banyak yang ditolak',
      );
    case 'dkim':
      return say(
        'the key to the signature in your mail; without it nothing is signed',
        'kunci tanda tangan email Anda; tanpanya tidak ada yang ditandatangani',
      );
    case 'dmarc':
      return say(
        'what others do with forgeries, and where they report them',
        'apa yang dilakukan pada pemalsuan, dan ke mana dilaporkan',
      );
    case 'sts':
      return say(
        'others send to you under TLS only',
        'server lain hanya mengirim kepada Anda lewat TLS',
      );
    case 'tls-rpt':
      return say(
        'where others report that TLS with you fails',
        'ke mana kegagalan TLS dengan Anda dilaporkan',
      );
    case 'tlsa':
      return say(
        'DANE: which key your server has; only where the zone has DNSSEC',
        'DANE: kunci mana milik server Anda; hanya bila zonanya memakai DNSSEC',
      );
    case 'service':
      return say(
        'mail programs find the server by themselves; "." says: not offered',
        'program email menemukan server ini sendiri; "." berarti tidak tersedia',
      );
    case 'clients':
      return say(
        'the same for Thunderbird, Outlook and others that know no SRV',
        'sama, untuk Thunderbird, Outlook, dan yang tidak mengenal SRV',
      );
    case 'caa':
      return say(
        'which authority may issue certificates for the domain',
        'otoritas mana yang boleh menerbitkan sertifikat',
      );
    default:
      return purpose satisfies never;
  }
}

export function levelName(level: Level): string {
  switch (level) {
    case 'must':
      return say('REQUIRED', 'WAJIB');
    case 'should':
      return say('RECOMMENDED', 'SEBAIKNYA');
    case 'may':
      return say('OPTIONAL', 'BOLEH');
    default:
      return level satisfies never;
  }
}

export function reasonText({ reason, state }: Pick<CheckedSet, 'reason' | 'state'>): string {
  if (state === 'spreading') {
    return say('some servers have it already', 'sebagian server sudah memilikinya');
  }
  switch (reason) {
    case 'as-it-must-be':
      return '';
    case 'absent':
      return say('not there', 'belum ada');
    case 'differs':
      return state === 'works'
        ? say('works, but is not what we would write', 'berfungsi, tetapi beda dari saran kami')
        : say('is another one', 'isinya lain');
    case 'more':
      return say('works; there are more than ours', 'berfungsi; ada tambahan selain milik kami');
    case 'several':
      return say('there are several, and only one may be', 'ada beberapa, padahal harus satu');
    case 'unreadable':
      return say('cannot be read', 'tidak terbaca');
    case 'otherwise':
      return say('leads somewhere by addresses of its own', 'punya alamat sendiri');
    case 'not-revoked':
      return say('no longer used: may be removed', 'tidak dipakai lagi: boleh dihapus');
    case 'silent':
      return say('no server of the zone answers', 'tidak ada server zona yang menjawab');
    default:
      return reason satisfies never;
  }
}
