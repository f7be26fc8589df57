/** Flags and keywords in commands. RFC 9051 §2.3.2, §9 (flag); RFC 3501 §2.3.2. */

import { SyntaxFault } from '../syntax-fault.ts';
import { type Cursor, tooMany } from './cursor.ts';
import { imapLimits } from './limits.ts';
import type { FlagList, SystemFlag } from './search-key.ts';

const systemFlags: ReadonlyMap<string, SystemFlag> = new Map([
  ['ANSWERED', 'answered'],
  ['DELETED', 'deleted'],
  ['DRAFT', 'draft'],
  ['FLAGGED', 'flagged'],
  ['SEEN', 'seen'],
]);

export const noFlags: FlagList = { system: [], keywords: [] };

/** `(\Seen $Junk)`. */
export function readFlagList(cursor: Cursor): FlagList {
  return collect(cursor.list(() => readFlag(cursor), { min: 0, max: imapLimits.flagsMax }));
}

/** As `readFlagList`, or the flags without brackets, as STORE may have them. */
export function readFlags(cursor: Cursor): FlagList {
  if (cursor.next === '(') return readFlagList(cursor);
  const words = [readFlag(cursor)];
  while (!cursor.isAtEnd) {
    if (words.length === imapLimits.flagsMax) throw tooMany('Too many flags');
    cursor.space();
    words.push(readFlag(cursor));
  }
  return collect(words);
}

export function readKeyword(cursor: Cursor): string {
  const keyword = cursor.atom();
  if (keyword.length > imapLimits.flagOctetsMax) throw badFlag('The keyword is too long');
  return keyword;
}

/** As sent, system flags with their backslash. */
function readFlag(cursor: Cursor): string {
  return cursor.skip('\\') ? `\\${cursor.atom()}` : readKeyword(cursor);
}

function collect(words: readonly string[]): FlagList {
  const system = new Set<SystemFlag>();
  const keywords = new Map<string, string>();
  for (const word of words) {
    if (word.startsWith('\\')) {
      const flag = systemFlags.get(word.slice(1).toUpperCase());
      // \Recent is the server's to set, and others nobody has defined.
      if (flag === undefined) throw badFlag(`${word} is not a flag that can be set`);
      system.add(flag);
    } else {
      const known = word.toLowerCase();
      if (!keywords.has(known)) keywords.set(known, word);
    }
  }
  return { system: [...system], keywords: [...keywords.values()] };
}

function badFlag(message: string): SyntaxFault {
  return new SyntaxFault('imap.bad-flag', message);
}
