/**
 * Quota: each account is one root, called by its address. RFC 9208 §3 (roots), §5.1 and §5.2
 * (STORAGE in units of 1024 octets, MESSAGE).
 */

import { joinPieces, writeAstring } from '@merpati/formats/imap/response-writer.ts';
import type { AccountRow } from '@merpati/store/contract.ts';

/** UIDs are of 32 bits: so many messages any mailbox can have had. */
const messagesMax = 4_294_967_295;

const unitOctets = 1024;

/** `* QUOTA …` with its CRLF. STORAGE is there when it is limited. */
export function writeQuota({ address, quotaBytes, usedBytes, messages }: AccountRow): Uint8Array {
  const resources = [`MESSAGE ${messages} ${messagesMax}`];
  if (quotaBytes !== null) {
    // Who has used a part of a unit has used it, and who lacks a part of one has it not.
    const used = Math.ceil(usedBytes / unitOctets);
    resources.unshift(`STORAGE ${used} ${Math.floor(quotaBytes / unitOctets)}`);
  }
  return joinPieces(['* QUOTA ', writeAstring(address), ` (${resources.join(' ')})\r\n`]);
}
