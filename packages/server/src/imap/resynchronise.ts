/**
 * QRESYNC: what has happened in a mailbox since the client saw it last, told when it selects it.
 * RFC 7162 §3.2.5. Without a log that reaches back so far, uids are compared instead (§3.2.5.2):
 * what the client may know and is not there has vanished.
 */

import type { QresyncParameters } from '@merpati/formats/imap/command.ts';
import { imapLimits as grammarLimits } from '@merpati/formats/imap/limits.ts';
import {
  type NumberRange,
  type ResolvedSet,
  intersectSets,
  resolveSet,
  setHas,
  setOf,
  writeSequenceSet,
} from '@merpati/formats/imap/sequence-set.ts';
import type { FlagRow } from '@merpati/store/contract.ts';
import { type Uid, modSeq } from '@merpati/store/ids.ts';
import { imapLimits } from './limits.ts';
import { withRecent } from './recent.ts';
import type { Selected } from './selected.ts';
import type { Session } from './session.ts';
import { writeFlagsItem, writeModseqItem } from './view/tell.ts';

/** Behind what SELECT tells otherwise, before its tagged end. */
export async function resynchronise(
  session: Session,
  selected: Selected,
  known: QresyncParameters,
): Promise<void> {
  // Other uids altogether: the client starts anew. RFC 7162 §3.2.5, the first condition.
  if (known.uidValidity !== selected.uidValidity) return;
  const { view } = selected;
  const { uidOnly } = session.modes;
  // 1:* when it does not say; what came later is told by EXISTS.
  const asked = known.knownUids ?? [{ from: 1, to: '*' as const }];
  const wanted = resolveSet(asked, Math.max(view.uidNext - 1, 1));
  const { vanished, changed } = await happenedSince(session, selected, known.modseq, wanted);
  if (vanished.length > 0) session.put(`* VANISHED (EARLIER) ${writeSequenceSet(vanished)}\r\n`);
  const [first] = changed;
  if (first !== undefined && !uidOnly) await view.loadUids(first.uid);
  for (const row of changed) {
    session.learnKeywords(row.keywords);
    const flags = writeFlagsItem(withRecent(session, row));
    const facts = `UID ${row.uid} ${flags} ${writeModseqItem(row)}`;
    const line = uidOnly
      ? `* ${row.uid} UIDFETCH (${facts})\r\n`
      : `* ${view.numberOf(row.uid)} FETCH (${facts})\r\n`;
    await session.send(line);
  }
}

interface Happened {
  readonly vanished: ResolvedSet;
  /** Ascending by uid. */
  readonly changed: readonly FlagRow[];
}

async function happenedSince(
  session: Session,
  { owner, mailbox, view }: Selected,
  modseq: number,
  wanted: ResolvedSet,
): Promise<Happened> {
  const changed = new Map<Uid, FlagRow>();
  const vanished = new Set<Uid>();
  let isTruncated = false;
  const limit = imapLimits.changesMax;
  for (let since = modSeq(modseq); ;) {
    const found = await session.store.mailboxChanges(owner, mailbox, { since, limit });
    isTruncated ||= found.truncated;
    for (const one of found.vanished) if (setHas(wanted, one)) vanished.add(one);
    for (const row of found.changed) {
      if (setHas(wanted, row.uid) && row.uid < view.uidNext) changed.set(row.uid, row);
    }
    const isCut = found.vanished.length + found.changed.length >= limit;
    if (!isCut || found.modseq === since) break;
    since = found.modseq;
  }
  const gone = [...vanished].toSorted((one, other) => one - other);
  const rows = [...changed.values()].toSorted((one, other) => one.uid - other.uid);
  if (isTruncated) await view.load();
  const present = isTruncated ? view.uidsOf({ from: 1, to: view.count }) : null;
  return { vanished: present === null ? setOf(gone) : missingFrom(present, wanted), changed: rows };
}

/** Of a set, what is not among the uids. */
function missingFrom(uids: Uint32Array, wanted: ResolvedSet): ResolvedSet {
  const gaps: NumberRange[] = [];
  let next = 1;
  for (const one of uids) {
    if (one > next) gaps.push({ from: next, to: one - 1 });
    next = one + 1;
  }
  gaps.push({ from: next, to: grammarLimits.numberMax });
  return intersectSets(gaps, wanted);
}
