/** Sentences for what the store does by itself, and for what people do to the queue. */

import type { Words } from './words-type.ts';

export const engineWords = {
  'store.stored': {
    en: 'in {mailbox} of {account}',
    id: 'masuk {mailbox} milik {account}',
  },
  'store.duplicate': {
    en: 'came before, and is in {mailbox} of {account} already',
    id: 'sudah pernah datang, dan sudah ada di {mailbox} milik {account}',
  },
  'store.appended': {
    en: 'put into {mailbox} of {account} by a device',
    id: 'ditaruh di {mailbox} milik {account} oleh sebuah perangkat',
  },
  'read.imap': {
    en: 'fetched by {reader} with {device} from {address}',
    id: 'diambil oleh {reader} dengan {device} dari {address}',
  },
  'store.restored': {
    en: 'brought back into {mailbox} of {account}',
    id: 'dikembalikan ke {mailbox} milik {account}',
  },
  'queue.queued': {
    en: 'waiting to be sent to {domain}',
    id: 'menunggu dikirim ke {domain}',
  },
  'queue.scheduled': {
    en: 'held back until {due}, then sent to {domain}',
    id: 'ditahan sampai {due}, lalu dikirim ke {domain}',
  },
  'queue.interrupted': {
    en: 'broken off before it was written down what came of it; it may have gone out',
    id: 'terputus sebelum hasilnya sempat dicatat; bisa jadi sudah terkirim',
  },
  'queue.damaged': {
    en: 'the stored copy is damaged and is held back: {why}',
    id: 'salinan yang tersimpan rusak dan ditahan: {why}',
  },
  'queue.held': {
    en: 'held back by the administrator',
    id: 'ditahan oleh admin',
  },
  'queue.released': {
    en: 'let go by the administrator',
    id: 'dilepas oleh admin',
  },
  'queue.retried': {
    en: 'the administrator asks for another attempt now',
    id: 'admin meminta dicoba lagi sekarang',
  },
  'queue.rerouted': {
    en: 'the administrator sends it by {route}',
    id: 'admin mengalihkannya lewat {route}',
  },
  'queue.cancelled': {
    en: 'taken out of the queue by the administrator; nobody is told',
    id: 'dikeluarkan dari antrean oleh admin; tidak ada yang dikabari',
  },
  'queue.given-up': {
    en: 'the administrator gives up on it; the sender will be told',
    id: 'admin menghentikannya; pengirim akan dikabari',
  },
} as const satisfies Words;
