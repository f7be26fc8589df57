/**
 * What is recent: messages of which no session was told before this one. IMAP4rev2 has given it up;
 * clients of rev1 may ask for it. RFC 3501 §2.3.2, §7.3.2; RFC 9051 appendix E. It is kept in
 * memory, for what has come since the process began: mail that lay there before is not news.
 */

import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import type { Change, FlagRow, Store } from '@merpati/store/contract.ts';
import { type AccountId, type MailboxId, type Uid, uid } from '@merpati/store/ids.ts';
import { imapLimits } from './limits.ts';
import type { Selected } from './selected.ts';
import type { Session } from './session.ts';

/** Beside `flagBits`, in rows that are about to be written: `\Recent`. */
export const recentBit = 64;

interface Recent {
  /** UIDs, ascending. */
  readonly ranges: NumberRange[];
  /** The number of the last RECENT; null: none was told yet. */
  told: number | null;
}

/** Of a session, as long as the mailbox is open. */
const recentOf = new WeakMap<Selected, Recent>();

class UntoldMail {
  /** Of each mailbox that has any: the first message of which no session was told. */
  readonly #firsts = new Map<string, Uid>();

  constructor(store: Store) {
    const hear = (changes: readonly Change[]): void => changes.forEach((one) => this.#hear(one));
    store.subscribe(hear, { of: 'mail' });
  }

  #hear(change: Change): void {
    if (change.kind !== 'message-added') return;
    const key = keyOf(change.account, change.mailbox);
    if (!this.#firsts.has(key)) this.#firsts.set(key, change.uid);
    if (this.#firsts.size <= imapLimits.untoldMailboxesMax) return;
    const [oldest] = this.#firsts.keys();
    if (oldest !== undefined) this.#firsts.delete(oldest);
  }

  firstOf(owner: AccountId, mailbox: MailboxId): Uid | null {
    return this.#firsts.get(keyOf(owner, mailbox)) ?? null;
  }

  /** A session was told of all below. */
  advance(owner: AccountId, mailbox: MailboxId, first: Uid): void {
    this.#firsts.set(keyOf(owner, mailbox), first);
  }
}

function keyOf(owner: AccountId, mailbox: MailboxId): string {
  return `${owner}/${mailbox}`;
}

const ofStores = new WeakMap<Store, UntoldMail>();

/** The one of a store. It knows what has come since it was first asked for. */
export function untoldMailOf(store: Store): UntoldMail {
  let untold = ofStores.get(store);
  if (untold === undefined) {
    untold = new UntoldMail(store);
    ofStores.set(store, untold);
  }
  return untold;
}

/**
 * What is untold becomes this session's, up to what its client knows of; to one that may only look
 * it is shown, and stays untold. Answers whether there was any.
 */
async function takeRecent(
  session: Session,
  selected: Selected,
  ranges: NumberRange[],
): Promise<boolean> {
  const untold = untoldMailOf(session.store);
  const { owner, mailbox, view } = selected;
  const heard = untold.firstOf(owner, mailbox);
  const to = view.uidNext - 1;
  if (heard === null || heard > to) return false;
  const key = keyOf(owner, mailbox);
  const { recent: told } = session.home.shared;
  const last = ranges.at(-1);
  if (selected.isReadOnly) {
    const from = atLeast(await told.peek(key, heard), to);
    if (last?.to === to || from > to) return false;
    ranges.splice(0, 1, { from, to });
    return true;
  }
  // A session of another thread may have been told of them: the claim decides.
  const from = atLeast(await told.claim(key, heard, to + 1), to);
  untold.advance(owner, mailbox, uid(to + 1));
  if (from > to) return false;
  if (last !== undefined && from <= last.to + 1) ranges.pop();
  const start = last !== undefined && from <= last.to + 1 ? last.from : from;
  ranges.push({ from: atLeast(start, to), to });
  if (ranges.length > imapLimits.recentRangesMax) ranges.shift();
  return true;
}

/**
 * `* n RECENT` when the mailbox is opened, when there is something new to be told, and when recent
 * messages were expunged: the client keeps the number that it heard last. Not to clients of rev2.
 */
export async function tellRecent(session: Session, selected: Selected): Promise<void> {
  if (session.modes.rev2) return;
  const recent = recentOf.get(selected) ?? { ranges: [], told: null };
  recentOf.set(selected, recent);
  const isNew = await takeRecent(session, selected, recent.ranges);
  const count = await countInView(selected, recent.ranges);
  if (!isNew && count === recent.told) return;
  recent.told = count;
  session.put(`* ${count} RECENT\r\n`);
}

/** Of what the client believes to be there, which the store may be ahead of. */
async function countInView({ view }: Selected, ranges: readonly NumberRange[]): Promise<number> {
  if (ranges.length === 0) return 0;
  await view.loadFor(ranges, 'uid');
  const numbers = view.resolve(ranges, 'uid');
  return numbers.reduce((count, { from, to }) => count + to - from + 1, 0);
}

/** Of very much that came at once only the last is news: somebody must count it. */
function atLeast(first: number, to: number): number {
  return Math.max(first, to - imapLimits.recentUidsMax + 1);
}

/** Of a mailbox that is not open: what a session that selects it would be told. */
export async function countUntold(
  { store, home }: Pick<Session, 'store' | 'home'>,
  where: { readonly owner: AccountId; readonly mailbox: MailboxId; readonly uidNext: Uid },
): Promise<number> {
  const { owner, mailbox } = where;
  const heard = untoldMailOf(store).firstOf(owner, mailbox);
  if (heard === null) return 0;
  const first = await home.shared.recent.peek(keyOf(owner, mailbox), heard);
  const to = where.uidNext - 1;
  return countUids(store, where, { from: atLeast(first, to), to });
}

/** UIDs, ascending. */
export function recentRanges(session: Session, selected: Selected): readonly NumberRange[] {
  return session.modes.rev2 ? [] : (recentOf.get(selected)?.ranges ?? []);
}

/** `recentBit` when the uid is in one of the ranges, or 0. */
export function recentBitIn(ranges: readonly NumberRange[], one: number): number {
  if (ranges.length === 0) return 0;
  return ranges.some(({ from, to }) => from <= one && one <= to) ? recentBit : 0;
}

/** The row as the client of the selected mailbox is to see it. */
export function withRecent(session: Session, row: FlagRow): FlagRow {
  const bit = recentBitIn(recentRanges(session, session.open), row.uid);
  return bit === 0 ? row : { ...row, flags: row.flags | bit };
}

async function countUids(
  store: Store,
  { owner, mailbox }: { readonly owner: AccountId; readonly mailbox: MailboxId },
  { from, to }: NumberRange,
): Promise<number> {
  if (from > to) return 0;
  const slice = { fromUid: uid(from), toUid: uid(to), limit: to - from + 1 };
  return (await store.flagTable(owner, mailbox, slice)).uids.length;
}
