/** What the person and the postmaster are told, in both of our languages. RFC 5322 §3.6. */

import type { SendingPause } from '../accounts/sending-pause.ts';

export interface LetterAbout {
  readonly hostname: string;
  /** The account. */
  readonly address: string;
  readonly to: string;
  readonly pause: SendingPause;
  readonly id: string;
}

const reasons = {
  failures: {
    en: (count: number) => `${count} recipients of its mail were refused by other servers`,
    id: (count: number) => `${count} penerima ditolak oleh server lain`,
  },
  'over-limit': {
    en: (count: number) => `it tried ${count} times to send more than it may in a day`,
    id: (count: number) => `${count} kali mencoba mengirim melebihi batas sehari`,
  },
  'new-recipients': {
    en: (count: number) => `it wrote to ${count} people for the first time within minutes`,
    id: (count: number) => `menulis ke ${count} orang baru dalam beberapa menit`,
  },
} as const;

export function pauseLetter({ hostname, address, to, pause, id }: LetterAbout): Uint8Array {
  const { reason, count, sinceMs } = pause;
  const date = new Date(sinceMs).toUTCString().replace('GMT', '+0000');
  const lines = [
    `From: postmaster@${hostname}`,
    `To: ${to}`,
    `Date: ${date}`,
    `Message-ID: <${id}@${hostname}>`,
    'Subject: Sending is paused / Pengiriman dihentikan sementara',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    '',
    `Mail from ${address} is not sent any more for now:`,
    `${reasons[reason].en(count)}.`,
    '',
    'Somebody else may know a password of this account. Mail is still received,',
    'and nothing is lost: what waits to be sent is held back.',
    '',
    '1. Change the password, and take back app passwords you do not know.',
    '2. Look at what was sent:   merpati journey list',
    `3. Let it send again:       merpati account release ${address}`,
    '',
    '-- ',
    '',
    `Email dari ${address} untuk sementara tidak dikirim:`,
    `${reasons[reason].id(count)}.`,
    '',
    'Mungkin ada orang lain yang tahu kata sandi akun ini. Email masuk tetap',
    'diterima, dan tidak ada yang hilang: yang menunggu dikirim ditahan.',
    '',
    '1. Ganti kata sandi, dan cabut sandi aplikasi yang tidak Anda kenal.',
    '2. Lihat yang sudah dikirim:  merpati journey list',
    `3. Izinkan mengirim lagi:     merpati account release ${address}`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}
