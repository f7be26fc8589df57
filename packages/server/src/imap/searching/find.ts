/**
 * Runs a search and collects what it finds: four octets for each message. A search that takes long
 * says so from time to time. RFC 9585 (INPROGRESS).
 */

import type { AccountId, MailboxId, ModSeq } from '@merpati/store/ids.ts';
import { modSeq } from '@merpati/store/ids.ts';
import type { Criterion, Found, SortKey } from '@merpati/store/search.ts';
import { withProgress } from '../progress.ts';
import type { Session } from '../session.ts';

export interface SearchedFor {
  readonly tag: string;
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  readonly criteria: Criterion;
  readonly order: readonly SortKey[];
  /** Messages beyond are not known to the client yet. */
  readonly largestUid: number;
}

export interface Outcome {
  /** In the order that was asked for; else ascending. */
  readonly uids: Uint32Array;
  /** The highest of all that was found; 0 when there are none. */
  readonly modseq: ModSeq;
}

/** Throws SearchTooBig. */
export async function findMessages(session: Session, search: SearchedFor): Promise<Outcome> {
  const { owner, mailbox, criteria, order, largestUid } = search;
  const found: Uint32Array[] = [];
  let count = 0;
  let modseq = modSeq(0);
  const query = { mailboxes: [mailbox], criteria, order };
  const slices = session.store.search(owner, query);
  for await (const slice of watched(session, slices, search.tag)) {
    const known = slice.uids.every((one) => one <= largestUid)
      ? slice.uids
      : slice.uids.filter((one) => one <= largestUid);
    found.push(known);
    count += known.length;
    if (slice.modseq > modseq) ({ modseq } = slice);
  }
  const uids = new Uint32Array(count);
  let at = 0;
  for (const slice of found) {
    uids.set(slice, at);
    at += slice.length;
  }
  return { uids, modseq };
}

/** What comes of the store; the client hears meanwhile that it is being looked for. */
async function* watched(
  session: Session,
  slices: AsyncIterable<Found>,
  tag: string,
): AsyncGenerator<Found> {
  const iterator = slices[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await withProgress(session, tag, iterator.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    // Nobody is there any more to be told: the store need not look further.
    await iterator.return?.();
  }
}
