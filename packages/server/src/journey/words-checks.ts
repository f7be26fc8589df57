/** Sentences for what was found about the sender of a message that came in. */

import type { Words } from './words-type.ts';

export const checkWords = {
  'iprev.pass': {
    en: 'the address {ip} belongs to {name}, forwards and backwards',
    id: 'alamat {ip} milik {name}, cocok bolak-balik',
  },
  'iprev.fail': {
    en: 'the address {ip} is called {name}, but that name leads elsewhere',
    id: 'alamat {ip} bernama {name}, tetapi nama itu menunjuk ke tempat lain',
  },
  'iprev.temperror': {
    en: 'the name of {ip} could not be asked for',
    id: 'nama untuk {ip} tidak dapat ditanyakan',
  },
  'iprev.permerror': {
    en: 'the address {ip} has no name',
    id: 'alamat {ip} tidak punya nama',
  },
  'check.hello-ours': {
    en: 'it gives itself our own name, {name}',
    id: 'ia memakai nama kita sendiri, {name}',
  },
  'check.hello-other': {
    en: 'the name it gives itself, {name}, leads to another address',
    id: 'nama yang disebutnya, {name}, menunjuk ke alamat lain',
  },
  'check.hello-nowhere': {
    en: 'the name it gives itself, {name}, leads nowhere',
    id: 'nama yang disebutnya, {name}, tidak menunjuk ke mana pun',
  },
  'check.hello-unqualified': {
    en: 'what it calls itself, {name}, is no name of a server',
    id: 'sebutannya, {name}, bukan nama server',
  },
  'spf.pass': {
    en: '{domain} lets {ip} send its mail (SPF: {mechanism})',
    id: '{domain} mengizinkan {ip} mengirim emailnya (SPF: {mechanism})',
  },
  'spf.fail': {
    en: '{domain} does not let {ip} send its mail (SPF: {mechanism})',
    id: '{domain} tidak mengizinkan {ip} mengirim emailnya (SPF: {mechanism})',
  },
  'spf.softfail': {
    en: '{domain} would rather not have {ip} send its mail (SPF: {mechanism})',
    id: '{domain} sebenarnya tidak ingin {ip} mengirim emailnya (SPF: {mechanism})',
  },
  'spf.neutral': {
    en: '{domain} does not say whether {ip} may send its mail (SPF neutral)',
    id: '{domain} tidak menyatakan apakah {ip} boleh mengirim emailnya (SPF netral)',
  },
  'spf.none': {
    en: '{domain} does not say who may send its mail (no SPF record)',
    id: '{domain} tidak menyatakan siapa yang boleh mengirim emailnya (tanpa catatan SPF)',
  },
  'spf.temperror': {
    en: 'who may send for {domain} cannot be known now (SPF: {why})',
    id: 'siapa yang boleh mengirim untuk {domain} belum dapat diketahui (SPF: {why})',
  },
  'spf.permerror': {
    en: 'who may send for {domain} cannot be made out (SPF: {why})',
    id: 'siapa yang boleh mengirim untuk {domain} tidak dapat dipahami (SPF: {why})',
  },
  'spf.hello': {
    en: 'may it call itself {name}? (SPF: {result})',
    id: 'bolehkah ia menyebut dirinya {name}? (SPF: {result})',
  },
  'dkim.pass': {
    en: '{domain} has signed it, and nothing of that was changed ({algorithm}, {bits} bits)',
    id: '{domain} menandatanganinya, dan isinya tidak berubah ({algorithm}, {bits} bit)',
  },
  'dkim.fail': {
    en: 'the signature of {domain} does not hold: {why}',
    id: 'tanda tangan {domain} tidak sah: {why}',
  },
  'dkim.neutral': {
    en: 'the signature of {domain} says nothing: {why}',
    id: 'tanda tangan {domain} tidak berarti apa-apa: {why}',
  },
  'dkim.policy': {
    en: 'the signature of {domain} is not good enough here: {why}',
    id: 'tanda tangan {domain} tidak memadai di sini: {why}',
  },
  'dkim.temperror': {
    en: 'the signature of {domain} cannot be checked now: {why}',
    id: 'tanda tangan {domain} belum dapat diperiksa: {why}',
  },
  'dkim.permerror': {
    en: 'the signature of {domain} cannot be checked: {why}',
    id: 'tanda tangan {domain} tidak dapat diperiksa: {why}',
  },
  'dkim.none': {
    en: 'nobody has signed it (DKIM)',
    id: 'tidak ada yang menandatanganinya (DKIM)',
  },
  'arc.pass': {
    en: '{hands} {hands:hand|hands} on the way sealed what they saw, the last is {sealer} (ARC)',
    id: '{hands} pihak di jalan menyegel yang mereka lihat, yang terakhir {sealer} (ARC)',
  },
  'arc.fail': {
    en: 'the seals of those who passed it on do not hold: {why} (ARC)',
    id: 'segel pihak yang meneruskannya tidak sah: {why} (ARC)',
  },
  'dmarc.pass': {
    en: 'it is from {domain}, as it says (DMARC)',
    id: 'email ini memang dari {domain}, seperti tertulis (DMARC)',
  },
  'dmarc.none': {
    en: '{domain} does not say what to do with mail that is not its own (no DMARC record)',
    id: '{domain} tidak menyatakan sikap terhadap email yang bukan miliknya (tanpa catatan DMARC)',
  },
  'dmarc.fail': {
    en: 'nothing proves that it is from {domain}, which asks for nothing in that case (DMARC)',
    id: 'tidak ada bukti email ini dari {domain}, yang tidak meminta tindakan apa pun (DMARC)',
  },
  'dmarc.reject': {
    en: 'nothing proves that it is from {domain}, which asks to refuse such mail (DMARC)',
    id: 'tidak ada bukti email ini dari {domain}, yang meminta email begini ditolak (DMARC)',
  },
  'dmarc.quarantine': {
    en: 'nothing proves that it is from {domain}: it goes to Junk (DMARC {policy})',
    id: 'tidak ada bukti email ini dari {domain}: masuk ke Junk (DMARC {policy})',
  },
  'dmarc.observe': {
    en: 'nothing proves that it is from {domain} (DMARC {policy}), but here that is only observed',
    id: 'tidak ada bukti email ini dari {domain} (DMARC {policy}), tetapi di sini hanya dicatat',
  },
  'dmarc.forwarder': {
    en: 'on its way it has lost the proof that it is from {domain}; {forwarder}, trusted, saw it',
    id: 'bukti bahwa email ini dari {domain} hilang di jalan; {forwarder}, tepercaya, melihatnya',
  },
  'dmarc.later': {
    en: 'whether it is from {domain} cannot be known now; it asks for care, so: later (DMARC)',
    id: 'belum dapat diketahui apakah ini dari {domain} yang minta hati-hati: nanti saja (DMARC)',
  },
  'dmarc.temperror': {
    en: 'whether it is from {domain} cannot be known now (DMARC)',
    id: 'belum dapat diketahui apakah ini dari {domain} (DMARC)',
  },
  'dmarc.permerror': {
    en: 'it has no author who could be asked about (DMARC)',
    id: 'tidak ada penulis yang dapat ditanyakan (DMARC)',
  },
  'dnsbl.listed': {
    en: '{ip} is on the list {list}: {text}',
    id: '{ip} ada dalam daftar {list}: {text}',
  },
  'dnsbl.allowed': {
    en: '{ip} is on the list {list} of those that are known to be good',
    id: '{ip} ada dalam daftar {list}, yaitu yang dikenal baik',
  },
  'dnsbl.fault': {
    en: 'what the list {list} says of {ip} does not count: {why}',
    id: 'keterangan daftar {list} tentang {ip} tidak dihitung: {why}',
  },
  'check.author-none': {
    en: 'it does not say who it is from',
    id: 'email ini tidak menyebut pengirimnya',
  },
  'check.authors-several': {
    en: 'it has {fields} From fields: some programs show one, some another',
    id: 'ada {fields} kolom From: tiap program bisa menampilkan yang berbeda',
  },
  'check.authors-domains': {
    en: 'it is from several authors of different domains: {domains}',
    id: 'penulisnya beberapa, dari domain yang berbeda: {domains}',
  },
  'check.look-alike': {
    en: '{author} looks like {ours}, and is somebody else',
    id: '{author} mirip {ours}, padahal pihak lain',
  },
  'check.forged-results': {
    en: 'it bore results in our name that are not ours; they were cut out: {text}',
    id: 'email ini memuat hasil atas nama kita yang bukan dari kita; sudah dibuang: {text}',
  },
  'check.weight': {
    en: 'all findings together weigh {points} points of {limit}: it goes to Junk',
    id: 'semua temuan berbobot {points} dari {limit} poin: masuk ke Junk',
  },
} as const satisfies Words;
