/**
 * How well what FUZZY finds fits: whether the very text is there, or only its words. RFC 6203 §4.
 */

import type { SearchKey } from '@merpati/formats/imap/search-key.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Session } from '../session.ts';
import { type SearchScope, criteriaOf, hasKey } from './criteria.ts';
import { type SearchedFor, findMessages } from './find.ts';

const ofText = 100;
const ofWords = 50;

/** RFC 6203 §4, §5: without FUZZY there is nothing to weigh. */
export function checkRelevancy(what: SearchKey): void {
  if (!hasKey(what, 'fuzzy')) throw new SyntaxFault('imap.not-fuzzy', 'RELEVANCY needs FUZZY');
}

/** Those that have the very text in them, among what the search finds. */
export async function bestMatches(
  session: Session,
  search: SearchedFor,
  { what, scope }: { readonly what: SearchKey; readonly scope: SearchScope },
): Promise<ReadonlySet<number>> {
  const criteria = criteriaOf(what, scope, { isExact: true });
  const { uids } = await findMessages(session, { ...search, criteria, order: [] });
  return new Set(uids);
}

/** Of each, in their order: 1 to 100. */
export function weigh(uids: Uint32Array, best: ReadonlySet<number>): Uint8Array {
  return Uint8Array.from(uids, (one) => (best.has(one) ? ofText : ofWords));
}

/** The best first, or last; equals stay as they are. */
export function orderByRelevancy(
  uids: Uint32Array,
  best: ReadonlySet<number>,
  { reverse }: { readonly reverse: boolean },
): Uint32Array {
  const isFirst = (one: number): boolean => best.has(one) !== reverse;
  const first = uids.filter(isFirst);
  const ordered = new Uint32Array(uids.length);
  ordered.set(first);
  ordered.set(
    uids.filter((one) => !isFirst(one)),
    first.length,
  );
  return ordered;
}
