/** What an examination finds, in words; what to do about it stands behind the semicolon. */

import type { Words } from '../journey/words-type.ts';

export const examineWords = {
  'doctor.dns.silent': {
    en: 'the DNS gives no answer about {name}; try again later',
    id: 'DNS tidak memberi jawaban tentang {name}; coba lagi nanti',
  },
  'doctor.dns.host': { en: '{host} is {addresses}', id: '{host} adalah {addresses}' },
  'doctor.dns.host.missing': {
    en: '{host}, the name of this server, has no address; add an A record',
    id: '{host}, nama server ini, tidak punya alamat; tambahkan catatan A',
  },
  'doctor.dns.ptr': { en: '{address} leads back to {host}', id: '{address} kembali ke {host}' },
  'doctor.dns.ptr.other': {
    en: '{address} does not lead back to {host} ({names}); ask your provider for a PTR record',
    id: '{address} tidak kembali ke {host} ({names}); minta catatan PTR ke penyedia Anda',
  },
  'doctor.dns.dnssec': {
    en: 'the resolver validates DNSSEC, so DANE is on',
    id: 'resolver memeriksa DNSSEC, jadi DANE aktif',
  },
  'doctor.dns.dnssec.untrusted': {
    en: 'no resolver whose word on DNSSEC counts, so DANE is off; install one here (unbound)',
    id: 'tak ada resolver tepercaya untuk DNSSEC, jadi DANE mati; pasang di mesin ini (unbound)',
  },
  'doctor.dns.dnssec.unvalidated': {
    en: 'the resolver does not validate DNSSEC, so DANE is off; switch validation on there',
    id: 'resolver tidak memeriksa DNSSEC, jadi DANE mati; aktifkan pemeriksaan di sana',
  },
  'doctor.domains.none': {
    en: 'no domains yet; {command} domain add NAME',
    id: 'belum ada domain; {command} domain add NAMA',
  },
  'doctor.dns.mx': {
    en: 'mail for {domain} comes to {host}',
    id: 'email {domain} datang ke {host}',
  },
  'doctor.dns.mx.missing': {
    en: 'nobody knows where mail for {domain} goes; {command} domain dns {domain}',
    id: 'tidak ada yang tahu ke mana email {domain}; {command} domain dns {domain}',
  },
  'doctor.dns.mx.elsewhere': {
    en: 'mail for {domain} goes to {hosts}, not to {host}; {command} domain dns {domain}',
    id: 'email {domain} menuju {hosts}, bukan {host}; {command} domain dns {domain}',
  },
  'doctor.dns.policy': { en: '{domain} has {what}', id: '{domain} punya {what}' },
  'doctor.dns.policy.missing': {
    en: '{domain} has no {what}; {command} domain dns {domain}',
    id: '{domain} tidak punya {what}; {command} domain dns {domain}',
  },
  'doctor.dns.policy.several': {
    en: '{at} has several records of {what}, so none of them counts; leave one',
    id: '{at} punya beberapa catatan {what}, jadi tak satu pun berlaku; sisakan satu',
  },
  'doctor.dns.records': {
    en: 'the name servers of {zone} have what {domain} needs',
    id: 'server nama {zone} punya semua yang diperlukan {domain}',
  },
  'doctor.dns.records.wrong': {
    en: 'the name servers of {zone} lack or contradict: {what}; {command} domain check {domain}',
    id: 'di server nama {zone} belum ada atau salah: {what}; {command} domain check {domain}',
  },
  'doctor.dkim.signs': {
    en: 'mail of {domain} is signed ({selectors})',
    id: 'email {domain} ditandatangani ({selectors})',
  },
  'doctor.dkim.waiting': {
    en: 'mail of {domain} is not signed: {selectors} not in the DNS; {command} domain dns {domain}',
    id: 'email {domain} belum disegel: {selectors} belum terbit; {command} domain dns {domain}',
  },
  'doctor.dkim.next': {
    en: 'the next keys of {domain} wait for the DNS: {selectors}; {command} domain dns {domain}',
    id: 'kunci berikut {domain} menunggu DNS: {selectors}; {command} domain dns {domain}',
  },
  'doctor.certificate.good': {
    en: 'the certificate for {name} is good for {rest}',
    id: 'sertifikat {name} berlaku {rest} lagi',
  },
  'doctor.certificate.ends': {
    en: 'the certificate for {name} is over in {rest}; {command} certificate list',
    id: 'sertifikat {name} habis dalam {rest}; {command} certificate list',
  },
  'doctor.certificate.over': {
    en: 'the certificate for {name} is over; {command} certificate list',
    id: 'sertifikat {name} sudah habis masa berlakunya; {command} certificate list',
  },
  'doctor.certificate.none': {
    en: 'there is no certificate for {name} yet; {command} certificate renew {name}',
    id: 'belum ada sertifikat {name}; {command} certificate renew {name}',
  },
  'doctor.certificate.failed': {
    en: 'no new certificate: {detail}; {command} certificate renew {name}',
    id: 'sertifikat baru gagal: {detail}; {command} certificate renew {name}',
  },
  'doctor.certificate.key.missing': {
    en: 'mail is turned away: TLSA of {host} lacks the key that is shown; add {record}',
    id: 'email tertolak: TLSA {host} tanpa kunci yang dipakai; tambahkan {record}',
  },
  'doctor.certificate.key.next': {
    en: 'the next key of {host} waits for the DNS; add to _25._tcp.{host} TLSA {record}',
    id: 'kunci berikut {host} menunggu DNS; tambahkan di _25._tcp.{host} TLSA {record}',
  },
  'doctor.disk.room': { en: '{free} free in {folder}', id: '{free} kosong di {folder}' },
  'doctor.queue.moves': { en: '{waiting} in the queue', id: '{waiting} di antrean' },
  'doctor.queue.old': {
    en: '{waiting} in the queue, the oldest for {old}; {command} queue list',
    id: '{waiting} di antrean, yang tertua {old}; {command} queue list',
  },
  'doctor.queue.holds': {
    en: '{held} in the queue are held back; {command} queue list --state held',
    id: '{held} di antrean ditahan; {command} queue list --state held',
  },
  'doctor.store.whole': {
    en: 'every count and reference of {messages} messages fits',
    id: 'semua jumlah dan rujukan dari {messages} email cocok',
  },
  'doctor.store.broken': {
    en: 'the store has {count} findings; {command} store check --deep',
    id: 'ada {count} temuan di penyimpanan; {command} store check --deep',
  },
} as const satisfies Words;

export type ExamineCode = keyof typeof examineWords;
