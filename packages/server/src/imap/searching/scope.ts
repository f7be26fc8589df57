/** What numbers in a search stand for: in the selected mailbox, and in others. */

import {
  type ResolvedSet,
  type SequenceSet,
  intersectSets,
  resolveSet,
  setOf,
} from '@merpati/formats/imap/sequence-set.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { MailboxStatus } from '@merpati/store/contract.ts';
import { type AccountId, uid } from '@merpati/store/ids.ts';
import type { UidRange } from '@merpati/store/search.ts';
import { recentRanges } from '../recent.ts';
import type { Session } from '../session.ts';
import type { SearchScope } from './criteria.ts';

/** The selected mailbox as the client believes it to be. Its view must be loaded. */
export function selectedScope(session: Session): SearchScope {
  const { owner, view, saved } = session.open;
  return {
    owner,
    nowMs: session.home.world.nowMs(),
    uids: (set) => toUids(resolveSet(set, largestUid(session))),
    numbers: (set) => {
      if (session.modes.uidOnly) {
        throw new SyntaxFault('imap.uid-required', 'Message numbers were given up: use UIDs');
      }
      // Numbers beyond the last find nothing, and are no mistake in a search.
      const there = view.count === 0 ? [] : [{ from: 1, to: view.count }];
      const ranges = intersectSets(resolveSet(set, view.count), there);
      return ranges.map(({ from, to }) => ({ from: view.uidAt(from), to: view.uidAt(to) }));
    },
    recent: () => toUids(recentRanges(session, session.open)),
    saved: () => toUids(setOf(saved)),
  };
}

/** The last uid that the client knows of; 0 when there is none. */
export function largestUid({ open: { view } }: Session): number {
  return view.count === 0 ? 0 : view.uidAt(view.count);
}

/** A mailbox that is not selected: UIDs only. RFC 7377 §2. */
export function otherScope(
  owner: AccountId,
  status: Pick<MailboxStatus, 'uidNext'>,
  nowMs: number,
): SearchScope {
  const refuse = (): never => {
    throw new SyntaxFault('imap.not-selected', 'Numbers are of the selected mailbox');
  };
  return {
    owner,
    nowMs,
    uids: (set: SequenceSet) => toUids(resolveSet(set, status.uidNext - 1)),
    numbers: refuse,
    recent: () => [],
    saved: refuse,
  };
}

function toUids(set: ResolvedSet): readonly UidRange[] {
  return set.map(({ from, to }) => ({ from: uid(from), to: uid(to) }));
}
