/**
 * Rights as letters: what each lets somebody do, how they are read and written. RFC 4314 §2.1, and
 * §2.1.1 for `c` and `d`, which RFC 2086 had and old clients still send and look for.
 */

/** RFC 4314 §2.1, in the order of the RFC. */
export const rightNames = {
  l: 'look it up',
  r: 'read',
  s: 'mark as read',
  w: 'write flags',
  i: 'insert messages',
  p: 'post',
  k: 'create mailboxes below',
  x: 'delete the mailbox',
  t: 'mark as deleted',
  e: 'expunge',
  a: 'administer',
} as const;

export type Right = keyof typeof rightNames;

/** Letters, each once, sorted as the store keeps them. */
export type Rights = string;

/** Of an own mailbox. */
export const allRights: Rights = 'aeiklprstwx';

const writtenOrder = 'lrswipkxtea';

/** Creating and deleting; deleting messages. RFC 4314 §2.1.1 leaves `x` to either: it is `c`'s. */
const oldRights = { c: 'kx', d: 'et' } as const;

export function mayDo(rights: Rights, right: Right): boolean {
  return rights.includes(right);
}

/**
 * Sorted letters of what was sent; null when one of them is no right.
 *
 * @example
 * readRights('lrd'); // 'elrt'
 */
export function readRights(letters: string): Rights | null {
  let known = '';
  for (const letter of letters) {
    if (letter === 'c' || letter === 'd') known += oldRights[letter];
    else if (allRights.includes(letter)) known += letter;
    else return null;
  }
  return sorted(known);
}

/** In the order of the RFC, with `c` and `d` behind when a part of theirs is among them. */
export function writeRights(rights: Rights): string {
  const letters = Array.from(writtenOrder).filter((letter) => rights.includes(letter));
  return letters.join('') + writeOldRights(rights);
}

function writeOldRights(rights: Rights): string {
  return Object.entries(oldRights)
    .filter(([, parts]) => Array.from(parts).some((letter) => rights.includes(letter)))
    .map(([letter]) => letter)
    .join('');
}

/** RFC 4314 §3.1: `+` adds, `-` takes away, neither replaces. */
export function changeRights(
  before: Rights,
  op: 'set' | 'add' | 'remove',
  letters: Rights,
): Rights {
  switch (op) {
    case 'set':
      return letters;
    case 'add':
      return sorted(before + letters);
    case 'remove':
      return Array.from(before)
        .filter((letter) => !letters.includes(letter))
        .join('');
    default:
      return op satisfies never;
  }
}

function sorted(letters: string): Rights {
  return [...new Set(letters)].sort().join('');
}
