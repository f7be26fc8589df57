/** Sentences for what is signed before it leaves. */

import type { Words } from './words-type.ts';

export const signWords = {
  'sign.dkim': {
    en: 'signed for {domain} (DKIM: {algorithms}; keys {selectors})',
    id: 'ditandatangani untuk {domain} (DKIM: {algorithms}; kunci {selectors})',
  },
  'sign.waiting': {
    en: 'not signed: the DKIM keys of {domain} are not in the DNS yet',
    id: 'tidak ditandatangani: kunci DKIM {domain} belum ada di DNS',
  },
} as const satisfies Words;
