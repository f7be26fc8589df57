/** Sentences for what POP3 does to a message. */

import type { Words } from './words-type.ts';

export const pop3Words = {
  'read.pop3': {
    en: 'downloaded by {device} from {address}',
    id: 'diunduh oleh {device} dari {address}',
  },
  'read.pop3.deleted': {
    en: 'deleted by {device} from {address}; it can be restored for a while',
    id: 'dihapus oleh {device} dari {address}; masih dapat dipulihkan untuk sementara',
  },
} as const satisfies Words;
