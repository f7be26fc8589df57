/**
 * The contract as a naive program in memory: slow, obvious, counting everything anew. Engines are
 * compared with it under random sequences of commands. Nothing of it lasts.
 */

import { createHash } from 'node:crypto';
import type {
  Acceptance,
  Accepted,
  AccountRow,
  AddressTarget,
  Append,
  Body,
  BodyWriter,
  Claim,
  DirectoryEdit,
  FlagEdit,
  FlagEdited,
  JourneySearch,
  MailboxEdit,
  MailboxEdited,
  MailboxStatus,
  MessageRow,
  PopUpdate,
  QueueEdit,
  QueueFilter,
  QueueItem,
  QueueRow,
  ReadNote,
  Settled,
  Settlement,
  Store,
  StoredBody,
  Transfer,
  UidSlice,
} from '../contract.ts';
import { flagBits } from '../contract.ts';
import {
  contentId,
  emailId,
  journeyId,
  modSeq,
  queueId,
  uid,
  type AccountId,
  type ContentId,
  type EmailId,
  type JourneyId,
  type MailboxId,
  type ModSeq,
  type QueueId,
  type Uid,
} from '../ids.ts';
import {
  firstJourneyIdAt,
  formatJourneyId,
  type JourneyEvent,
  type JourneyHead,
} from '../journey.ts';
import { properName } from '../mailbox-names.ts';
import type { RecordStore } from '../records.ts';
import { findJourneys } from './model-journeys.ts';
import { acceptInModel } from './model-accept.ts';
import { editMailboxOfModel } from './model-edits.ts';
import {
  aclOf,
  changesOf,
  flagRowsOf,
  flagTableOf,
  mailboxChangesOf,
  sharedWith,
  wholeMessagesOf,
  type WholeSlice,
} from './model-listings.ts';
import {
  edited,
  findAll,
  inMailbox,
  messageRow,
  relocate,
  statusOf,
  vanish,
} from './model-mailboxes.ts';
import {
  claimFromModel,
  editRow,
  queued,
  queueRow,
  readyMs,
  settleInModel,
} from './model-queue.ts';
import { appendToModel, noteReadInModel, transferInModel } from './model-transfer.ts';
import { editDirectoryOfModel } from './model-directory.ts';
import {
  emptyState,
  isSeen,
  mailboxOf,
  messageOf,
  sizeOf,
  tellJourney,
  usedBytes,
  visibleMessages,
  type ModelAccount,
  type ModelMessage,
} from './model-state.ts';

const dayMs = 86_400_000;

/** What a model can answer: everything but the care of an engine. */
export type Model = Omit<
  Store,
  | 'subscribe'
  | 'check'
  | 'repair'
  | 'backup'
  | 'stats'
  // Searches have a model of their own: see model-search.ts.
  | 'details'
  | 'search'
  | 'threads'
  | 'indexed'
  | 'reindex'
  | 'unindexed'
  // A map is the whole of it: see suite-records.ts.
  | keyof RecordStore
>;

export class ModelStore implements Model {
  readonly #state = emptyState();

  newBody(): BodyWriter {
    const chunks: Uint8Array[] = [];
    return {
      write: (chunk) => void chunks.push(chunk),
      finish: async (): Promise<Body> => {
        const bytes = Buffer.concat(chunks);
        const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
        const unterminated = bytes.length > 0 && bytes.subarray(-2).toString('latin1') !== '\r\n';
        return { hash, size: bytes.length, unterminated, source: { bytes } };
      },
      abort: async () => undefined,
    };
  }

  async readQueued(item: Pick<QueueItem, 'message' | 'bodyHash'>): Promise<StoredBody> {
    const row = this.#state.queue.find((each) => Buffer.compare(each.hash, item.bodyHash) === 0);
    if (row === undefined) throw new Error('no such queued body');
    return storedBody(item.message.prefix, row.bytes);
  }

  async readMessage(account: AccountId, content: ContentId): Promise<StoredBody | null> {
    const message = this.#account(account)?.messages.find((each) => each.content === content);
    return message === undefined ? null : storedBody(message.prefix, message.bytes);
  }

  wholeMessages(id: AccountId, mailbox: MailboxId, slice: WholeSlice) {
    return wholeMessagesOf(this, id, { mailbox, ...slice });
  }

  async accept(acceptance: Acceptance): Promise<Accepted> {
    return acceptInModel(this.#state, acceptance);
  }

  // ---- directory

  async findDomain(name: string) {
    return this.#state.domains.get(name) ?? null;
  }

  async findAddress(address: string): Promise<AddressTarget | null> {
    const target = this.#state.addresses.get(address);
    if (target === undefined) return null;
    if ('targets' in target) return { kind: 'alias', targets: target.targets };
    const account = this.#state.accounts.get(target.account);
    return account === undefined ? null : { kind: 'account', account: accountRow(account) };
  }

  async findAccount(id: AccountId) {
    const account = this.#account(id);
    return account === undefined ? null : accountRow(account);
  }

  async domains() {
    return [...this.#state.domains.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async accounts() {
    return [...this.#state.accounts.values()].map(accountRow);
  }

  async aliases() {
    return [...this.#state.addresses]
      .flatMap(([address, target]) => ('targets' in target ? [{ address, ...target }] : []))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  async appPasswords(account: AccountId) {
    return this.#account(account)?.passwords ?? [];
  }

  async sent(account: AccountId, day: number) {
    return this.#account(account)?.sent.get(day) ?? { messages: 0, newRecipients: 0 };
  }

  async hasWrittenTo(account: AccountId, address: string) {
    return this.#account(account)?.known.has(address.toLowerCase()) ?? false;
  }

  async editDirectory(edit: DirectoryEdit) {
    return editDirectoryOfModel(this.#state, edit);
  }

  // ---- mailboxes and messages

  async mailboxes(id: AccountId, options = { hidden: false }): Promise<readonly MailboxStatus[]> {
    const account = this.#account(id);
    if (account === undefined) return [];
    return account.mailboxes
      .filter((mailbox) => options.hidden || mailbox.role !== 'downloaded')
      .map((mailbox) => statusOf(account, mailbox));
  }

  async mailbox(id: AccountId, which: MailboxId | string): Promise<MailboxStatus | null> {
    const all = await this.mailboxes(id, { hidden: true });
    const name = typeof which === 'string' ? properName(which) : null;
    return all.find((each) => (name === null ? each.id === which : each.name === name)) ?? null;
  }

  async editMailbox(id: AccountId, edit: MailboxEdit): Promise<MailboxEdited> {
    const account = this.#account(id);
    if (account === undefined) return { ok: false, code: 'not-found' };
    return editMailboxOfModel(account, edit);
  }

  async subscriptions(id: AccountId) {
    return [...(this.#account(id)?.subscriptions ?? [])].sort();
  }

  async annotations(id: AccountId, mailbox: MailboxId | null) {
    const account = this.#account(id);
    const owner = mailbox === null ? account : account && mailboxOf(account, mailbox);
    const list = [...(owner?.annotations ?? [])].map(([entry, value]) => ({ entry, value }));
    return list.sort((a, b) => (a.entry < b.entry ? -1 : 1));
  }

  async acl(id: AccountId, mailbox: MailboxId) {
    return aclOf(this.#account(id), mailbox);
  }

  async sharedMailboxes(id: AccountId) {
    const account = this.#account(id);
    return account === undefined ? [] : sharedWith(this.#state, account);
  }

  async keywords(id: AccountId, mailbox: MailboxId) {
    const rows = flagRowsOf(this.#account(id), mailbox);
    return [...new Set(rows.flatMap((row) => row.keywords))].sort();
  }

  async firstUnseen(id: AccountId, mailbox: MailboxId) {
    const rows = flagRowsOf(this.#account(id), mailbox);
    return rows.find((row) => (row.flags & flagBits.seen) === 0)?.uid ?? null;
  }

  async uids(id: AccountId, mailbox: MailboxId) {
    return Uint32Array.from(flagRowsOf(this.#account(id), mailbox).map((row) => row.uid));
  }

  async flagRows(id: AccountId, mailbox: MailboxId, slice: UidSlice) {
    return flagRowsOf(this.#account(id), mailbox)
      .filter((row) => row.uid >= slice.fromUid && row.uid <= slice.toUid)
      .slice(0, slice.limit);
  }

  async flagTable(id: AccountId, mailbox: MailboxId, slice: UidSlice) {
    return flagTableOf(await this.flagRows(id, mailbox, slice));
  }

  async messages(
    id: AccountId,
    mailbox: MailboxId,
    slice: { readonly fromUid: Uid; readonly limit: number },
  ): Promise<readonly MessageRow[]> {
    const account = this.#account(id);
    if (account === undefined) return [];
    return inMailbox(account, mailbox)
      .filter((message) => message.uid >= slice.fromUid)
      .slice(0, slice.limit)
      .map(messageRow);
  }

  async setFlags(edit: FlagEdit): Promise<FlagEdited> {
    const account = this.#account(edit.account);
    const mailbox = account && mailboxOf(account, edit.mailbox);
    if (!account || !mailbox) return { modseq: modSeq(0), changed: [], modified: [] };
    const changed: Uid[] = [];
    const modified: Uid[] = [];
    for (const each of new Set(edit.uids)) {
      const message = messageOf(account, edit.mailbox, each);
      if (message === undefined) continue;
      if (edit.unchangedSince !== undefined && message.modseq > edit.unchangedSince) {
        modified.push(each);
        continue;
      }
      const after = edited(account, message, edit);
      const isSame =
        after.flags === message.flags && after.keywords.join() === message.keywords.join();
      if (isSame) continue;
      changed.push(each);
      Object.assign(message, after, { modseq: account.modseq + 1 });
    }
    if (changed.length > 0) mailbox.modseq = account.modseq += 1;
    return { modseq: modSeq(account.modseq), changed, modified };
  }

  async expunge(id: AccountId, mailbox: MailboxId, uids: readonly Uid[]): Promise<FlagEdited> {
    const account = this.#account(id);
    const box = account && mailboxOf(account, mailbox);
    if (!account || !box) return { modseq: modSeq(0), changed: [], modified: [] };
    const found = findAll(account, mailbox, uids);
    if (found.length > 0) box.modseq = account.modseq += 1;
    for (const message of found) vanish(account, message);
    const changed = found.map((message) => uid(message.uid));
    return { modseq: modSeq(account.modseq), changed, modified: [] };
  }

  async append(append: Append) {
    return appendToModel(this.#state, append);
  }

  async move(transfer: Transfer) {
    return transferInModel(this.#state, transfer, 'move');
  }

  async copy(transfer: Transfer) {
    return transferInModel(this.#state, transfer, 'copy');
  }

  async readNote(note: ReadNote) {
    noteReadInModel(this.#state, note);
  }

  async changes(
    id: AccountId,
    query: { readonly mailbox?: MailboxId; readonly since: ModSeq; readonly limit: number },
  ) {
    return changesOf(this.#account(id), query);
  }

  async mailboxChanges(
    id: AccountId,
    mailbox: MailboxId,
    query: { readonly since: ModSeq; readonly limit: number },
  ) {
    return mailboxChangesOf(this.#account(id), { mailbox, ...query });
  }

  // ---- POP3

  async maildrop(id: AccountId) {
    const account = this.#account(id);
    const inbox = account && mailboxOf(account, 'inbox');
    if (!account || !inbox) return [];
    return inMailbox(account, inbox.id)
      .filter((message) => (message.flags & flagBits.popHidden) === 0)
      .map((message) => ({
        uid: uid(message.uid),
        email: emailId(message.email),
        content: contentId(message.content),
        size: sizeOf(message),
        unterminated:
          message.bytes.length > 0 && Buffer.from(message.bytes.slice(-2)).toString() !== '\r\n',
        seen: isSeen(message),
      }));
  }

  async popUpdate(update: PopUpdate) {
    const account = this.#account(update.account);
    const inbox = account && mailboxOf(account, 'inbox');
    const hidden = account && mailboxOf(account, 'downloaded');
    if (!account || !inbox || !hidden) return { deleted: 0 };
    const tell = (message: ModelMessage, code: string) =>
      this.#tell(message.journey, {
        atUs: update.nowMs * 1000,
        stage: 'read',
        state: 'ok',
        code,
        args: { device: update.device, address: update.address },
        rcpt: account.address,
      });
    for (const message of findAll(account, inbox.id, update.retrieved)) tell(message, 'read.pop3');
    const deleted = findAll(account, inbox.id, update.deleted).filter(
      (message) => (message.flags & flagBits.popHidden) === 0,
    );
    if (deleted.length > 0) inbox.modseq = account.modseq += 1;
    for (const message of deleted) {
      if (account.settings.pop.policy === 'leave-copy') {
        message.flags |= flagBits.popHidden;
        message.modseq = account.modseq;
      } else if (account.settings.pop.keepDays === 0) vanish(account, message);
      else {
        relocate(account, message, hidden.id);
        const { device, address, nowMs } = update;
        const keepUntilMs = nowMs + account.settings.pop.keepDays * dayMs;
        message.downloaded = { device, address, atMs: nowMs, keepUntilMs };
      }
      tell(message, 'read.pop3.deleted');
    }
    return { deleted: deleted.length };
  }

  async downloaded(id: AccountId) {
    return (this.#account(id)?.messages ?? [])
      .filter((message) => message.downloaded !== null)
      .sort((a, b) => a.uid - b.uid)
      .flatMap((message) =>
        message.downloaded === null
          ? []
          : [
              {
                email: emailId(message.email),
                ...message.downloaded,
                message: messageRow(message),
              },
            ],
      );
  }

  async restoreDownloaded(id: AccountId, emails: readonly EmailId[] | 'all', nowMs: number) {
    const account = this.#account(id);
    const inbox = account && mailboxOf(account, 'inbox');
    if (!account || !inbox) return 0;
    const wanted = emails === 'all' ? null : [...new Set(emails)];
    const hidden = account.messages
      .filter((message) => message.downloaded !== null)
      .sort((a, b) => a.uid - b.uid);
    const taken =
      wanted === null
        ? hidden
        : wanted.flatMap((email) => hidden.filter((message) => message.email === email));
    if (taken.length > 0) account.modseq += 1;
    for (const message of taken) {
      relocate(account, message, inbox.id);
      message.downloaded = null;
      this.#tell(message.journey, {
        atUs: nowMs * 1000,
        stage: 'store',
        state: 'ok',
        code: 'store.restored',
        args: { account: account.address, mailbox: inbox.name, email: message.email },
        rcpt: account.address,
      });
    }
    return taken.length;
  }

  async purgeDownloaded(nowMs: number) {
    let count = 0;
    for (const account of this.#state.accounts.values()) {
      const old = account.messages.filter(
        (message) => message.downloaded !== null && message.downloaded.keepUntilMs <= nowMs,
      );
      if (old.length > 0) account.modseq += 1;
      for (const message of old) vanish(account, message);
      count += old.length;
    }
    return count;
  }

  // ---- queue

  async claim(claim: Claim) {
    return claimFromModel(this.#state, claim);
  }

  async renew(ids: readonly { id: QueueId; token: number }[], untilMs: number) {
    for (const row of this.#state.queue) {
      const isMine = ids.some(({ id, token }) => id === row.id && token === row.token);
      if (isMine) row.leasedUntilMs = untilMs;
    }
  }

  async settle(settlement: Settlement): Promise<Settled> {
    return settleInModel(this.#state, settlement);
  }

  async nextDue(skipDomains: readonly string[]) {
    const times = this.#state.queue.filter((row) => !skipDomains.includes(row.domain)).map(readyMs);
    const earliest = Math.min(...times);
    return Number.isFinite(earliest) ? earliest : null;
  }

  async queue(filter: QueueFilter, limit: number): Promise<readonly QueueRow[]> {
    return queued(this.#state, filter).slice(0, limit).map(queueRow);
  }

  async queueCount() {
    const waiting = this.#state.queue.filter((row) => row.state === 'waiting').length;
    const oldestMs = this.#state.queue[0]?.createdMs ?? null;
    return { waiting, held: this.#state.queue.length - waiting, oldestMs };
  }

  async editQueue(filter: QueueFilter, edit: QueueEdit, events: readonly JourneyEvent[]) {
    const rows = queued(this.#state, filter);
    for (const row of rows) editRow(this.#state, row, edit);
    for (const journey of new Set(rows.map((row) => row.journey))) {
      for (const event of events) this.#tell(journey, event);
    }
    return rows.map((row) => queueId(row.id));
  }

  // ---- journeys

  async appendJourney(journey: JourneyId, events: readonly JourneyEvent[]) {
    for (const event of events) this.#tell(journey, event);
  }

  async beginJourney(
    head: JourneyHead,
    events: readonly JourneyEvent[],
    accounts: readonly AccountId[],
  ) {
    const known = this.#state.journeys.get(head.id);
    const journey = known ?? { head, accounts: new Set(), events: [] };
    for (const account of accounts) journey.accounts.add(account);
    this.#state.journeys.set(head.id, journey);
    journey.events.push(...events);
  }

  async journey(id: JourneyId) {
    const journey = this.#state.journeys.get(id);
    if (journey === undefined) return null;
    const events = journey.events.map((event, index) => ({
      ...event,
      journey: id,
      seq: index + 1,
    }));
    return { head: journey.head, events };
  }

  async journeys(search: JourneySearch) {
    return findJourneys(this.#state, search);
  }

  async journeysByPrefix(prefix: string) {
    return [...this.#state.journeys.keys()]
      .map(journeyId)
      .filter((id) => formatJourneyId(id).startsWith(prefix.toLowerCase()))
      .sort((a, b) => b - a)
      .slice(0, 10);
  }

  async mayRead(account: AccountId, journey: JourneyId) {
    return this.#state.journeys.get(journey)?.accounts.has(account) ?? false;
  }

  async pruneJourneys(beforeMs: number) {
    const old = [...this.#state.journeys.keys()].filter((id) => id < firstJourneyIdAt(beforeMs));
    for (const id of old) this.#state.journeys.delete(id);
    return old.length;
  }

  async close() {
    // Nothing was kept anywhere.
  }

  #account(id: number): ModelAccount | undefined {
    return this.#state.accounts.get(id);
  }

  #tell(journey: number, event: JourneyEvent): void {
    tellJourney(this.#state, journey, event);
  }
}

function storedBody(prefix: Uint8Array, bytes: Uint8Array): StoredBody {
  return {
    prefix,
    size: prefix.length + bytes.length,
    async *chunks() {
      yield prefix;
      yield bytes;
    },
  };
}

function accountRow(account: ModelAccount): AccountRow {
  return {
    ...account.settings,
    id: account.id as AccountId,
    address: account.address,
    usedBytes: usedBytes(account),
    messages: visibleMessages(account).length,
    modseq: modSeq(account.modseq),
    createdMs: account.createdMs,
    credential: account.credential,
  };
}
