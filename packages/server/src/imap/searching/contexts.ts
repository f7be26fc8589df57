/**
 * Searches that are followed: `RETURN (UPDATE)`. When a message begins or ceases to match, the
 * client is told by ADDTO and REMOVEFROM. RFC 5267 §4. The numbers in both are as they are when the
 * response is sent: REMOVEFROM comes before the EXPUNGE of a message, ADDTO after its EXISTS.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { quoted } from '@merpati/formats/imap/response-writer.ts';
import type { SearchKey } from '@merpati/formats/imap/search-key.ts';
import { type ModSeq, modSeq, uid } from '@merpati/store/ids.ts';
import type { Selected } from '../selected.ts';
import type { Session } from '../session.ts';
import { writeAscending } from './answers.ts';
import { criteriaOf, hasKey } from './criteria.ts';
import { findMessages } from './find.ts';
import { imapLimits } from '../limits.ts';
import { largestUid, selectedScope } from './scope.ts';

interface Context {
  readonly tag: string;
  readonly isUid: boolean;
  readonly what: SearchKey;
  /** What the client believes to match. */
  readonly matching: Set<number>;
  /** Changes up to here are in it. */
  modseq: ModSeq;
}

/** They end with the selection. */
const contextsOf = new WeakMap<Selected, Context[]>();

/**
 * Keys whose answer changes though no message does, and those that a change of others changes: such
 * a search is not followed.
 */
const unsteadyKeys = ['numbers', 'older', 'younger', 'saved'] as const;

export function followSearch(
  session: Session,
  command: CommandOf<'search'> | CommandOf<'sort'>,
  uids: Uint32Array,
): void {
  const { open } = session;
  const contexts = contextsOf.get(open) ?? [];
  const isSteady = !unsteadyKeys.some((key) => hasKey(command.what, key));
  // Sorted ones would tell places too: CONTEXT=SORT is not on offer.
  const isFollowed =
    command.name === 'search' &&
    isSteady &&
    contexts.length < imapLimits.contextsMax &&
    uids.length <= imapLimits.contextMessagesMax &&
    !contexts.some(({ tag }) => tag === command.tag);
  if (!isFollowed) {
    const code = { code: 'NOUPDATE', tag: command.tag } as const;
    session.putStatus('NO', 'This search is not followed', code);
    return;
  }
  const { tag, uid: isUid, what } = command;
  contexts.push({ tag, isUid, what, matching: new Set(uids), modseq: open.view.modseq });
  contextsOf.set(open, contexts);
}

/** False: there is none by that tag. */
export function forgetSearch(session: Session, tag: string): boolean {
  const contexts = contextsOf.get(session.open) ?? [];
  const at = contexts.findIndex((context) => context.tag === tag);
  if (at >= 0) contexts.splice(at, 1);
  return at >= 0;
}

/** Before messages that are gone are told to be so. */
export async function tellGoneFromSearches(session: Session, selected: Selected): Promise<void> {
  for (const context of contextsOf.get(selected) ?? []) {
    const gone = [...context.matching].filter((one) => selected.view.isGone(uid(one)));
    if (gone.length === 0) continue;
    if (!context.isUid) await selected.view.load();
    tell(session, context, 'REMOVEFROM', gone);
    for (const one of gone) context.matching.delete(one);
  }
}

/** After new messages and changed flags were told. */
export async function tellChangedSearches(session: Session, selected: Selected): Promise<void> {
  for (const context of contextsOf.get(selected) ?? []) {
    if (context.modseq >= selected.view.modseq) continue;
    await selected.view.load();
    const before = context.modseq;
    context.modseq = selected.view.modseq;
    const changed = await changedSince(session, selected, before);
    const matching =
      changed.length === 0 ? new Set<number>() : await matchingSince(session, context, before);
    const added = changed.filter((one) => matching.has(one) && !context.matching.has(one));
    const removed = changed.filter((one) => !matching.has(one) && context.matching.has(one));
    if (removed.length > 0) tell(session, context, 'REMOVEFROM', removed);
    if (added.length > 0) tell(session, context, 'ADDTO', added);
    for (const one of removed) context.matching.delete(one);
    for (const one of added) context.matching.add(one);
  }
}

/** Uids that the client knows of, ascending. */
async function changedSince(
  session: Session,
  { owner, mailbox }: Selected,
  modseq: ModSeq,
): Promise<number[]> {
  const largest = largestUid(session);
  const changed = new Set<number>();
  const limit = imapLimits.changesMax;
  for (let since = modseq; ;) {
    const found = await session.store.mailboxChanges(owner, mailbox, { since, limit });
    for (const row of found.changed) if (row.uid <= largest) changed.add(row.uid);
    const isCut = found.vanished.length + found.changed.length >= limit;
    if (!isCut || found.modseq === since) break;
    since = found.modseq;
  }
  return [...changed].toSorted((one, other) => one - other);
}

async function matchingSince(
  session: Session,
  context: Context,
  since: ModSeq,
): Promise<ReadonlySet<number>> {
  const { owner, mailbox } = session.open;
  const { uids } = await findMessages(session, {
    tag: context.tag,
    owner,
    mailbox,
    criteria: {
      kind: 'and',
      of: [
        { kind: 'modseq', from: modSeq(since + 1) },
        criteriaOf(context.what, selectedScope(session)),
      ],
    },
    order: [],
    largestUid: largestUid(session),
  });
  return new Set(uids);
}

/** RFC 5267 §4.3: the place is 0 where there is no order. */
function tell(
  session: Session,
  { tag, isUid }: Context,
  what: 'ADDTO' | 'REMOVEFROM',
  uids: readonly number[],
): void {
  const { view } = session.open;
  const numbers = isUid ? uids : uids.map((one) => view.numberOf(uid(one)));
  const set = writeAscending(numbers.filter((number) => number > 0).toSorted(byNumber));
  if (set === '') return;
  session.put(`* ESEARCH (TAG ${quoted(tag)})${isUid ? ' UID' : ''} ${what} (0 ${set})\r\n`);
}

function byNumber(one: number, other: number): number {
  return one - other;
}
