/** Sentences for a message's arrival: click, connection, checks, addressing, acceptance. */

import type { Words } from './words-type.ts';

export const receiveWords = {
  'click.told': {
    en: 'Send was pressed, as the mail program tells',
    id: 'Kirim ditekan, menurut program email',
  },
  'click.date': {
    en: 'written at this time, as the Date field tells',
    id: 'ditulis pada waktu ini, menurut kolom Date',
  },
  'hop.claimed': {
    en: '{by} says it took the message from {from}',
    id: '{by} menyatakan menerima email dari {from}',
  },
  'receive.connected': {
    en: '{ip} connected from port {port} and called itself {hello}',
    id: '{ip} tersambung dari port {port} dan menyebut dirinya {hello}',
  },
  'receive.tls': {
    en: '{protocol} {cipher}',
    id: '{protocol} {cipher}',
  },
  'receive.plain': {
    en: 'not encrypted',
    id: 'tidak terenkripsi',
  },
  'receive.message': {
    en: '{size} taken in for {recipients} {recipients:recipient|recipients}',
    id: '{size} diterima untuk {recipients} penerima',
  },
  'submit.login': {
    en: '{account} logged in ({mechanism})',
    id: '{account} masuk ({mechanism})',
  },
  'submit.message': {
    en: '{size} taken in for {recipients} {recipients:recipient|recipients}',
    id: '{size} diterima untuk {recipients} penerima',
  },
  'alarm.sending-paused': {
    en: 'sending is paused for {account}: somebody else may be at it',
    id: 'pengiriman dari {account} dihentikan: mungkin dipakai orang lain',
  },
  'submit.internal': {
    en: 'a notice of this server, {size}',
    id: 'pemberitahuan dari server ini, {size}',
  },
  'check.author': {
    en: 'the sender is {account}',
    id: 'pengirimnya {account}',
  },
  'check.header': {
    en: 'the header is malformed ({fault})',
    id: 'header-nya cacat ({fault})',
  },
  'check.loop': {
    en: 'the message goes in circles ({hops} servers so far)',
    id: 'email ini berputar-putar ({hops} server sejauh ini)',
  },
  'route.alias': {
    en: 'the address stands for {here} {here:mailbox|mailboxes} here',
    id: 'alamat ini mewakili {here} kotak surat di sini',
  },
  'route.forwarded': {
    en: 'the address leads to {elsewhere} elsewhere and to {here} here',
    id: 'alamat ini menuju {elsewhere} di tempat lain dan {here} di sini',
  },
  'accept.refused': {
    en: '{by} refuses it: "{reply}"; nothing of it is kept here',
    id: '{by} menolaknya: "{reply}"; tidak ada yang disimpan di sini',
  },
  'accept.ok': {
    en: '{by} has taken the responsibility: "{reply}"',
    id: '{by} bertanggung jawab sejak ini: "{reply}"',
  },
} as const satisfies Words;
