/** Flags of commands as the store keeps them. RFC 9051 §2.3.2. */

import type { SystemFlag } from '@merpati/formats/imap/search-key.ts';
import { flagBits } from '@merpati/store/contract.ts';

/** @example bitsOf(['seen', 'draft']) === (flagBits.seen | flagBits.draft) */
export function bitsOf(system: readonly SystemFlag[]): number {
  let bits = 0;
  for (const flag of system) bits |= flagBits[flag];
  return bits;
}
