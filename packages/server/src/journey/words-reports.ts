/** Sentences for reports about senders and lines: ours for others, and those of others. */

import type { Words } from './words-type.ts';

export const reportWords = {
  'reports.made': {
    en: 'a report ({kind}) about {domain} for {day}, for whom the domain wants to have it',
    id: 'laporan ({kind}) tentang {domain} untuk {day}, bagi yang diminta domain itu',
  },
  'reports.read': {
    en: 'read as a report ({kind}) of {organisation} about {domain}',
    id: 'dibaca sebagai laporan ({kind}) dari {organisation} tentang {domain}',
  },
  'reports.duplicate': {
    en: 'the report ({kind}) of {organisation} about {domain} was here already',
    id: 'laporan ({kind}) dari {organisation} tentang {domain} sudah ada',
  },
  'reports.unread': {
    en: 'could not be taken as a report, and stays as it is: {why}',
    id: 'tidak bisa diterima sebagai laporan, dan dibiarkan apa adanya: {why}',
  },
} as const satisfies Words;
