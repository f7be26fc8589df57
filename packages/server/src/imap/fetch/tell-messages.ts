/**
 * The answers of a FETCH: messages in slices, flags first, then what the store has at hand, then
 * the messages themselves. RFC 9051 §6.4.5, §7.5.2.
 */

import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import type { Part } from '@merpati/formats/message/part.ts';
import { type FlagRow, type FlagTable, flagBits } from '@merpati/store/contract.ts';
import type { ContentId, Uid } from '@merpati/store/ids.ts';
import type { DetailRow } from '@merpati/store/search.ts';
import { mayDo } from '../access/rights.ts';
import type { Answer } from '../command-row.ts';
import { answerFailure } from '../failure.ts';
import { imapLimits } from '../limits.ts';
import { recentBitIn, recentRanges, withRecent } from '../recent.ts';
import type { Session } from '../session.ts';
import { writeFlagsItem, writeModseqItem } from '../view/tell.ts';
import { AnswerBuffer } from './answer-buffer.ts';
import { writeBodyItem } from './body-items.ts';
import { MessageBody } from './message-body.ts';
import type { FetchPlan } from './plan.ts';
import { noteRead } from './read-notes.ts';
import { type Told, isAtHand, writeRowItem } from './row-items.ts';
import { type NumberSlice, countOf, matchRows, slicesOf, uidSliceOf } from './slices.ts';
import { WholeMessages } from './whole-messages.ts';

export interface Telling {
  readonly plan: FetchPlan;
  readonly ranges: readonly NumberRange[];
  /** Only what has changed since. */
  readonly changedSince: number | null;
}

/** What became of it. */
export interface Outcome {
  /** Messages that the client believes in and that are gone. */
  readonly gone: number;
  /** Parts that have an encoding that we do not know. */
  readonly undecoded: number;
  /** What stood in the way of one of the messages. */
  readonly failure: Answer | null;
}

export async function tellMessages(session: Session, telling: Telling): Promise<Outcome> {
  const teller = new Teller(session, telling);
  try {
    await teller.run();
  } finally {
    noteRead(session, teller.read);
  }
  return teller;
}

/** Trees of large messages: clients fetch such a one piece by piece. */
const lastLarge = new WeakMap<Session, { content: ContentId; owner: number; root: Part }>();

class Teller implements Outcome {
  gone = 0;
  undecoded = 0;
  failure: Answer | null = null;
  /** Whose text was handed out. */
  readonly read: Uid[] = [];
  readonly #session: Session;
  readonly #telling: Telling;
  readonly #answer = new AnswerBuffer();
  readonly #whole: WholeMessages;
  readonly #recent: readonly NumberRange[];
  /** No item of the response at hand has been written. */
  #isFirst = true;

  constructor(session: Session, telling: Telling) {
    this.#session = session;
    this.#telling = telling;
    this.#whole = new WholeMessages(session);
    this.#recent = recentRanges(session, session.open);
  }

  async run(): Promise<void> {
    const { plan, ranges } = this.#telling;
    const isLight = plan.isLight && !plan.marksSeen;
    const isFixed = plan.isFixed && !plan.marksSeen && this.#telling.changedSince === null;
    const { fixedRowsMax, lightRowsMax, rowsMax } = imapLimits;
    const numbersMax = isLight ? lightRowsMax : isFixed ? fixedRowsMax : rowsMax;
    for (const slice of slicesOf(ranges, numbersMax)) {
      if (isLight) await this.#tellLight(slice);
      else if (isFixed) await this.#tellFixed(slice);
      else await this.#tellSlice(slice);
    }
  }

  // ---------------------------------------------------------------- flags and uids

  async #tellLight(slice: NumberSlice): Promise<void> {
    const { store, open } = this.#session;
    const rows = uidSliceOf(open.view, slice);
    const table = await store.flagTable(open.owner, open.mailbox, rows);
    this.#count(slice, table.uids.length);
    for (const keywords of table.keywords) this.#session.learnKeywords(keywords);
    let text = '';
    const found = { length: table.uids.length, uidAt: (row: number) => table.uids[row]! };
    for (const { number, row } of matchRows(open.view, slice, found)) {
      if (!this.#isWanted(table.modseqs[row]!)) continue;
      text += this.#lightLine(number, table, row);
      if (text.length < imapLimits.replyOctetsMax) continue;
      await this.#session.send(text);
      text = '';
    }
    await this.#session.send(text);
  }

  #lightLine(number: number, table: FlagTable, row: number): string {
    const one = table.uids[row]!;
    let line = this.#start(number, one);
    let gap = '';
    for (const { item } of this.#telling.plan.items) {
      if (item === 'uid') line += `${gap}UID ${one}`;
      else if (item === 'modseq') line += `${gap}MODSEQ (${table.modseqs[row]!})`;
      else {
        const keywords = table.keywords[table.keywordSets[row]!]!;
        const flags = table.flags[row]! | recentBitIn(this.#recent, one);
        line += gap + writeFlagsItem({ flags, keywords });
      }
      gap = ' ';
    }
    return `${line})\r\n`;
  }

  // ---------------------------------------------------------------- what the index has at hand

  async #tellFixed(slice: NumberSlice): Promise<void> {
    const { open } = this.#session;
    const rows = await this.#details(uidSliceOf(open.view, slice));
    this.#count(slice, rows.length);
    const found = { length: rows.length, uidAt: (row: number) => rows[row]!.uid };
    for (const { number, lastNumber, row } of matchRows(open.view, slice, found)) {
      const detail = rows[row]!;
      const start = this.#start(number, detail.uid);
      const { owner } = open;
      const last = open.view.uidAt(lastNumber);
      const told = { owner, start, last, of: detail, row: null, detail, isNewlySeen: false };
      const sending = this.#tell(told);
      if (sending !== undefined) await sending;
    }
    await this.#send();
  }

  // ---------------------------------------------------------------- whole rows

  async #tellSlice(slice: NumberSlice): Promise<void> {
    const { store, open } = this.#session;
    const { plan } = this.#telling;
    const uids = uidSliceOf(open.view, slice);
    const rows = await store.flagRows(open.owner, open.mailbox, uids);
    this.#count(slice, rows.length);
    for (const { keywords } of rows) this.#session.learnKeywords(keywords);
    const details = new Map((await this.#details(uids)).map((row) => [row.uid, row]));
    const found = { length: rows.length, uidAt: (row: number) => rows[row]!.uid };
    const wanted = [...matchRows(open.view, slice, found)].filter(({ row }) =>
      this.#isWanted(rows[row]!.modseq),
    );
    const seen = plan.marksSeen ? await this.#markSeen(wanted.map(({ row }) => rows[row]!)) : null;
    for (const { number, lastNumber, row } of wanted) {
      const before = rows[row]!;
      const sending = this.#tell({
        owner: open.owner,
        start: this.#start(number, before.uid),
        last: open.view.uidAt(lastNumber),
        of: before,
        row: withRecent(this.#session, seen?.get(before.uid) ?? before),
        detail: details.get(before.uid) ?? null,
        isNewlySeen: seen?.has(before.uid) === true,
      });
      if (sending !== undefined) await sending;
    }
    await this.#send();
  }

  /** A promise only when something must be waited for: listings are long. */
  #tell(told: Told): void | Promise<void> {
    if (isAtHand(this.#telling.plan, told.detail)) this.#tellAtHand(told);
    else if (!this.#tellWhole(told)) return this.#tellOpened(told);
    if (this.#answer.length > imapLimits.replyOctetsMax) return this.#send();
  }

  async #send(): Promise<void> {
    if (this.#answer.length > 0) await this.#session.send(this.#answer.take());
  }

  async #details(uids: ReturnType<typeof uidSliceOf>): Promise<readonly DetailRow[]> {
    const { plan } = this.#telling;
    if (plan.details.length === 0) return [];
    const { store, open } = this.#session;
    const ask = () => store.details(open.owner, open.mailbox, uids, plan.details);
    let rows = await ask();
    // Conversations are found out by the index alone.
    if (plan.details.includes('thread') && rows.some(({ thread }) => thread === null)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, imapLimits.threadWaitMs);
      await Promise.race([store.indexed(open.owner), promise]);
      clearTimeout(timer);
      rows = await ask();
    }
    return rows;
  }

  #tellAtHand(told: Told): void {
    this.#begin(told);
    for (const item of this.#telling.plan.items) {
      this.#separate();
      writeRowItem(this.#answer, told, item);
    }
    this.#close(told);
  }

  /** All of a message that was read with its neighbours. False: it was not. */
  #tellWhole(told: Told): boolean {
    const { plan } = this.#telling;
    const bytes = plan.isWhole ? this.#whole.held(told.of.uid) : null;
    if (bytes === null) return false;
    this.#begin(told);
    for (const item of plan.items) {
      this.#separate();
      if (item.item !== 'body-octets') writeRowItem(this.#answer, told, item);
      else {
        this.#answer.octets(item.label);
        this.#answer.text(` {${bytes.length}}\r\n`);
        this.#answer.octets(bytes);
      }
    }
    this.#close(told);
    if (plan.readsText) this.read.push(told.of.uid);
    return true;
  }

  /** A message of its own: if it cannot be read, the others are told all the same. */
  async #tellOpened(told: Told): Promise<void> {
    const session = this.#session;
    const start = this.#answer.length;
    try {
      const body = await this.#open(told);
      if (body === null) this.gone += 1;
      else await this.#tellFrom(body, told);
    } catch (error) {
      if (session.isSending) throw error;
      this.#answer.cut(start);
      this.failure ??= answerFailure(session, error);
    }
    session.isSending = false;
    if (this.#answer.length > imapLimits.replyOctetsMax) await this.#send();
  }

  async #tellFrom(body: MessageBody, told: Told): Promise<void> {
    const { plan } = this.#telling;
    const session = this.#session;
    const answer = this.#answer;
    this.#begin(told);
    for (const item of plan.items) {
      const before = answer.length;
      const wasFirst = this.#isFirst;
      this.#separate();
      if (writeRowItem(answer, told, item)) continue;
      if (await writeBodyItem({ session, answer, body }, item)) continue;
      this.undecoded += 1;
      answer.cut(before);
      this.#isFirst = wasFirst;
    }
    this.#close(told);
    if (plan.readsText) this.read.push(told.of.uid);
    this.#keepTree(body, told.of.content);
  }

  async #open({ of: { content, size, uid }, last: lastUid }: Told): Promise<MessageBody | null> {
    const { store, open } = this.#session;
    if (size <= imapLimits.messageInMemoryOctetsMax) {
      const bytes = await this.#whole.take(uid, lastUid);
      if (bytes !== null) return MessageBody.of(bytes);
    }
    const last = lastLarge.get(this.#session);
    const root = last?.content === content && last.owner === open.owner ? last.root : null;
    return MessageBody.open(store, { owner: open.owner, content, root });
  }

  #keepTree(body: MessageBody, content: ContentId): void {
    if (!body.isLarge || body.knownRoot === null) return;
    const { owner } = this.#session.open;
    lastLarge.set(this.#session, { content, owner, root: body.knownRoot });
  }

  // ---------------------------------------------------------------- pieces

  #start(number: number, one: number): string {
    return this.#session.modes.uidOnly ? `* ${one} UIDFETCH (` : `* ${number} FETCH (`;
  }

  #begin(told: Told): void {
    this.#answer.text(told.start);
    this.#isFirst = true;
  }

  #separate(): void {
    if (!this.#isFirst) this.#answer.text(' ');
    this.#isFirst = false;
  }

  #close(told: Told): void {
    const { plan } = this.#telling;
    if (told.row !== null && told.isNewlySeen && !plan.items.some(({ item }) => item === 'flags')) {
      this.#separate();
      this.#answer.text(writeFlagsItem(told.row));
      if (this.#session.modes.condstore && !plan.items.some(({ item }) => item === 'modseq')) {
        this.#answer.text(` ${writeModseqItem(told.row)}`);
      }
    }
    this.#answer.text(')\r\n');
  }

  #isWanted(modseq: number): boolean {
    const { changedSince } = this.#telling;
    return changedSince === null || modseq > changedSince;
  }

  #count(slice: NumberSlice, found: number): void {
    if (found === slice.to - slice.from + 1) return;
    this.gone += Math.min(slice.to - slice.from + 1 - found, countOf(slice.wanted));
  }

  /** Sets `\Seen` where it is missing; answers those rows as they are now. */
  async #markSeen(rows: readonly FlagRow[]): Promise<ReadonlyMap<Uid, FlagRow> | null> {
    const { store, open } = this.#session;
    if (open.isReadOnly || !mayDo(open.rights, 's')) return null;
    const unseen = rows.filter(({ flags }) => (flags & flagBits.seen) === 0);
    if (unseen.length === 0) return null;
    const { modseq, changed } = await store.setFlags({
      account: open.owner,
      mailbox: open.mailbox,
      uids: unseen.map((row) => row.uid),
      op: 'add',
      flags: flagBits.seen,
      keywords: [],
    });
    // Somebody else may have been faster: then that modseq is not ours.
    if (changed.length > 0) open.view.knowsFlags(modseq);
    const marked = new Set(changed);
    const now = unseen.filter((row) => marked.has(row.uid));
    return new Map(
      now.map((row) => [row.uid, { ...row, flags: row.flags | flagBits.seen, modseq }]),
    );
  }
}
