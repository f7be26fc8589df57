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
