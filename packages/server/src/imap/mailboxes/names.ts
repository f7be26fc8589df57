/**
 * Names as a session says them: its own mailboxes at the top, those of others below `Other Users`,
 * by the address of their owner. RFC 2342 §5 and RFC 9051 §6.3.10 (namespaces); RFC 4314.
 */

import { levelSeparator } from '@merpati/formats/imap/mailbox-name.ts';

/** The first level of mailboxes that are somebody else's; own ones cannot be called so. */
export const otherUsers = 'Other Users';

/** As NAMESPACE tells it. */
export const otherUsersPrefix = `${otherUsers}${levelSeparator}`;

export type NamePlace =
  | { readonly kind: 'own'; readonly name: string }
  /** A mailbox of somebody else. */
  | { readonly kind: 'other'; readonly address: string; readonly name: string }
  /** `Other Users` itself, or somebody's level in it: there is no such mailbox. */
  | { readonly kind: 'between' };

/**
 * @example
 * placeOf('Other Users/ani@surat.test/Rapat');
 * // { kind: 'other', address: 'ani@surat.test', name: 'Rapat' }
 */
export function placeOf(name: string): NamePlace {
  if (name !== otherUsers && !name.startsWith(otherUsersPrefix)) return { kind: 'own', name };
  const rest = name.slice(otherUsersPrefix.length);
  const end = rest.indexOf(levelSeparator);
  if (end < 0) return { kind: 'between' };
  const inside = rest.slice(end + 1).replace(/^inbox(?=\/|$)/i, 'INBOX');
  return { kind: 'other', address: readOwner(rest.slice(0, end)), name: inside };
}

export function nameOfOther(address: string, name: string): string {
  return [otherUsers, writeOwner(address), name].join(levelSeparator);
}

/**
 * Addresses may hold what names of mailboxes may not (`a/b%c@surat.test`): such signs are written
 * as `=` and two hexadecimal digits each.
 */
function writeOwner(address: string): string {
  return address.replace(/[=/*%\u0000-\u001f\u007f]/gu, (sign) => {
    return `=${sign.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
  });
}

function readOwner(level: string): string {
  return level.replace(/=([0-9A-F]{2})/gu, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** The name of the level above; null at the top. */
export function parentOf(name: string): string | null {
  const at = name.lastIndexOf(levelSeparator);
  return at < 0 ? null : name.slice(0, at);
}

/** All names above, the nearest last. */
export function superiorsOf(name: string): string[] {
  const superiors: string[] = [];
  for (let above = parentOf(name); above !== null; above = parentOf(above)) superiors.push(above);
  return superiors.reverse();
}
