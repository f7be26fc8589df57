/**
 * SEARCH and SORT in the selected mailbox: the same search, answered in one order or another. RFC
 * 9051 §6.4.4; RFC 5182 §2 (SAVE); RFC 5256 §3; RFC 5267 §3, §4; RFC 6203 (RELEVANCY).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import type { SearchReturn } from '@merpati/formats/imap/search-key.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { type ModSeq, type Uid, modSeq, uid } from '@merpati/store/ids.ts';
import type { SortKey } from '@merpati/store/search.ts';
import { SearchTooBig } from '@merpati/store/search.ts';
import { type Answer, no, ok } from '../command-row.ts';
import { useCondstore } from '../condstore.ts';
import type { Session } from '../session.ts';
import { savedOf, tellEsearch, tellNumbers } from './answers.ts';
import { followSearch } from './contexts.ts';
import { criteriaOf, hasKey } from './criteria.ts';
import { type Outcome, type SearchedFor, findMessages } from './find.ts';
import { bestMatches, checkRelevancy, orderByRelevancy, weigh } from './relevancy.ts';
import { largestUid, selectedScope } from './scope.ts';

type SearchCommand = CommandOf<'search'> | CommandOf<'sort'>;

/** What `RETURN ()` asks for, and a client of rev2 that says nothing. */
const allOnly: SearchReturn = {
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  partial: null,
  update: false,
  context: false,
  relevancy: false,
};

/** `source`: the mailbox was named, and is named in the answer. RFC 7377 §2.1. */
export async function searchSelected(
  session: Session,
  command: SearchCommand,
  source: Uint8Array | null = null,
): Promise<Answer> {
  const save = command.returns?.save === true;
  try {
    await session.open.view.load();
    checkSearch(session, command);
    await performSearch(session, command, source);
  } catch (error) {
    if (!(error instanceof SearchTooBig)) throw error;
    // RFC 5182 §2.1: after a NO there is no result.
    if (save) session.open.saved = [];
    return no('That is too much for one search', { code: 'LIMIT' });
  }
  return ok(command.name === 'sort' ? 'Sorted' : 'Searched');
}

function checkSearch(session: Session, command: SearchCommand): void {
  if (!command.uid && session.modes.uidOnly) {
    throw new SyntaxFault('imap.uid-required', 'Message numbers were given up: use UIDs');
  }
  if (command.returns?.relevancy === true || isByRelevancy(command)) checkRelevancy(command.what);
  // RFC 7162 §3.1: whoever asks for modseqs wants them from now on.
  if (hasKey(command.what, 'modseq')) useCondstore(session);
}

/** Behind another key it would only order what is equal by that: seldom, and left as it is. */
function isByRelevancy(command: SearchCommand): boolean {
  return command.name === 'sort' && command.criteria[0]?.by === 'relevancy';
}

async function performSearch(
  session: Session,
  command: SearchCommand,
  source: Uint8Array | null,
): Promise<void> {
  const { open } = session;
  const { returns, what } = command;
  const scope = selectedScope(session);
  const order = command.name === 'sort' ? command.criteria : [];
  const search: SearchedFor = {
    tag: command.tag,
    owner: open.owner,
    mailbox: open.mailbox,
    criteria: criteriaOf(what, scope),
    order: order.filter((one): one is SortKey => one.by !== 'relevancy'),
    largestUid: largestUid(session),
  };
  let outcome = await findMessages(session, search);
  const isWeighed = returns?.relevancy === true || isByRelevancy(command);
  const best = isWeighed ? await bestMatches(session, search, { what, scope }) : null;
  if (best !== null && isByRelevancy(command)) {
    const reverse = order[0]?.reverse === true;
    outcome = { ...outcome, uids: orderByRelevancy(outcome.uids, best, { reverse }) };
  }
  if (returns?.save === true) open.saved = Array.from(savedOf(outcome.uids, returns), uid);
  await tellOutcome(session, command, { ...outcome, best, source });
  if (returns?.update === true) followSearch(session, command, outcome.uids);
}

interface Told extends Outcome {
  readonly best: ReadonlySet<number> | null;
  readonly source: Uint8Array | null;
}

async function tellOutcome(session: Session, command: SearchCommand, told: Told): Promise<void> {
  const { uids, modseq, best } = told;
  const { returns } = command;
  const isSorted = command.name === 'sort';
  const numbers = command.uid ? uids : toNumbers(session, uids);
  const asksModseq = hasKey(command.what, 'modseq');
  if (returns === null && (isSorted || !session.modes.rev2)) {
    const word = isSorted ? 'SORT' : 'SEARCH';
    await tellNumbers(session, word, { numbers, modseq: asksModseq ? modseq : null });
    return;
  }
  if (returns !== null && isSilent(returns)) return;
  await tellEsearch(session, {
    tag: command.tag,
    isUid: command.uid,
    returns: returns ?? allOnly,
    numbers,
    modseq: asksModseq ? await modseqToTell(session, returns ?? allOnly, told) : null,
    relevancy: best !== null && returns?.relevancy === true ? weigh(uids, best) : null,
    source: told.source,
  });
}

/** RFC 5182 §2.1: SAVE alone is answered by OK alone. */
function isSilent({ min, max, all, count, partial, relevancy, save }: SearchReturn): boolean {
  return save && !min && !max && !all && !count && partial === null && !relevancy;
}

function toNumbers(session: Session, uids: Uint32Array): Uint32Array {
  const { view } = session.open;
  return uids.map((one) => view.numberOf(uid(one))).filter((number) => number > 0);
}

/** RFC 7162 §3.1.10: of MIN and MAX alone their own modseqs count, not those of the others. */
async function modseqToTell(
  session: Session,
  returns: SearchReturn,
  { uids, modseq }: Outcome,
): Promise<ModSeq> {
  const { min, max, all, count, partial } = returns;
  if (all || count || partial !== null || (!min && !max)) return modseq;
  const ends = [min ? uids[0] : undefined, max ? uids.at(-1) : undefined];
  const modseqs = await Promise.all(
    ends.filter((one) => one !== undefined).map((one) => modseqOf(session, uid(one))),
  );
  return modSeq(Math.max(0, ...modseqs));
}

async function modseqOf(session: Session, one: Uid): Promise<number> {
  const { owner, mailbox } = session.open;
  const slice = { fromUid: one, toUid: one, limit: 1 };
  const [row] = await session.store.flagRows(owner, mailbox, slice);
  return row?.modseq ?? 0;
}
