/**
 * Patterns of LIST: `*` is anything, `%` anything within a level. RFC 9051 §6.3.9.1; RFC 3501
 * §6.3.8.
 */

import { levelSeparator } from './mailbox-name.ts';

export interface ListPattern {
  /** Reference and pattern put together. */
  readonly text: string;
  /** Whether it is the name of that mailbox, or fits it. In time linear in name × pattern. */
  matches(name: string): boolean;
  /** Whether there could be a match below that mailbox; if not, nobody need look there. */
  mayMatchBelow(name: string): boolean;
}

/**
 * A reference and a pattern, put one after the other as servers with `/` do. INBOX fits in any
 * case.
 *
 * @example makeListPattern('Projects/', '%').matches('Projects/Garden') // true
 */
export function makeListPattern(reference: string, pattern: string): ListPattern {
  const text = simplify(`${reference}${pattern}`);
  const lower = text.toLowerCase();
  return {
    text,
    matches: (name) => {
      if (reach(text, name).has(text.length)) return true;
      // RFC 9051 §5.1: it alone has no case.
      return name === 'INBOX' && reach(lower, 'inbox').has(text.length);
    },
    mayMatchBelow: (name) => {
      const places = reach(text, `${name}${levelSeparator}`);
      return [...places].some((place) => place < text.length);
    },
  };
}

/** Runs of wildcards do what one of them does: `*%*` is `*`. */
function simplify(pattern: string): string {
  return pattern.replaceAll(/[*%]+/g, (run) => (run.includes('*') ? '*' : '%'));
}

/**
 * Which places of the pattern can be reached when all of the name is used up. All at once, place by
 * place: no pattern makes it go back (`%a%a%a…` is an old attack).
 */
function reach(pattern: string, name: string): ReadonlySet<number> {
  let places = new Set<number>();
  enter(pattern, 0, places);
  for (const character of name) {
    const after = new Set<number>();
    for (const place of places) {
      const wanted = pattern[place];
      if (wanted === '*' || (wanted === '%' && character !== levelSeparator)) {
        enter(pattern, place, after);
      } else if (pattern.startsWith(character, place) && wanted !== '%') {
        enter(pattern, place + character.length, after);
      }
    }
    if (after.size === 0) return after;
    places = after;
  }
  return places;
}

/** A place, and behind it when a wildcard is there, which may stand for nothing. */
function enter(pattern: string, place: number, places: Set<number>): void {
  places.add(place);
  const wanted = pattern[place];
  if (wanted === '*' || wanted === '%') places.add(place + 1);
}
