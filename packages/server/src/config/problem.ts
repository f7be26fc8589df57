/** What can be wrong with a configuration, in both languages. */

import type { Words } from '../journey/words-type.ts';

export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly code: keyof typeof problemWords;
  /** The key, `listen.smtp[0]`; '' for the file as a whole. */
  readonly path: string;
  readonly args: Readonly<Record<string, string | number>>;
}

export const problemWords = {
  'config.file.missing': {
    en: 'There is no file {file}.',
    id: 'Tidak ada berkas {file}.',
  },
  'config.file.unreadable': {
    en: '{file} cannot be read: {reason}.',
    id: '{file} tidak bisa dibaca: {reason}.',
  },
  'config.toml': {
    en: 'Line {line}, column {column} is not TOML: {reason}.',
    id: 'Baris {line}, kolom {column} bukan TOML: {reason}.',
  },
  'config.key.unknown': {
    en: 'There is no such key.',
    id: 'Kunci ini tidak ada.',
  },
  'config.key.unknown.near': {
    en: 'There is no such key. Did you mean {near}?',
    id: 'Kunci ini tidak ada. Maksud Anda {near}?',
  },
  'config.env.unknown': {
    en: 'The environment variable {name} stands for no key.',
    id: 'Variabel lingkungan {name} bukan kunci apa pun.',
  },
  'config.env.unknown.near': {
    en: 'The environment variable {name} stands for no key. Did you mean {near}?',
    id: 'Variabel lingkungan {name} bukan kunci apa pun. Maksud Anda {near}?',
  },
  'config.value.type': {
    en: 'Expected {expected}, found {found}.',
    id: 'Seharusnya {expected}, tertulis {found}.',
  },
  'config.value.choice': {
    en: 'Expected one of {expected}.',
    id: 'Pilihannya: {expected}.',
  },
  'config.value.small': {
    en: 'Must be at least {least}.',
    id: 'Paling sedikit {least}.',
  },
  'config.value.large': {
    en: 'Must be at most {most}.',
    id: 'Paling banyak {most}.',
  },
  'config.publish.address': {
    en: '"{value}" is no IPv4 or IPv6 address.',
    id: '"{value}" bukan alamat IPv4 atau IPv6.',
  },
  'config.publish.spf': {
    en: 'As an SPF record this would count for nothing: {reason}.',
    id: 'Sebagai catatan SPF ini tidak berlaku: {reason}.',
  },
  'config.publish.reports': {
    en: '"{value}" is no e-mail address.',
    id: '"{value}" bukan alamat email.',
  },
  'config.value.missing': {
    en: 'This key is needed here.',
    id: 'Kunci ini wajib di sini.',
  },
  'config.secret.unreadable': {
    en: 'The file {file} with the secret cannot be read: {reason}.',
    id: 'Berkas rahasia {file} tidak bisa dibaca: {reason}.',
  },
  'config.secret.twice': {
    en: 'Both the password and a password_file are given; keep the file.',
    id: 'Kata sandi dan password_file diisi dua-duanya; pakai berkasnya saja.',
  },
  'config.secret.missing': {
    en: 'A username is given, but no password.',
    id: 'Ada username, tetapi tidak ada kata sandi.',
  },
  'config.secret.open': {
    en: '{file} can be read by other users of this machine (mode {mode}); chmod 600 it.',
    id: '{file} bisa dibaca pengguna lain di mesin ini (mode {mode}); beri chmod 600.',
  },
  'config.listen.syntax': {
    en: '"{value}" is not an address to listen on; write ":25", "0.0.0.0:25" or "[::]:25".',
    id: '"{value}" bukan alamat untuk mendengarkan; tulis ":25", "0.0.0.0:25", atau "[::]:25".',
  },
  'config.listen.twice': {
    en: 'Port {port} is taken by {other} already.',
    id: 'Port {port} sudah dipakai {other}.',
  },
  'config.listen.rights': {
    en: 'Port {port} is below 1024 and this user may not open it: give CAP_NET_BIND_SERVICE.',
    id: 'Port {port} di bawah 1024 dan user ini tak boleh membukanya: beri CAP_NET_BIND_SERVICE.',
  },
  'config.listen.none': {
    en: 'No service listens: no address for smtp, submission(s), pop3(s) or imap(s).',
    id: 'Tidak ada layanan: smtp, submission(s), pop3(s), dan imap(s) kosong semua.',
  },
  'config.hostname.missing': {
    en: 'The name of this server is needed for greetings, trace fields and message ids.',
    id: 'Nama server ini diperlukan untuk salam, jejak, dan id pesan.',
  },
  'config.hostname.syntax': {
    en: '"{value}" is not a full host name such as mail.example.org.',
    id: '"{value}" bukan nama host lengkap seperti mail.contoh.id.',
  },
  'config.tls.half': {
    en: 'Certificate and key belong together; only one of them is given.',
    id: 'Sertifikat dan kuncinya harus berpasangan; baru satu yang diisi.',
  },
  'config.tls.missing': {
    en: '{service} needs a certificate: by acme.terms_agreed, or in tls.certificate_file.',
    id: '{service} memerlukan sertifikat: lewat acme.terms_agreed, atau tls.certificate_file.',
  },
  'config.acme.off': {
    en: 'Port 80 waits for an authority, but acme.terms_agreed is not set.',
    id: 'Port 80 menunggu otoritas sertifikat, tetapi acme.terms_agreed belum diisi.',
  },
  'config.acme.proof': {
    en: 'The proof {challenge} needs {key}.',
    id: 'Pembuktian {challenge} memerlukan {key}.',
  },
  'config.tls.none': {
    en: 'Without a certificate other servers hand over mail unencrypted.',
    id: 'Tanpa sertifikat, server lain mengirim email tanpa enkripsi.',
  },
  'config.tls.unreadable': {
    en: '{file} cannot be used: {reason}.',
    id: '{file} tidak bisa dipakai: {reason}.',
  },
  'config.tls.mismatch': {
    en: 'The key {key} does not belong to the certificate {file}.',
    id: 'Kunci {key} bukan pasangan sertifikat {file}.',
  },
  'config.tls.expired': {
    en: 'The certificate ended on {date}.',
    id: 'Sertifikat berakhir pada {date}.',
  },
  'config.tls.expires': {
    en: 'The certificate ends on {date}, in {days} days.',
    id: 'Sertifikat berakhir pada {date}, {days} hari lagi.',
  },
  'config.tls.name': {
    en: 'The certificate does not name {hostname}; it is for {names}.',
    id: 'Sertifikat tidak menyebut {hostname}; isinya untuk {names}.',
  },
  'config.data.unusable': {
    en: 'The folder {folder} cannot be written: {reason}.',
    id: 'Folder {folder} tidak bisa ditulisi: {reason}.',
  },
  'config.dns.trust': {
    en: '"{value}" is not the address of a resolver; write "192.0.2.53", without a port',
    id: '"{value}" bukan alamat resolver; tulis "192.0.2.53", tanpa porta',
  },
  'config.dns.syntax': {
    en: '"{value}" is not the address of a resolver; write "127.0.0.1" or "127.0.0.1:5353".',
    id: '"{value}" bukan alamat resolver; tulis "127.0.0.1" atau "127.0.0.1:5353".',
  },
  'config.network.syntax': {
    en: '"{value}" is not a network; write "10.0.0.0/8" or "2001:db8::/32".',
    id: '"{value}" bukan jaringan; tulis "10.0.0.0/8" atau "2001:db8::/32".',
  },
  'config.queue.order': {
    en: 'Nobody would be told of a delay: mail goes back after {expire} s, before {notice} s.',
    id: 'Takkan ada kabar penundaan: email kembali setelah {expire} dtk, sebelum {notice} dtk.',
  },
} as const satisfies Words;
