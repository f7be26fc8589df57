/**
 * NOTIFY at work: keeps in mind what the client has been told of mailboxes that are not selected,
 * compares it with the store when something was heard, and tells the differences. Many changes
 * become one answer, so a slow client costs no memory. RFC 5465 §5: STATUS for messages, LIST for
 * names and subscriptions, METADATA for annotations.
 */

import type { NotifyGroup, StatusItem } from '@merpati/formats/imap/command.ts';
import { joinPieces, writeAstring } from '@merpati/formats/imap/response-writer.ts';
import type { AccountId, MailboxId } from '@merpati/store/ids.ts';
import { mayDo } from '../access/rights.ts';
import { type FeedListener, type MailChange, feedOf } from '../feed.ts';
import { type Place, listPlaces } from '../mailboxes/find.ts';
import { attributesOf, listNames } from '../mailboxes/listing.ts';
import { annotationsOf } from '../mailboxes/metadata.ts';
import { writeStatusOf } from '../mailboxes/status.ts';
import { writeListLine, writeName } from '../mailboxes/write.ts';
import type { Session } from '../session.ts';
import { type EventName, isWanted, isWantedAnywhere } from './wanted.ts';

/** Entries of a mailbox with their values, as text to compare. */
type Annotated = ReadonlyMap<string, string>;

interface Known {
  readonly place: Place;
  readonly annotations: Annotated;
}

type Key = `${number}/${number}`;

const keyOf = (owner: AccountId, mailbox: MailboxId): Key => `${owner}/${mailbox}`;

export class Notifier implements FeedListener {
  readonly groups: readonly NotifyGroup[];
  readonly #session: Session;
  #known = new Map<Key, Known>();
  #subscriptions: ReadonlySet<string> = new Set();
  #ofServer: Annotated = new Map();
  readonly #owners = new Set<AccountId>();
  /** Mailboxes whose messages have changed. */
  #dirty = new Set<Key>();
  /** Names, subscriptions, annotations or rights may have changed. */
  #isListDirty = false;

  private constructor(session: Session, groups: readonly NotifyGroup[]) {
    this.#session = session;
    this.groups = groups;
  }

  /** From here on changes are told against what is there now. */
  static async start(session: Session, groups: readonly NotifyGroup[]): Promise<Notifier> {
    const notifier = new Notifier(session, groups);
    notifier.#listen(session.account);
    const listing = await notifier.#read();
    notifier.#keep(listing);
    return notifier;
  }

  stop(): void {
    for (const owner of this.#owners) feedOf(this.#session.store).unlisten(owner, this);
    this.#owners.clear();
  }

  get hasNews(): boolean {
    return this.#isListDirty || this.#dirty.size > 0;
  }

  hear(change: MailChange): void {
    if (change.kind === 'mailbox-changed') this.#isListDirty = true;
    else this.#dirty.add(keyOf(change.account, change.mailbox));
    this.#session.wake();
  }

  /** The STATUS indicator: how all mailboxes stand whose messages are asked for. RFC 5465 §4. */
  tellAll(): void {
    for (const { place } of this.#known.values()) {
      if (!this.#isOther(place)) continue;
      const items = this.#itemsAtFirst(place);
      if (items.length > 0) this.#session.put(writeStatusOf(this.#session, place, items));
    }
  }

  #itemsAtFirst(place: Place): readonly StatusItem[] {
    const items = new Set<StatusItem>();
    if (this.#wants('messageexpunge', place)) items.add('messages');
    if (this.#wants('messagenew', place)) {
      for (const item of ['messages', 'uidnext', 'uidvalidity', 'unseen'] as const) items.add(item);
    }
    if (this.#wants('flagchange', place)) {
      // RFC 5465 §5.2 asks for it of servers that know modseqs, whether the client does or not.
      items.add('uidvalidity').add('highestmodseq');
    }
    return [...items];
  }

  /** Puts what has changed since it was told last. */
  async tell(): Promise<void> {
    if (this.#isListDirty) {
      this.#isListDirty = false;
      this.#dirty.clear();
      await this.#tellListing();
      return;
    }
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const key of dirty) {
      const before = this.#known.get(key);
      if (before === undefined) continue;
      const { owner, status } = before.place;
      const now = await this.#session.store.mailbox(owner, status.id);
      if (now === null) continue;
      const place = { ...before.place, status: now };
      this.#known.set(key, { ...before, place });
      this.#tellMessages(before.place, place);
    }
  }

  // ---------------------------------------------------------------- messages

  #tellMessages(before: Place, now: Place): void {
    if (!this.#isOther(now)) return;
    const [old, status] = [before.status, now.status];
    const isCounted = old.total !== status.total || old.uidNext !== status.uidNext;
    const isExpunged = old.total > status.total && this.#wants('messageexpunge', now);
    if (isExpunged || (isCounted && this.#wants('messagenew', now))) {
      // RFC 5465 §5.2 asks for the first two; who counts messages wants to count unread ones too.
      this.#putStatus(now, ['messages', 'uidnext', 'unseen']);
    } else if (old.modseq !== status.modseq && this.#wants('flagchange', now)) {
      const { condstore } = this.#session.modes;
      if (old.unseen !== status.unseen || condstore)
        this.#putStatus(now, ['uidvalidity', 'unseen']);
    }
  }

  #putStatus(place: Place, items: readonly StatusItem[]): void {
    const more: readonly StatusItem[] = this.#session.modes.condstore ? ['highestmodseq'] : [];
    this.#session.put(writeStatusOf(this.#session, place, [...items, ...more]));
  }

  /** The selected mailbox is told of by the session, and what may not be read not at all. */
  #isOther({ owner, status, rights }: Place): boolean {
    const { selected } = this.#session;
    const isSelected = selected?.owner === owner && selected.mailbox === status.id;
    return !isSelected && mayDo(rights, 'r');
  }

  #wants(event: EventName, place: Place): boolean {
    const { name, owner, status } = place;
    const mailbox = { name, owner, isInbox: status.role === 'inbox' };
    const { account } = this.#session;
    return isWanted(this.groups, event, mailbox, { account, subscriptions: this.#subscriptions });
  }

  // ---------------------------------------------------------------- names and annotations

  async #tellListing(): Promise<void> {
    const before = this.#known;
    const subscribedBefore = this.#subscriptions;
    const serverBefore = this.#ofServer;
    const listing = await this.#read();
    this.#keep(listing);
    const { places, subscriptions } = listing;
    for (const [key, { place }] of before) {
      if (!this.#known.has(key) && this.#wants('mailboxname', place)) this.#putGone(place.name);
    }
    const renamed = new Map<string, string>();
    const told = new Set<string>();
    for (const [key, { place }] of this.#known) {
      const old = before.get(key)?.place;
      if (old?.name === place.name || !this.#wants('mailboxname', place)) continue;
      told.add(place.name);
      if (old !== undefined) renamed.set(place.name, old.name);
    }
    for (const name of symmetricDifference(subscribedBefore, subscriptions)) {
      if (this.#wantsSubscription(name)) told.add(name);
    }
    this.#putNames(places, told, renamed);
    this.#putMetadata('', serverBefore, this.#ofServer, 'servermetadatachange');
    for (const [key, now] of this.#known) {
      const old = before.get(key);
      if (old === undefined) continue;
      this.#putMetadata(now.place, old.annotations, now.annotations, 'mailboxmetadatachange');
      this.#tellMessages(old.place, now.place);
    }
  }

  #wantsSubscription(name: string): boolean {
    const known = [...this.#known.values()].find(({ place }) => place.name === name);
    if (known !== undefined) return this.#wants('subscriptionchange', known.place);
    const mailbox = { name, owner: null, isInbox: false };
    const { account } = this.#session;
    const context = { account, subscriptions: this.#subscriptions };
    return isWanted(this.groups, 'subscriptionchange', mailbox, context);
  }

  #putGone(name: string): void {
    const line = { attributes: ['\\NonExistent'], name, childInfo: [] };
    this.#session.put(writeListLine(this.#session, 'LIST', line));
  }

  #putNames(
    places: readonly Place[],
    names: ReadonlySet<string>,
    renamed: ReadonlyMap<string, string>,
  ): void {
    if (names.size === 0) return;
    const listed = listNames(places, [...this.#subscriptions], {
      matching: names,
      subscribed: false,
      specialUse: false,
      recursive: false,
    });
    const there = new Map(listed.map((one) => [one.name, one]));
    for (const name of names) {
      const one = there.get(name);
      const attributes =
        one === undefined
          ? ['\\NonExistent', ...(this.#subscriptions.has(name) ? ['\\Subscribed'] : [])]
          : attributesOf(one, { subscribed: true });
      const oldName = renamed.get(name);
      const line = {
        attributes,
        name,
        childInfo: [],
        ...(oldName === undefined ? {} : { oldName }),
      };
      this.#session.put(writeListLine(this.#session, 'LIST', line));
    }
  }

  /** Entries only: values are asked for by whoever wants them. RFC 5464 §4.4.2. */
  #putMetadata(where: Place | '', before: Annotated, now: Annotated, event: EventName): void {
    const entries = [...new Set([...before.keys(), ...now.keys()])].filter(
      (entry) => before.get(entry) !== now.get(entry),
    );
    if (entries.length === 0 || (where !== '' && !this.#wants(event, where))) return;
    const name = where === '' ? '""' : writeName(this.#session, where.name);
    const list = entries.flatMap((entry) => [' ', writeAstring(entry)]);
    this.#session.put(joinPieces(['* METADATA ', name, ...list, '\r\n']));
  }

  // ---------------------------------------------------------------- what is there

  async #read(): Promise<Listing> {
    const session = this.#session;
    const places = await listPlaces(session);
    const subscriptions = new Set(await session.store.subscriptions(session.account));
    const annotations = new Map<Key, Annotated>();
    if (isWantedAnywhere(this.groups, 'mailboxmetadatachange')) {
      for (const place of places) {
        annotations.set(keyOf(place.owner, place.status.id), await readAnnotated(session, place));
      }
    }
    const ofServer = isWantedAnywhere(this.groups, 'servermetadatachange')
      ? await readAnnotated(session, null)
      : new Map<string, string>();
    return { places, subscriptions, annotations, ofServer };
  }

  #keep({ places, subscriptions, annotations, ofServer }: Listing): void {
    this.#subscriptions = subscriptions;
    this.#ofServer = ofServer;
    this.#known = new Map();
    for (const place of places) {
      const key = keyOf(place.owner, place.status.id);
      this.#known.set(key, { place, annotations: annotations.get(key) ?? new Map() });
      this.#listen(place.owner);
    }
  }

  #listen(owner: AccountId): void {
    if (this.#owners.has(owner)) return;
    this.#owners.add(owner);
    feedOf(this.#session.store).listen(owner, this);
  }
}

interface Listing {
  readonly places: readonly Place[];
  readonly subscriptions: ReadonlySet<string>;
  readonly annotations: ReadonlyMap<Key, Annotated>;
  readonly ofServer: Annotated;
}

async function readAnnotated(session: Session, place: Place | null): Promise<Annotated> {
  if (place !== null && !mayDo(place.rights, 'r')) return new Map();
  const all = await annotationsOf(session, place);
  return new Map(all.map(({ entry, value }) => [entry, Buffer.from(value).toString('latin1')]));
}

function symmetricDifference(one: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  const only = [...one].filter((name) => !other.has(name));
  return [...only, ...[...other].filter((name) => !one.has(name))];
}
