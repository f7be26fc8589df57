/**
 * What the server says, in the languages it speaks, and which response code goes with a refusal.
 * RFC 1939; RFC 2449 §8; RFC 3206 (SYS, AUTH); RFC 6856 §3 (LANG).
 */

import type { ResponseCode } from '@merpati/formats/pop3/reply.ts';

/** Tag and name of each, in its own words. RFC 6856 §3.2. */
export const languages = { en: 'English', id: 'Bahasa Indonesia' } as const;
export type Language = keyof typeof languages;
export const preferredLanguage: Language = 'en';

type Sentence = Readonly<Record<Language, string>>;

export const answers = {
  greeting: { en: '{host} POP3 server ready', id: 'Server POP3 {host} siap' },
  capabilities: { en: 'Capabilities follow', id: 'Kemampuan server:' },
  mechanisms: { en: 'Mechanisms follow', id: 'Cara masuk:' },
  tls: { en: 'Begin TLS now', id: 'Silakan mulai TLS' },
  user: { en: 'Now the password', id: 'Kata sandinya?' },
  welcome: { en: '{messages} messages, {octets} octets', id: '{messages} pesan, {octets} oktet' },
  listing: { en: '{messages} messages', id: '{messages} pesan' },
  message: { en: '{octets} octets', id: '{octets} oktet' },
  top: { en: 'The top follows', id: 'Bagian atas pesan:' },
  deleted: { en: 'Marked to be deleted at QUIT', id: 'Akan dihapus saat QUIT' },
  reset: { en: '{messages} messages again', id: 'Kembali {messages} pesan' },
  nothing: { en: 'Still here', id: 'Masih di sini' },
  utf8: { en: 'UTF-8 from now on', id: 'Mulai sekarang UTF-8' },
  languages: { en: 'Languages follow', id: 'Bahasa yang ada:' },
  language: { en: '{tag} Language changed', id: '{tag} Bahasa diganti' },
  bye: { en: 'Good-bye', id: 'Sampai jumpa' },
  updated: { en: 'Good-bye, {deleted} deleted', id: 'Sampai jumpa, {deleted} dihapus' },
} as const satisfies Record<string, Sentence>;
export type Answer = keyof typeof answers;

interface RefusalWords extends Sentence {
  readonly code: ResponseCode | null;
  /**
   * The client did something that a well-behaved one does not: it has so many of these, then it
   * goes.
   */
  readonly isError: boolean;
}

export const refusals = {
  'unknown-command': error('Unknown command', 'Perintah tidak dikenal'),
  'bad-arguments': error('Wrong arguments', 'Argumen salah'),
  'line-too-long': error('Line too long', 'Baris terlalu panjang'),
  'login-first': error('Log in first', 'Masuk dahulu'),
  'logged-in': error('Logged in already', 'Sudah masuk'),
  'user-first': error('USER first', 'USER dahulu'),
  'tls-first': error('Passwords only under TLS: STLS first', 'Sandi hanya lewat TLS: STLS dahulu'),
  'tls-active': error('TLS is active already', 'TLS sudah aktif'),
  'no-tls': error('No TLS here', 'Tidak ada TLS di sini'),
  'stls-after-utf8': error('No STLS after UTF8', 'STLS tidak boleh setelah UTF8'),
  'no-mechanism': error('No such mechanism here', 'Cara masuk itu tidak ada di sini'),
  'bad-exchange': error('Malformed authentication', 'Autentikasi tidak berbentuk benar'),
  cancelled: error('Authentication cancelled', 'Autentikasi dibatalkan'),
  'no-language': plain(null, 'No such language here', 'Bahasa itu tidak ada di sini'),
  'wrong-password': plain('AUTH', 'Wrong name or password', 'Nama atau kata sandi salah'),
  'no-more': plain('AUTH', 'This login is no longer good', 'Izin masuk ini sudah tidak berlaku'),
  disabled: plain('AUTH', 'This account is switched off', 'Akun ini dinonaktifkan'),
  'app-password-needed': plain(
    'AUTH',
    'This account has a second factor: use an app password here',
    'Akun ini memakai faktor kedua: pakai sandi aplikasi di sini',
  ),
  throttled: plain(
    'SYS/TEMP',
    'Too many failed logins, try again later',
    'Terlalu banyak gagal masuk, coba lagi nanti',
  ),
  'in-use': plain(
    'IN-USE',
    'Another session has this mailbox open',
    'Kotak surat ini sedang dibuka sesi lain',
  ),
  'no-message': plain(null, 'No such message', 'Tidak ada pesan itu'),
  'message-deleted': plain(null, 'That message is marked deleted', 'Pesan itu ditandai terhapus'),
  'message-gone': plain(
    null,
    'That message was removed elsewhere meanwhile',
    'Pesan itu sementara ini dihapus dari tempat lain',
  ),
  'message-damaged': plain(
    'SYS/PERM',
    'That message is damaged on disk; ask the postmaster',
    'Pesan itu rusak di cakram; hubungi postmaster',
  ),
  'not-deleted': plain(
    'SYS/TEMP',
    'The marked messages could not be deleted; they are still there',
    'Pesan yang ditandai tidak dapat dihapus; masih ada',
  ),
  unavailable: plain('SYS/TEMP', 'The mail store is not available now', 'Penyimpanan tak tersedia'),
  internal: plain('SYS/TEMP', 'Something went wrong here', 'Ada yang salah di sini'),
  stopping: plain('SYS/TEMP', 'The server is being stopped', 'Server sedang dihentikan'),
  busy: plain('SYS/TEMP', 'Too many connections, try again later', 'Terlalu banyak koneksi'),
  'too-many-errors': plain(null, 'Too many errors, good-bye', 'Terlalu banyak galat, selesai'),
} as const satisfies Record<string, RefusalWords>;
export type Refused = keyof typeof refusals;

function error(en: string, id: string): RefusalWords {
  return { code: null, isError: true, en, id };
}

function plain(code: ResponseCode | null, en: string, id: string): RefusalWords {
  return { code, isError: false, en, id };
}

/** Puts the facts into a sentence. */
export function fillIn(sentence: string, facts: Readonly<Record<string, string | number>>): string {
  return sentence.replace(/\{([a-z]+)\}/g, (place, name: string) => String(facts[name] ?? place));
}
