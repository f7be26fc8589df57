/**
 * The view: which messages a client believes to be in its selected mailbox, and under which
 * numbers. What others do is taken in by `sync`, and changes a number only when `take` hands it out
 * to be told. RFC 9051 §2.3.1.2, §5.5, §7.5.1. Numbers are loaded when they are first needed: who
 * only asks how many messages there are, or waits for new ones, has none in memory.
 */

import type { NumberRange, SequenceSet } from '@merpati/formats/imap/sequence-set.ts';
import { resolveSet } from '@merpati/formats/imap/sequence-set.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { FlagRow, MailboxStatus, Store } from '@merpati/store/contract.ts';
import { type AccountId, type MailboxId, type ModSeq, type Uid, uid } from '@merpati/store/ids.ts';
import type { MailChange } from '../feed.ts';
import { imapLimits } from '../limits.ts';
import { UidList } from './uid-list.ts';

/** The log of what was expunged does not reach back far enough to know what the client believes. */
export class ViewLost extends Error {
  override readonly name = 'ViewLost';
}

/** What of a store a view needs. */
export type ViewStore = Pick<Store, 'flagTable' | 'mailbox' | 'mailboxChanges' | 'uids'>;

export type ViewLimits = Readonly<Record<'changesMax' | 'tailUids', number>>;

/** What is to be told, in this order. */
export interface ViewUpdates {
  /** Ascending; empty when they may not be told now. */
  readonly vanished: readonly Uid[];
  /** Their numbers, each as it is when those before it have been told; null: not asked for. */
  readonly expunged: readonly number[] | null;
  /** How many there are now; null: as many as before, but for `vanished`. */
  readonly exists: number | null;
  readonly changed: readonly FlagRow[];
}

export interface TakeOptions {
  readonly expungesAllowed: boolean;
  /** EXPUNGE tells numbers, VANISHED does not. */
  readonly expungesHaveNumbers: boolean;
  /** FETCH tells numbers, UIDFETCH does not. */
  readonly changesHaveNumbers: boolean;
}

/** Which numbers and uids are going to be asked for: the lowest of each. */
export interface LoadNeed {
  readonly number: number;
  readonly uid: number;
}

const everything: LoadNeed = { number: 1, uid: 1 };

export class View {
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  readonly #store: ViewStore;
  readonly #changesMax: number;
  readonly #tailUids: number;
  /** null: not loaded. */
  #uids: UidList | null;
  /** As the client believes. */
  #count: number;
  /** All that the view knows of lie below. */
  #uidNext: number;
  /** Up to here the store was asked. */
  #modseq: ModSeq;
  /** Up to here something was heard of, and up to where before that. */
  #heard: ModSeq;
  #heardBefore: ModSeq;
  #mailboxWasEdited = false;
  /** Mutations whose effects this session has told, or knows anyway. */
  readonly #own = new Set<ModSeq>();
  /** Gone from the store, but still with a number. */
  readonly #gone = new Set<Uid>();
  readonly #arrived = new Map<Uid, FlagRow>();
  readonly #changed = new Map<Uid, FlagRow>();

  constructor(
    store: ViewStore,
    owner: AccountId,
    status: MailboxStatus,
    limits: ViewLimits = imapLimits,
  ) {
    this.#store = store;
    this.#changesMax = limits.changesMax;
    this.#tailUids = limits.tailUids;
    this.owner = owner;
    this.mailbox = status.id;
    this.#count = status.total;
    this.#uidNext = status.uidNext;
    this.#modseq = status.modseq;
    this.#heard = status.modseq;
    this.#heardBefore = status.modseq;
    // A mailbox from which nothing was ever taken: its uids are its numbers.
    this.#uids = status.total === status.uidNext - 1 ? UidList.withoutGaps(status.total) : null;
  }

  /** How many messages the client believes to be there: the last EXISTS, less what was expunged. */
  get count(): number {
    return this.#count;
  }

  /** All messages that the client knows of have lower uids. */
  get uidNext(): number {
    return this.#uidNext;
  }

  /** Everything up to here is known to the view, if not to the client yet. */
  get modseq(): ModSeq {
    return this.#modseq;
  }

  /** Something may have happened that `sync` would find. */
  get isStale(): boolean {
    return this.#mailboxWasEdited || this.#heard > this.#modseq;
  }

  // ---------------------------------------------------------------- numbers

  /**
   * To be awaited in a command before anything of this section is used. When no more than the end
   * of the mailbox is needed, no more may be read. Throws ViewLost.
   */
  async load(need: LoadNeed = everything): Promise<void> {
    if (this.#uids !== null && isKnown(this.#uids, need)) return;
    const tail = await this.#readTail(need);
    this.#uids = tail !== null && isKnown(tail, need) ? tail : await this.#readAll();
  }

  /** Those from this one on. */
  loadUids(from: number): Promise<void> {
    return this.load({ number: this.#count + 1, uid: from });
  }

  /** What `resolve` needs for a set, and what is asked of its answer. */
  loadFor(set: SequenceSet, by: 'number' | 'uid'): Promise<void> {
    let lowest = by === 'number' ? this.#count : this.#uidNext;
    for (const { from, to } of set) {
      if (from !== '*') lowest = Math.min(lowest, from);
      if (to !== '*') lowest = Math.min(lowest, to);
    }
    // `*` is the last message, whatever else is asked for.
    const last = Math.max(this.#count, 1);
    if (by === 'number') return this.load({ number: Math.max(lowest, 1), uid: this.#uidNext });
    return this.load({ number: last, uid: lowest });
  }

  /** null: the end is as good as all. */
  async #readTail(need: LoadNeed): Promise<UidList | null> {
    const knownFrom = this.#uidNext - this.#tailUids;
    if (knownFrom <= 1 || need.uid < knownFrom) return null;
    if (need.number <= this.#count - this.#tailUids) return null;
    const { uids } = await this.#store.flagTable(this.owner, this.mailbox, {
      fromUid: uid(knownFrom),
      toUid: uid(this.#uidNext - 1),
      limit: this.#tailUids,
    });
    const known = merge(uids, await this.#lostSince(knownFrom));
    const hidden = this.#count - known.length;
    if (hidden < 0) throw new ViewLost(`${known.length} messages instead of ${this.#count}`);
    return UidList.tail(known, hidden, knownFrom);
  }

  async #readAll(): Promise<UidList> {
    const now = await this.#store.uids(this.owner, this.mailbox);
    const uids = merge(now.subarray(0, lowerBound(now, this.#uidNext)), await this.#lostSince(1));
    if (uids.length !== this.#count) {
      throw new ViewLost(`${uids.length} messages instead of ${this.#count}`);
    }
    return UidList.of(uids);
  }

  /** Of a message number; throws RangeError when there is none. */
  uidAt(number: number): Uid {
    return this.#list().at(number);
  }

  /** Of a uid; 0 when the client knows none by it. */
  numberOf(one: Uid): number {
    return this.#list().numberOf(one);
  }

  /** Of these numbers, both included: a copy. */
  uidsOf({ from, to }: NumberRange): Uint32Array {
    return this.#list().slice(from, to);
  }

  /**
   * The message numbers that a set names, ascending and apart. Uids that are not there are left
   * out; a number beyond the last is an error of the client (RFC 9051 §9, seq-number): SyntaxFault.
   */
  resolve(set: SequenceSet, by: 'number' | 'uid'): readonly NumberRange[] {
    const list = this.#list();
    if (by === 'number') {
      const ranges = resolveSet(set, list.length);
      const last = ranges.at(-1);
      if (last === undefined || last.to <= list.length) return ranges;
      throw new SyntaxFault('imap.no-such-message', 'There is no message of that number');
    }
    const largest = list.length === 0 ? 0 : list.at(list.length);
    const ranges: { from: number; to: number }[] = [];
    for (const range of resolveSet(set, largest)) {
      const from = list.atLeast(range.from);
      const to = list.atLeast(range.to + 1) - 1;
      const last = ranges.at(-1);
      if (from > to) continue;
      if (last !== undefined && last.to + 1 === from) last.to = to;
      else ranges.push({ from, to });
    }
    return ranges;
  }

  /** Known to be gone from the store, though it has a number still. */
  isGone(one: Uid): boolean {
    return this.#gone.has(one);
  }

  #list(): UidList {
    if (this.#uids === null) throw new Error('the view was not loaded');
    return this.#uids;
  }

  // ---------------------------------------------------------------- what happens

  /** From the feed: a hint that `sync` has something to find. */
  hear(change: MailChange): void {
    if (change.account !== this.owner) return;
    if (change.kind === 'mailbox-changed') this.#mailboxWasEdited = true;
    else if (change.mailbox === this.mailbox && !this.#own.has(change.modseq)) {
      if (change.modseq <= this.#heard) return;
      this.#heardBefore = this.#heard;
      this.#heard = change.modseq;
    }
  }

  /**
   * A mutation of this session's own, whose changed flags it tells itself (or keeps to itself, as
   * .SILENT asks). Messages that came or went by it are told all the same.
   */
  knows(modseq: ModSeq): void {
    // What waits to be told may be of the same messages, and older: then the store tells both.
    if (this.#changed.size > 0) {
      if (modseq > this.#heard) this.#heard = modseq;
      return;
    }
    this.#own.add(modseq);
    // Asking the store forgets them.
    if (this.#own.size > imapLimits.ownChangesMax) this.#heard = modseq;
  }

  /**
   * As `knows`, of a mutation that has changed nothing but flags: when it is all that was heard of,
   * the store need not be asked for its messages again.
   */
  knowsFlags(modseq: ModSeq): void {
    if (this.#heard === modseq && this.#changed.size === 0) {
      if (this.#heardBefore <= this.#modseq) {
        this.#modseq = modseq;
        return;
      }
      this.#heard = this.#heardBefore;
    }
    this.knows(modseq);
  }

  /**
   * Takes in what has happened in the store; nothing of it is told yet. Asks it only when something
   * was heard, or `force`. False: the mailbox is not there any more.
   */
  async sync(force: boolean): Promise<boolean> {
    if (!force && !this.isStale) return true;
    const needsMailbox = this.#mailboxWasEdited || force;
    this.#mailboxWasEdited = false;
    if (needsMailbox && (await this.#store.mailbox(this.owner, this.mailbox)) === null) {
      return false;
    }
    for (;;) {
      const limit = this.#changesMax;
      const since = this.#modseq;
      const found = await this.#store.mailboxChanges(this.owner, this.mailbox, { since, limit });
      if (found.truncated) throw new ViewLost('the log was cut');
      for (const one of found.vanished) this.#takeVanished(one);
      for (const row of found.changed) this.#takeChanged(row);
      if (found.modseq > since) this.#modseq = found.modseq;
      const isCut = found.vanished.length + found.changed.length >= limit;
      if (!isCut && (this.#modseq >= this.#heard || found.modseq === since)) break;
    }
    this.#heard = this.#modseq;
    for (const modseq of this.#own) if (modseq <= this.#modseq) this.#own.delete(modseq);
    return true;
  }

  #takeVanished(one: Uid): void {
    this.#changed.delete(one);
    if (one >= this.#uidNext) this.#arrived.delete(one);
    else if (this.#uids?.knowsUid(one) !== true || this.#uids.numberOf(one) > 0) {
      this.#gone.add(one);
    }
  }

  #takeChanged(row: FlagRow): void {
    if (row.uid >= this.#uidNext) this.#arrived.set(row.uid, row);
    else if (this.#own.has(row.modseq)) this.#changed.delete(row.uid);
    else this.#changed.set(row.uid, row);
  }

  /** Hands out what is to be told now; from here on the client is taken to believe it. */
  async take(options: TakeOptions): Promise<ViewUpdates> {
    const mayExpunge = options.expungesAllowed && this.#gone.size > 0;
    const vanished = mayExpunge ? [...this.#gone].toSorted((one, other) => one - other) : [];
    const [lowest = this.#uidNext] = vanished;
    if (mayExpunge && options.expungesHaveNumbers) await this.loadUids(lowest);
    // Nobody asks for their numbers: who knows only the end would not find them.
    else if (this.#uids?.knowsUid(lowest) === false) this.#uids = null;
    const numbers = this.#uids?.remove(vanished) ?? null;
    if (mayExpunge) this.#gone.clear();
    this.#count -= vanished.length;
    const arrived = [...this.#arrived.keys()].toSorted((one, other) => one - other);
    this.#arrived.clear();
    this.#uids?.append(arrived);
    this.#count += arrived.length;
    this.#uidNext = Math.max(this.#uidNext, (arrived.at(-1) ?? 0) + 1);
    const changed = [...this.#changed.values()]
      .filter((row) => !this.#gone.has(row.uid))
      .toSorted((one, other) => one.uid - other.uid);
    this.#changed.clear();
    const [first] = changed;
    if (first !== undefined && options.changesHaveNumbers) await this.loadUids(first.uid);
    return {
      vanished,
      expunged: numbers === null ? null : numbers.toReversed(),
      exists: arrived.length > 0 ? this.#count : null,
      changed,
    };
  }

  /** To be asked after uids were read: gone from the store, but not from the view. */
  async #lostSince(from: number): Promise<readonly Uid[]> {
    const late = await this.#vanishedSince(this.#modseq);
    const lost = [...new Set([...this.#gone, ...late])];
    return lost.filter((one) => one >= from && one < this.#uidNext);
  }

  async #vanishedSince(modseq: ModSeq): Promise<Uid[]> {
    const vanished: Uid[] = [];
    for (let since = modseq; ;) {
      const limit = this.#changesMax;
      const found = await this.#store.mailboxChanges(this.owner, this.mailbox, { since, limit });
      if (found.truncated) throw new ViewLost('the log was cut');
      vanished.push(...found.vanished);
      const isCut = found.vanished.length + found.changed.length >= limit;
      if (!isCut || found.modseq === since) return vanished;
      since = found.modseq;
    }
  }
}

function isKnown(uids: UidList, need: LoadNeed): boolean {
  return uids.knowsNumber(need.number) && uids.knowsUid(need.uid);
}

/** How many of the ascending numbers are less than this. */
function lowerBound(uids: Uint32Array, end: number): number {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle]! < end) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those of both, ascending, each once. */
function merge(known: Uint32Array, more: readonly Uid[]): Uint32Array {
  if (more.length === 0) return known.slice();
  const all = new Uint32Array(known.length + more.length);
  all.set(known);
  all.set(more, known.length);
  all.sort();
  let length = 0;
  for (const one of all) {
    if (length === 0 || all[length - 1] !== one) all[length++] = one;
  }
  return all.slice(0, length);
}
