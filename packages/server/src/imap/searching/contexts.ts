/**
 * Searches that are followed: `RETURN (UPDATE)`. When a message begins or ceases to match, the
 * client is told by ADDTO and REMOVEFROM. RFC 5267 §4. The numbers in both are as they are when the
 * response is sent: REMOVEFROM comes before the EXPUNGE of a message, ADDTO after its EXISTS.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { quoted } from '@merpati/formats/imap/response-writer.ts';
import type { SearchKey, SortCriterion } from '@merpati/formats/imap/search-key.ts';
import { type ModSeq, modSeq, uid } from '@merpati/store/ids.ts';
import type { Criterion, SortKey } from '@merpati/store/search.ts';
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
  /** Of a SORT: additions tell their place in it. None of it ever changes for a message. */
  readonly order: readonly SortKey[];
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
  const order = command.name === 'sort' ? command.criteria : [];
  const isFollowed =
    isSteady &&
    order.every(isSortKey) &&
    contexts.length < imapLimits.contextsMax &&
    uids.length <= imapLimits.contextMessagesMax &&
    !contexts.some(({ tag }) => tag === command.tag);
  if (!isFollowed) {
    const code = { code: 'NOUPDATE', tag: command.tag } as const;
    session.putStatus('NO', 'This search is not followed', code);
    return;
  }
  const { tag, uid: isUid, what } = command;
  contexts.push({
    tag,
    isUid,
    what,
    order: order.filter(isSortKey),
    matching: new Set(uids),
    modseq: open.view.modseq,
  });
  contextsOf.set(open, contexts);
}

/** How well a message matches may change by what others say. */
function isSortKey(one: SortCriterion): one is SortKey {
  return one.by !== 'relevancy';
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
    tell(session, context, 'REMOVEFROM', [[0, gone]]);
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
    if (changed.length === 0) continue;
    const matching = new Set(await findAgain(session, context, { since: before, order: [] }));
    const added = changed.filter((one) => matching.has(one) && !context.matching.has(one));
    const removed = changed.filter((one) => !matching.has(one) && context.matching.has(one));
    if (removed.length > 0) tell(session, context, 'REMOVEFROM', [[0, removed]]);
    if (added.length > 0) {
      tell(session, context, 'ADDTO', await placesOf(session, context, added));
    }
    for (const one of removed) context.matching.delete(one);
    for (const one of added) context.matching.add(one);
  }
}

/** Messages, and where they are added. RFC 5267 §4.3.1. */
type Placed = readonly (readonly [place: number, uids: readonly number[]])[];

/** In this order each place is right when those before have been taken in. */
async function placesOf(
  session: Session,
  context: Context,
  added: readonly number[],
): Promise<Placed> {
  const { order } = context;
  if (order.length === 0) return [[0, added]];
  const all = await findAgain(session, context, { since: null, order });
  const isAdded = new Set(added);
  const placed: [number, number[]][] = [];
  all.forEach((one, index) => {
    if (isAdded.has(one)) placed.push([index + 1, [one]]);
  });
  return placed;
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

/** What matches now; of all, or of what has changed since. */
async function findAgain(
  session: Session,
  { tag, what }: Context,
  { since, order }: { readonly since: ModSeq | null; readonly order: readonly SortKey[] },
): Promise<Uint32Array> {
  const { owner, mailbox } = session.open;
  const wanted = criteriaOf(what, selectedScope(session));
  const criteria: Criterion =
    since === null
      ? wanted
      : { kind: 'and', of: [{ kind: 'modseq', from: modSeq(since + 1) }, wanted] };
  const search = { tag, owner, mailbox, criteria, order, largestUid: largestUid(session) };
  return (await findMessages(session, search)).uids;
}

function tell(
  session: Session,
  { tag, isUid }: Context,
  what: 'ADDTO' | 'REMOVEFROM',
  placed: Placed,
): void {
  const { view } = session.open;
  const pairs = placed.map(([place, uids]) => {
    const numbers = isUid ? uids : uids.map((one) => view.numberOf(uid(one)));
    return [place, writeAscending(numbers.filter((number) => number > 0).toSorted(byNumber))];
  });
  const told = pairs.filter(([, set]) => set !== '').map((pair) => pair.join(' '));
  if (told.length === 0) return;
  const kind = isUid ? ' UID' : '';
  session.put(`* ESEARCH (TAG ${quoted(tag)})${kind} ${what} (${told.join(' ')})\r\n`);
}

function byNumber(one: number, other: number): number {
  return one - other;
}
