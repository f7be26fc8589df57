/** Why a store is not opened, in the words of the command line, and what to do about it. */

import type { StoreRefused } from '@merpati/store/contract.ts';
import { Failure } from './failure.ts';
import { say } from './language.ts';

/** `inUse` is for a store that another process has open: that is another case for each command. */
export function storeFailure(
  error: StoreRefused,
  what: string,
  inUse: { readonly exit: 'later' | 'conflict'; readonly next: string },
): Failure {
  const why = error.message;
  switch (error.code) {
    case 'in-use':
      return new Failure('store.in-use', inUse.exit, { what, why, next: inUse.next });
    case 'damaged': {
      const next = say(
        'To build it anew from what can be read: merpati store repair',
        'Agar dibangun ulang dari yang masih terbaca: merpati store repair',
      );
      return new Failure('store.damaged', 'failed', { what, why, next });
    }
    case 'too-new': {
      const next = say('Use the release that wrote it.', 'Pakai rilis yang menulisnya.');
      return new Failure('store.too-new', 'failed', { what, why, next });
    }
    case 'not-a-store': {
      const next = say(
        'Is it the right folder? If so, restore a backup.',
        'Apakah foldernya benar? Kalau ya, pulihkan cadangan.',
      );
      return new Failure('store.not-a-store', 'failed', { what, why, next });
    }
    default:
      return error.code satisfies never;
  }
}
