/**
 * The embedded engine behind the contract: reads on this thread's own connection, writes through
 * the writer thread. One of these per thread and store.
 */

import { MessageChannel } from 'node:worker_threads';
import type {
  Acceptance,
  Accepted,
  Append,
  BodyWriter,
  Change,
  CheckProgress,
  CheckReport,
  Claim,
  DirectoryEdit,
  FlagEdit,
  JourneySearch,
  MailboxEdit,
  PopUpdate,
  QueueEdit,
  QueueFilter,
  QueueItem,
  ReadNote,
  RepairReport,
  Settlement,
  Store,
  StoredBody,
  StoreStats,
  Transfer,
  UidSlice,
} from '../contract.ts';
import { CorruptBlob, StoreUnavailable } from '../contract.ts';
import type {
  AccountId,
  ContentId,
  EmailId,
  JourneyId,
  MailboxId,
  ModSeq,
  QueueId,
  Uid,
} from '../ids.ts';
import type { JourneyEvent, JourneyHead } from '../journey.ts';
import { requireRecordLimits, type RecordChange, type RecordSlice } from '../records.ts';
import type { SearchQuery, ThreadQuery } from '../search.ts';
import type { Keeper } from './care/keeper.ts';
import { OwnKeeper, compactDeadShareMin } from './care/own-keeper.ts';
import { openForReading, type Database } from './database.ts';
import type { StoreTicket } from './join/join.ts';
import { KeeperDesk } from './join/keeper-desk.ts';
import { RemoteKeeper } from './join/remote-keeper.ts';
import type { StoreLock } from './lock.ts';
import { hasReserve, type Reserve } from './reserve.ts';
import {
  packAcceptance,
  packAppend,
  packEvents,
  packHead,
  unpackAccepted,
  type PackedChange,
  type WriterStart,
} from './operations.ts';
import * as directory from './read/directory.ts';
import { DirectoryCache } from './read/directory-cache.ts';
import { inParts } from './move-parts.ts';
import * as journeys from './read/journeys.ts';
import * as listings from './read/listings.ts';
import { openMessage, readWholeMessages, type WholeSlice } from './read/message-bodies.ts';
import * as mailboxes from './read/mailboxes.ts';
import * as queue from './read/queue.ts';
import * as records from './read/records.ts';
import { Bodies } from './read/bodies.ts';
import { countBacklog } from './index/backlog.ts';
import { listDetails } from './search/details.ts';
import { Listeners } from './read/listeners.ts';
import { RecentBodies } from './read/recent-bodies.ts';
import { SpoolingBodyWriter } from './segments/spool.ts';
import { storePaths, type StorePaths } from './segments/files.ts';
import { WriterClient } from './writer/client.ts';

/** Rows taken away in one transaction by what works through many. */
const sliceMax = 500;

export class SqliteStore implements Store {
  readonly #paths: StorePaths;
  readonly #db: Database;
  readonly #writer: WriterClient;
  readonly #keeper: Keeper;
  readonly #bodies: Bodies;
  readonly #recent = new RecentBodies();
  readonly #directory: DirectoryCache;
  #closed: Promise<void> | null = null;
  readonly #reserve: Reserve;
  readonly #freshFrom: number;
  readonly #desks = new Set<KeeperDesk>();
  readonly #listeners = new Listeners((to) => this.#writer.listen(to));

  private constructor(parts: {
    readonly paths: StorePaths;
    readonly db: Database;
    readonly writer: WriterClient;
    readonly keeper: Keeper;
    readonly freshFrom: number;
    readonly reserve: Reserve;
  }) {
    this.#reserve = parts.reserve;
    this.#freshFrom = parts.freshFrom;
    this.#paths = parts.paths;
    this.#db = parts.db;
    this.#writer = parts.writer;
    this.#keeper = parts.keeper;
    this.#directory = new DirectoryCache(parts.db, () => parts.writer.commits);
    this.#bodies = new Bodies(parts.db, parts.paths, parts.freshFrom);
  }

  /** The lock is held, the schema is the newest, segments have been put in order. */
  static async start(lock: StoreLock, start: WriterStart): Promise<SqliteStore> {
    const paths = storePaths(start.directory);
    let hear: (changes: readonly PackedChange[]) => void = () => undefined;
    const writer = await WriterClient.start(start, (changes) => hear(changes));
    const db = openForReading(paths.database);
    const freshFrom = start.openSegment;
    const reserve = { directory: paths.directory, bytes: start.reserveBytes };
    const keeper = new OwnKeeper({ paths, lock, db, writer, freshFrom });
    const store = new SqliteStore({ paths, db, writer, keeper, freshFrom, reserve });
    hear = (changes) => store.#committed(changes);
    return store;
  }

  /** See join/join.ts. */
  static join({ directory, freshFrom, reserveBytes, fence, ...ports }: StoreTicket): SqliteStore {
    const paths = storePaths(directory);
    const writer = WriterClient.join(ports.writer, fence, (changes) => store.#committed(changes));
    const db = openForReading(paths.database);
    const reserve = { directory, bytes: reserveBytes };
    const keeper = new RemoteKeeper(ports.keeper, writer);
    const store = new SqliteStore({ paths, db, writer, keeper, freshFrom, reserve });
    return store;
  }

  /** Admits another thread, also when this one was itself invited. */
  invite(): StoreTicket {
    const writer = new MessageChannel();
    const keeper = new MessageChannel();
    this.#writer.connect(writer.port1);
    const close = (desk: KeeperDesk) => this.#desks.delete(desk);
    this.#desks.add(new KeeperDesk(this.#keeper, keeper.port1, close));
    return {
      directory: this.#paths.directory,
      freshFrom: this.#freshFrom,
      reserveBytes: this.#reserve.bytes,
      fence: this.#writer.fence,
      writer: writer.port2,
      keeper: keeper.port2,
    };
  }

  /** For reading: everything that was answered is in it. */
  async #upToDate(): Promise<Database> {
    await this.#writer.revealed();
    return this.#db;
  }

  // ---- bodies

  newBody(): BodyWriter {
    return new SpoolingBodyWriter(this.#paths, () => this.#checkReserve());
  }

  async readQueued(item: Pick<QueueItem, 'message' | 'bodyHash'>): Promise<StoredBody> {
    const recent = this.#recent.find(item.bodyHash);
    if (recent !== null) return wholeBody(item.message.prefix, recent);
    await this.#writer.revealed();
    const body = this.#bodies.find({ hash: item.bodyHash, prefix: item.message.prefix });
    if (body === null) throw new CorruptBlob('queue', 'the body of a queued message is not there');
    return body;
  }

  async readMessage(account: AccountId, content: ContentId): Promise<StoredBody | null> {
    return openMessage(await this.#upToDate(), this.#bodies, { account, content });
  }

  async wholeMessages(account: AccountId, mailbox: MailboxId, slice: WholeSlice) {
    return readWholeMessages(await this.#upToDate(), this.#bodies, { account, mailbox, ...slice });
  }

  async accept(acceptance: Acceptance): Promise<Accepted> {
    if (acceptance.queue !== null) this.#recent.keep(acceptance.body);
    const packed = await this.#writer.perform('accept', packAcceptance(acceptance));
    const recipients = acceptance.deliveries.map((delivery) => delivery.recipient);
    return unpackAccepted(packed, recipients);
  }

  // ---- directory

  async findDomain(name: string) {
    return this.#directory.findDomain(name);
  }

  async findAddress(address: string) {
    return this.#directory.findAddress(address);
  }

  async findAccount(id: AccountId) {
    await this.#writer.revealed();
    return this.#directory.findAccount(id);
  }

  domains() {
    return directory.listDomains(this.#db);
  }

  async accounts() {
    return directory.listAccounts(await this.#upToDate());
  }

  aliases() {
    return directory.listAliases(this.#db);
  }

  async appPasswords(account: AccountId) {
    return directory.listAppPasswords(this.#db, account);
  }

  async sent(account: AccountId, day: number) {
    return directory.readSent(await this.#upToDate(), account, day);
  }

  async hasWrittenTo(account: AccountId, address: string) {
    return directory.hasWrittenTo(await this.#upToDate(), account, address);
  }

  editDirectory(edit: DirectoryEdit) {
    return this.#writer.perform('directory', edit);
  }

  // ---- mailboxes and messages

  async mailboxes(account: AccountId, options = { hidden: false }) {
    return mailboxes.listMailboxes(await this.#upToDate(), account, options.hidden);
  }

  async mailbox(account: AccountId, which: MailboxId | string) {
    return mailboxes.findMailbox(await this.#upToDate(), account, which);
  }

  editMailbox(account: AccountId, edit: MailboxEdit) {
    return this.#writer.perform('mailbox', { account, edit });
  }

  async subscriptions(account: AccountId) {
    return mailboxes.listSubscriptions(await this.#upToDate(), account);
  }

  async annotations(account: AccountId, mailbox: MailboxId | null) {
    return mailboxes.listAnnotations(await this.#upToDate(), account, mailbox);
  }

  async acl(account: AccountId, mailbox: MailboxId) {
    return mailboxes.listAcl(await this.#upToDate(), account, mailbox);
  }

  async sharedMailboxes(account: AccountId) {
    return mailboxes.listShared(await this.#upToDate(), account);
  }

  async keywords(account: AccountId, mailbox: MailboxId) {
    return mailboxes.listKeywords(await this.#upToDate(), account, mailbox);
  }

  async firstUnseen(account: AccountId, mailbox: MailboxId) {
    return listings.findFirstUnseen(await this.#upToDate(), { account, mailbox });
  }

  async uids(account: AccountId, mailbox: MailboxId) {
    return listings.listUids(await this.#upToDate(), { account, mailbox });
  }

  async flagRows(account: AccountId, mailbox: MailboxId, slice: UidSlice) {
    return listings.listFlagRows(await this.#upToDate(), { account, mailbox }, slice);
  }

  async flagTable(account: AccountId, mailbox: MailboxId, slice: UidSlice) {
    return listings.readFlagTable(await this.#upToDate(), { account, mailbox }, slice);
  }

  async messages(
    account: AccountId,
    mailbox: MailboxId,
    slice: { readonly fromUid: Uid; readonly limit: number },
  ) {
    return mailboxes.listMessages(await this.#upToDate(), { account, mailbox }, slice);
  }

  setFlags(edit: FlagEdit) {
    return this.#writer.perform('flags', edit);
  }

  expunge(account: AccountId, mailbox: MailboxId, uids: readonly Uid[]) {
    return this.#writer.perform('expunge', { account, mailbox, uids });
  }

  append(append: Append) {
    return this.#writer.perform('append', packAppend(append));
  }

  move(transfer: Transfer) {
    return inParts(transfer, (part) => this.#writer.perform('move', part));
  }

  copy(transfer: Transfer) {
    return this.#writer.perform('copy', transfer);
  }

  async readNote(note: ReadNote): Promise<void> {
    await this.#writer.perform('readNote', note);
  }

  async changes(
    account: AccountId,
    query: { readonly mailbox?: MailboxId; readonly since: ModSeq; readonly limit: number },
  ) {
    return mailboxes.readChanges(await this.#upToDate(), account, query);
  }

  async mailboxChanges(
    account: AccountId,
    mailbox: MailboxId,
    query: { readonly since: ModSeq; readonly limit: number },
  ) {
    return mailboxes.readMailboxChanges(await this.#upToDate(), { account, mailbox }, query);
  }

  async details(...ask: Parameters<Store['details']>) {
    const [account, mailbox, slice, wanted] = ask;
    return listDetails(await this.#upToDate(), { account, mailbox }, slice, wanted);
  }

  search(account: AccountId, query: SearchQuery) {
    return this.#keeper.search(account, query);
  }

  threads(account: AccountId, query: ThreadQuery) {
    return this.#keeper.threads(account, query);
  }

  indexed(account: AccountId) {
    return this.#keeper.indexed(account);
  }

  reindex(account: AccountId | 'all') {
    return this.#keeper.reindex(account);
  }

  async unindexed(account: AccountId | 'all') {
    return countBacklog(this.#db, account);
  }

  // ---- POP3

  async maildrop(account: AccountId) {
    return mailboxes.readMaildrop(await this.#upToDate(), account);
  }

  popUpdate(update: PopUpdate) {
    return this.#writer.perform('pop', update);
  }

  async downloaded(account: AccountId) {
    return mailboxes.listDownloaded(await this.#upToDate(), account);
  }

  restoreDownloaded(account: AccountId, emails: readonly EmailId[] | 'all', nowMs: number) {
    return this.#writer.perform('restore', { account, emails, nowMs });
  }

  /** Called now and then, and tells the time: append keys that are over go on this occasion too. */
  async purgeDownloaded(nowMs: number) {
    await this.#keeper.dropOldKeys(nowMs);
    return this.#inSlices(() =>
      this.#writer.perform('purgeDownloaded', { nowMs, itemsMax: sliceMax }),
    );
  }

  // ---- queue

  claim(claim: Claim) {
    return this.#writer.perform('claim', claim);
  }

  async renew(ids: readonly { id: QueueId; token: number }[], untilMs: number): Promise<void> {
    await this.#writer.perform('renew', { ids, untilMs });
  }

  settle(settlement: Settlement) {
    return this.#writer.perform('settle', {
      items: settlement.items,
      events: settlement.events.map(({ journey, events }) => ({
        journey,
        events: packEvents(events),
      })),
      notices: settlement.notices.map(packAcceptance),
      nowMs: settlement.nowMs,
    });
  }

  async nextDue(skipDomains: readonly string[]) {
    return queue.nextDue(await this.#upToDate(), skipDomains);
  }

  async queue(filter: QueueFilter, limit: number) {
    return queue.listQueue(await this.#upToDate(), filter, limit);
  }

  async queueCount() {
    return queue.countQueue(await this.#upToDate());
  }

  editQueue(filter: QueueFilter, edit: QueueEdit, events: readonly JourneyEvent[]) {
    return this.#writer.perform('editQueue', { filter, edit, events: packEvents(events) });
  }

  // ---- records

  async record(kind: string, name: string) {
    return records.findRecord(this.#db, kind, name);
  }

  async records(kind: string, slice: RecordSlice = {}) {
    return records.listRecords(this.#db, kind, slice);
  }

  async putRecords(changes: readonly RecordChange[], nowMs: number): Promise<boolean> {
    requireRecordLimits(changes);
    return this.#writer.perform('putRecords', { changes, nowMs });
  }

  purgeRecords(nowMs: number) {
    return this.#inSlices(() =>
      this.#writer.perform('purgeRecords', { nowMs, itemsMax: sliceMax }),
    );
  }

  // ---- journeys

  async appendJourney(journey: JourneyId, events: readonly JourneyEvent[]): Promise<void> {
    await this.#writer.perform('journey', { journey, events: packEvents(events) });
  }

  async beginJourney(
    head: JourneyHead,
    events: readonly JourneyEvent[],
    accounts: readonly AccountId[],
  ): Promise<void> {
    const packed = { head: packHead(head), events: packEvents(events), accounts };
    await this.#writer.perform('beginJourney', packed);
  }

  async journey(id: JourneyId) {
    return journeys.readJourney(await this.#upToDate(), id);
  }

  async journeys(search: JourneySearch) {
    return journeys.searchJourneys(await this.#upToDate(), search);
  }

  async journeysByPrefix(prefix: string) {
    return journeys.journeysByPrefix(await this.#upToDate(), prefix);
  }

  async mayRead(account: AccountId, journey: JourneyId) {
    return journeys.mayRead(await this.#upToDate(), account, journey);
  }

  pruneJourneys(beforeMs: number) {
    return this.#inSlices(() =>
      this.#writer.perform('pruneJourneys', { beforeMs, itemsMax: sliceMax }),
    );
  }

  subscribe(
    listener: (changes: readonly Change[]) => void,
    { of }: { readonly of: 'all' | 'mail' } = { of: 'all' },
  ): () => void {
    return this.#listeners.add(listener, of);
  }

  // ---- care

  stats(): Promise<StoreStats> {
    return this.#keeper.stats();
  }

  check(options: {
    readonly deep: boolean;
    readonly onProgress?: (progress: CheckProgress) => void;
  }): Promise<CheckReport> {
    return this.#keeper.check(options);
  }

  repair(options: {
    readonly onProgress?: (progress: CheckProgress) => void;
  }): Promise<RepairReport> {
    return this.#keeper.repair(options);
  }

  backup(target: string): Promise<void> {
    return this.#keeper.backup(target);
  }

  /**
   * Gives back what dead bodies occupy; answers how many segments went. Runs by itself now and
   * then.
   */
  compact(deadShareMin = compactDeadShareMin): Promise<number> {
    return this.#keeper.compact(deadShareMin);
  }

  /** Whoever asks again waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const desk of this.#desks) desk.close();
    await this.#keeper.rest();
    this.#bodies.close();
    this.#db.close();
    await this.#keeper.close();
  }

  /** Large bodies are written by this thread: it looks at the disk itself. */
  #checkReserve(): void {
    if (!hasReserve(this.#reserve)) throw new StoreUnavailable('disk-full');
  }

  /** Repeats a slice until it finds less than it may take. */
  async #inSlices(slice: () => Promise<number>): Promise<number> {
    let sum = 0;
    for (;;) {
      const count = await slice();
      sum += count;
      if (count < sliceMax) return sum;
    }
  }

  #committed(changes: readonly PackedChange[]): void {
    this.#keeper.committed();
    if (changes.some((change) => change.kind === 'directory-changed')) this.#directory.forget();
    this.#listeners.tell(changes);
  }
}

function wholeBody(prefix: Uint8Array, body: Uint8Array): StoredBody {
  return {
    prefix,
    size: prefix.length + body.length,
    async *chunks() {
      if (prefix.length > 0) yield prefix;
      yield body;
    },
  };
}
