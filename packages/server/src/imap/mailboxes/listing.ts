/**
 * What LIST and LSUB answer: which names, with which attributes. Names are there because a mailbox
 * is, because one is below, or because somebody has subscribed to them. RFC 9051 §6.3.9; RFC 5258
 * §3 (selection, RECURSIVEMATCH, CHILDINFO); RFC 6154 §2 (special use); RFC 3348 (children).
 */

import type { MailboxRole } from '@merpati/store/contract.ts';
import { mayDo } from '../access/rights.ts';
import type { Place } from './find.ts';
import { otherUsersPrefix, superiorsOf } from './names.ts';

export interface Listed {
  readonly name: string;
  /** null: no mailbox; a level above some, or a subscription that outlived what it was for. */
  readonly place: Place | null;
  readonly isSubscribed: boolean;
  readonly hasChildren: boolean;
  /** Below it is something that was selected. Only asked for with `recursive`. */
  readonly hasSelectedBelow: boolean;
}

export interface Selection {
  /** Of the names that `namesAround` gives. */
  readonly matching: ReadonlySet<string>;
  readonly subscribed: boolean;
  readonly specialUse: boolean;
  /** Also levels above what is selected but does not match. RFC 5258 §3.1. */
  readonly recursive: boolean;
}

interface Level {
  name: string;
  place: Place | null;
  isSubscribed: boolean;
  hasChildren: boolean;
  hasSelectedBelow: boolean;
  /** Of what is selected below, something would not be listed by itself. */
  hasHiddenBelow: boolean;
}

/** Every name that may be spoken of: of mailboxes, of subscriptions, of the levels above them. */
export function namesAround(
  places: readonly Place[],
  subscriptions: readonly string[],
): ReadonlySet<string> {
  const names = new Set<string>(subscriptions);
  for (const { name } of places) names.add(name);
  for (const name of names) for (const superior of superiorsOf(name)) names.add(superior);
  return names;
}

/** INBOX first, then in the order of names; those of others behind. */
export function listNames(
  places: readonly Place[],
  subscriptions: readonly string[],
  selection: Selection,
): readonly Listed[] {
  const levels = gather(places, subscriptions);
  const isSelecting = selection.subscribed || selection.specialUse;
  if (selection.recursive) markAbove(levels, selection);
  const listed = [...levels.values()].filter((level) => {
    if (!selection.matching.has(level.name)) return false;
    if (!isSelecting) return level.place !== null || level.hasChildren;
    return isSelected(level, selection) || (selection.recursive && level.hasHiddenBelow);
  });
  return listed.sort(compareNames);
}

function gather(
  places: readonly Place[],
  subscriptions: readonly string[],
): ReadonlyMap<string, Level> {
  const levels = new Map<string, Level>();
  const level = (name: string): Level => {
    let found = levels.get(name);
    if (found === undefined) {
      found = {
        name,
        place: null,
        isSubscribed: false,
        hasChildren: false,
        hasSelectedBelow: false,
        hasHiddenBelow: false,
      };
      levels.set(name, found);
    }
    return found;
  };
  for (const place of places) {
    level(place.name).place = place;
    for (const superior of superiorsOf(place.name)) level(superior).hasChildren = true;
  }
  for (const name of subscriptions) {
    level(name).isSubscribed = true;
    superiorsOf(name).forEach(level);
  }
  return levels;
}

function isSelected(level: Level, { subscribed, specialUse }: Selection): boolean {
  if (subscribed && !level.isSubscribed) return false;
  return !specialUse || specialUseOf(level.place) !== null;
}

function markAbove(levels: ReadonlyMap<string, Level>, selection: Selection): void {
  for (const below of levels.values()) {
    if (!isSelected(below, selection)) continue;
    const isHidden = !selection.matching.has(below.name);
    for (const name of superiorsOf(below.name)) {
      const above = levels.get(name);
      if (above === undefined) continue;
      above.hasSelectedBelow = true;
      above.hasHiddenBelow ||= isHidden;
    }
  }
}

function compareNames(one: Listed, other: Listed): number {
  return rank(one.name) - rank(other.name) || (one.name < other.name ? -1 : 1);
}

function rank(name: string): number {
  if (name === 'INBOX' || name.startsWith('INBOX/')) return 0;
  return `${name}/`.startsWith(otherUsersPrefix) ? 2 : 1;
}

// ---------------------------------------------------------------- attributes

const specialUses: Readonly<Record<MailboxRole, string | null>> = {
  inbox: null,
  sent: '\\Sent',
  drafts: '\\Drafts',
  junk: '\\Junk',
  trash: '\\Trash',
  archive: '\\Archive',
  downloaded: null,
};

/** The use of an own mailbox: that of somebody else's is theirs. RFC 6154 §2. */
export function specialUseOf(place: Place | null): string | null {
  if (place === null || place.status.role === null) return null;
  return place.name === place.status.name ? specialUses[place.status.role] : null;
}

/** The role of such a use; null for those that we do not have. */
export function roleOfUse(use: string): MailboxRole | null {
  const wanted = use.toLowerCase();
  for (const [role, name] of Object.entries(specialUses)) {
    if (name?.toLowerCase() === wanted) return role as MailboxRole;
  }
  return null;
}

/** As LIST tells them. RFC 9051 §7.3.1. */
export function attributesOf(listed: Listed, options: { readonly subscribed: boolean }): string[] {
  const { place } = listed;
  const attributes: string[] = [];
  if (place === null) {
    attributes.push('\\NonExistent');
    // QUIRK: it says all; but levels are listed to clients of IMAP4rev1, who know \Noselect alone.
    if (listed.hasChildren) attributes.push('\\Noselect');
  } else if (!mayDo(place.rights, 'r')) attributes.push('\\Noselect');
  attributes.push(listed.hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (options.subscribed && listed.isSubscribed) attributes.push('\\Subscribed');
  const use = specialUseOf(place);
  if (use !== null) attributes.push(use);
  return attributes;
}
