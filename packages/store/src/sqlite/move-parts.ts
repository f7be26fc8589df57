/** A move of very many messages in several transactions: no delivery waits for all of it. */

import type { Transfer, Transferred } from '../contract.ts';

/** Messages in one transaction: some hundredths of a second. */
const partMax = 10_000;

type Pair = Extract<Transferred, { ok: true }>['pairs'][number];

/**
 * Within an account a message is in one of the two mailboxes at any time, whatever goes wrong; to
 * others all of them go at once, because their quota may stand in the way.
 */
export async function inParts(
  transfer: Transfer,
  move: (part: Transfer) => Promise<Transferred>,
): Promise<Transferred> {
  const { from, to, uids } = transfer;
  if (uids.length <= partMax || from.account !== to.account) return move(transfer);
  const sorted = [...new Set(uids)].sort((a, b) => a - b);
  const pairs: Pair[] = [];
  let last: Transferred | null = null;
  for (let at = 0; at < sorted.length; at += partMax) {
    const done = await move({ ...transfer, uids: sorted.slice(at, at + partMax) });
    // One of the mailboxes was removed meanwhile: what has been moved before is told.
    if (!done.ok) return last ?? done;
    for (const pair of done.pairs) pairs.push(pair);
    last = { ...done, pairs };
  }
  return last ?? move(transfer);
}
