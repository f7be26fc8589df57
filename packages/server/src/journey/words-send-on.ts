/**
 * Sentences for the way out: route, connection, TLS, dialogue, what came of it, and who was told.
 */

import type { Words } from './words-type.ts';

export const sendOnWords = {
  'queue.here': {
    en: 'its time has come; it stays on this server',
    id: 'sudah waktunya; tujuannya di server ini',
  },
  // Where to.
  'dns.mx.found': {
    en: 'MX of {domain}: {hosts} (good for {ttl} s)',
    id: 'MX {domain}: {hosts} (berlaku {ttl} dtk)',
  },
  'dns.mx.signed': {
    en: 'MX of {domain}: {hosts} (good for {ttl} s, signed by DNSSEC)',
    id: 'MX {domain}: {hosts} (berlaku {ttl} dtk, ditandatangani DNSSEC)',
  },
  'dns.mx.unchecked': {
    en: 'MX of {domain}: {hosts} (good for {ttl} s; no trusted resolver, so no DNSSEC and no DANE)',
    id: 'MX {domain}: {hosts} (berlaku {ttl} dtk; tanpa resolver tepercaya, tanpa DNSSEC/DANE)',
  },
  'dns.mx.implicit': {
    en: '{domain} has no MX records; its own address takes the mail',
    id: '{domain} tidak punya catatan MX; alamatnya sendiri yang menerima email',
  },
  'dns.mx.null': {
    en: '{domain} says that it takes no mail at all (null MX)',
    id: '{domain} menyatakan tidak menerima email sama sekali (null MX)',
  },
  'dns.mx.unusable': {
    en: 'the MX records of {domain} name no host',
    id: 'catatan MX {domain} tidak menyebut nama server',
  },
  'dns.nxdomain': {
    en: 'the domain {domain} does not exist',
    id: 'domain {domain} tidak ada',
  },
  'dns.failed': {
    en: 'the DNS gives no answer about {domain} ({reason})',
    id: 'DNS tidak memberi jawaban tentang {domain} ({reason})',
  },
  'dns.host.missing': {
    en: 'the host {host} has no address',
    id: 'server {host} tidak punya alamat',
  },
  'route.set': {
    en: 'by the configured route {host}:{port}',
    id: 'lewat rute yang diatur, {host}:{port}',
  },
  'route.rerouted': {
    en: 'sent another way by hand: {host}:{port}',
    id: 'dialihkan secara manual: {host}:{port}',
  },
  'route.malformed': {
    en: 'the route "{host}" is no host; it waits to be mended',
    id: 'rute "{host}" bukan nama server; menunggu diperbaiki',
  },
  'route.literal': {
    en: 'straight to the address {address}',
    id: 'langsung ke alamat {address}',
  },
  'route.literal.bad': {
    en: '{domain} is no address',
    id: '{domain} bukan alamat',
  },
  'route.loop': {
    en: 'mail for {domain} would come back to this server',
    id: 'email untuk {domain} akan kembali ke server ini',
  },
  // The connection.
  'connect.ok': {
    en: 'connected to {host} ({address}:{port})',
    id: 'tersambung ke {host} ({address}:{port})',
  },
  'connect.failed': {
    en: 'no connection to {host} ({address}:{port}): {error}',
    id: 'tidak tersambung ke {host} ({address}:{port}): {error}',
  },
  'connect.avoided': {
    en: '{host} is left alone for a while: {error}',
    id: '{host} dibiarkan dahulu sebentar: {error}',
  },
  'connect.reused': {
    en: 'over the open connection to {host} ({address}, {tls})',
    id: 'lewat sambungan yang masih terbuka ke {host} ({address}, {tls})',
  },
  'connect.login': {
    en: 'logged in at {host} as {user}',
    id: 'masuk di {host} sebagai {user}',
  },
  // TLS.
  'tls.ok': {
    en: '{protocol}, {cipher}; certificate of {subject} by {issuer}, good for {days} days',
    id: '{protocol}, {cipher}; sertifikat {subject} dari {issuer}, berlaku {days} hari lagi',
  },
  'tls.unverified': {
    en: '{protocol}, {cipher}; encrypted, but the certificate ({subject}) proves nothing: {error}',
    id: '{protocol}, {cipher}; terenkripsi, tetapi sertifikat ({subject}) tak terbukti: {error}',
  },
  'tls.none': {
    en: '{host} offers no TLS; the message travels unencrypted',
    id: '{host} tidak menawarkan TLS; email berjalan tanpa enkripsi',
  },
  'tls.refused': {
    en: '{host} offers TLS but refuses it now ({reply}); the message travels unencrypted',
    id: '{host} menawarkan TLS tetapi kini menolaknya ({reply}); email berjalan tanpa enkripsi',
  },
  'tls.failed': {
    en: 'TLS with {host} failed: {error}',
    id: 'TLS dengan {host} gagal: {error}',
  },
  'tls.cleartext': {
    en: 'trying {host} again without TLS, since nobody requires it',
    id: 'mencoba {host} lagi tanpa TLS, karena tidak ada yang mewajibkannya',
  },
  'tls.wrong': {
    en: '{host} showed a certificate of {subject} by {issuer} ({protocol}), the wrong one: {error}',
    id: '{host} menunjukkan sertifikat {subject} dari {issuer} ({protocol}), tidak benar: {error}',
  },
  'tls.denied': {
    en: '{host} offers TLS but refuses it ({reply}), and TLS is required',
    id: '{host} menawarkan TLS tetapi menolaknya ({reply}), padahal TLS diwajibkan',
  },
  'tls.waived': {
    en: 'the sender wants it delivered even without safe TLS (TLS-Required: No)',
    id: 'pengirim ingin email tetap dikirim walau tanpa TLS yang aman (TLS-Required: No)',
  },
  'tls.unvouched': {
    en: 'the sender requires TLS, and nothing proves that {host} serves {domain} (DNSSEC, MTA-STS)',
    id: 'pengirim mewajibkan TLS, tetapi tak ada bukti {host} melayani {domain} (DNSSEC, MTA-STS)',
  },
  // What the recipients' domain wants: in the signed DNS, or by a policy on the web.
  'tls.dane.found': {
    en: 'the signed DNS describes the certificate of {host} (DANE: {records})',
    id: 'DNS bertanda tangan menjelaskan sertifikat {host} (DANE: {records})',
  },
  'tls.dane.unusable': {
    en: 'the signed DNS wants TLS at {host}, but does not say whose (DANE: {records})',
    id: 'DNS bertanda tangan mewajibkan TLS di {host}, milik siapa tak jelas (DANE: {records})',
  },
  'tls.dane.unknown': {
    en: 'no sound answer from the DNS about the certificate of {host} ({reason}); it is left alone',
    id: 'tidak ada jawaban sah dari DNS tentang sertifikat {host} ({reason}); dibiarkan dahulu',
  },
  'tls.dane.right': {
    en: '{protocol}, {cipher}; certificate of {subject}, as the signed DNS has it (DANE: {record})',
    id: '{protocol}, {cipher}; sertifikat {subject}, sesuai DNS bertanda tangan (DANE: {record})',
  },
  'tls.sts.enforce': {
    en: '{domain} takes mail by safe TLS only, at {hosts} (MTA-STS)',
    id: '{domain} hanya menerima email lewat TLS yang aman, di {hosts} (MTA-STS)',
  },
  'tls.sts.testing': {
    en: '{domain} tries out safe TLS at {hosts}; nothing is refused yet (MTA-STS, testing)',
    id: '{domain} menguji TLS yang aman di {hosts}; belum ada yang ditolak (MTA-STS, testing)',
  },
  'tls.sts.trial': {
    en: 'if {domain} enforced its policy, {host} would not get the message: {error}',
    id: 'jika {domain} memberlakukan kebijakannya, {host} tidak akan mendapat email: {error}',
  },
  'tls.sts.unnamed': {
    en: '{host} is not among the servers that the policy of {domain} names ({hosts})',
    id: '{host} tidak termasuk server dalam kebijakan {domain} ({hosts})',
  },
  'tls.sts.failed': {
    en: 'the TLS policy of {domain} cannot be had ({error}), so none holds (MTA-STS)',
    id: 'kebijakan TLS {domain} tidak dapat diambil ({error}), jadi tidak berlaku (MTA-STS)',
  },
  'tls.sts.kept': {
    en: 'the new TLS policy of {domain} cannot be had ({error}); the last one holds (MTA-STS)',
    id: 'kebijakan TLS baru {domain} tak dapat diambil ({error}); yang lama berlaku (MTA-STS)',
  },
  'tls.missing': {
    en: '{host} offers no TLS, and TLS is required',
    id: '{host} tidak menawarkan TLS, padahal TLS diwajibkan',
  },
  // The dialogue, and what came of it.
  'smtp.dialogue': {
    en: 'conversation with {host}',
    id: 'percakapan dengan {host}',
  },
  'smtp.failed': {
    en: 'the conversation with {host} came to nothing: {error}',
    id: 'percakapan dengan {host} tidak membuahkan hasil: {error}',
  },
  'smtp.accepted': {
    en: 'accepted by {host}: "{reply}"',
    id: 'diterima {host}: "{reply}"',
  },
  'smtp.refused': {
    en: '{host} said: "{reply}"',
    id: '{host} menjawab: "{reply}"',
  },
  'smtp.unfit': {
    en: 'not handed to {host}: {reply}',
    id: 'tidak diserahkan ke {host}: {reply}',
  },
  // The queue.
  'queue.later': {
    en: 'not yet: "{reply}". Next attempt {dueMs}; given up {expiresMs}',
    id: 'belum: "{reply}". Dicoba lagi {dueMs}; dihentikan {expiresMs}',
  },
  'queue.failed': {
    en: 'failed for good: "{reply}"',
    id: 'gagal untuk seterusnya: "{reply}"',
  },
  'queue.expired': {
    en: 'given up after {attempts} {attempts:attempt|attempts}. The last word was: "{reply}"',
    id: 'dihentikan setelah {attempts} percobaan. Kata terakhirnya: "{reply}"',
  },
  'queue.trouble': {
    en: 'this server has trouble of its own; it is tried again by itself',
    id: 'server ini sendiri sedang bermasalah; dicoba lagi dengan sendirinya',
  },
  // Whom we told.
  'notice.sent': {
    en: 'the sender {to} was told ({kind}); see journey {journey}',
    id: 'pengirim {to} dikabari ({kind}); lihat perjalanan {journey}',
  },
  'notice.withheld': {
    en: 'the sender was not told ({why})',
    id: 'pengirim tidak dikabari ({why})',
  },
  'notice.impossible': {
    en: 'the sender {to} could not be told: {why}',
    id: 'pengirim {to} tidak dapat dikabari: {why}',
  },
  'notice.lost': {
    en: 'the report to {to} found no place ({why})',
    id: 'laporan untuk {to} tidak mendapat tempat ({why})',
  },
  'notice.about': {
    en: 'a report ({kind}) about the message with the journey {journey}',
    id: 'laporan ({kind}) tentang email dengan perjalanan {journey}',
  },
} as const satisfies Words;
