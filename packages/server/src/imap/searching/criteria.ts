/**
 * What IMAP searches for, in the words of the store. RFC 9051 §6.4.4; RFC 5032 (WITHIN); RFC 5182
 * (`$`); RFC 6203 (FUZZY); RFC 7162 §3.1.5; RFC 8474 §5.3; RFC 8514 §4.3. Sequence numbers become
 * UIDs here: the store knows no others.
 */

import type { Day, SearchKey } from '@merpati/formats/imap/search-key.ts';
import type { SequenceSet } from '@merpati/formats/imap/sequence-set.ts';
import { flagBits } from '@merpati/store/contract.ts';
import { type AccountId, modSeq } from '@merpati/store/ids.ts';
import type { Criterion, UidRange } from '@merpati/store/search.ts';
import { readEmailId, readThreadId } from '../object-ids.ts';

/** What a search stands in: numbers mean something in one mailbox only. */
export interface SearchScope {
  readonly owner: AccountId;
  readonly nowMs: number;
  uids(set: SequenceSet): readonly UidRange[];
  /** Throws SyntaxFault where there are no sequence numbers. */
  numbers(set: SequenceSet): readonly UidRange[];
  /** Of rev1; nothing is recent to clients of rev2. */
  recent(): readonly UidRange[];
  /** Throws SyntaxFault where there is no saved result. */
  saved(): readonly UidRange[];
}

export interface CriteriaOptions {
  /** FUZZY looks for the very text, not for its words: so the best matches are known. */
  readonly isExact?: true;
}

const everything: Criterion = { kind: 'all' };
const nothing: Criterion = { kind: 'not', of: everything };
const seen: Criterion = { kind: 'flag', flags: flagBits.seen };

export function criteriaOf(
  key: SearchKey,
  scope: SearchScope,
  options: CriteriaOptions = {},
): Criterion {
  const translate = (one: SearchKey, isFuzzy: boolean): Criterion => {
    if (isText(one)) return textual(one, isFuzzy);
    if (one.key === 'not') return { kind: 'not', of: translate(one.of, isFuzzy) };
    if (one.key === 'fuzzy') return translate(one.of, options.isExact !== true);
    if (one.key === 'and')
      return joined(
        'and',
        one.all.map((inner) => translate(inner, isFuzzy)),
      );
    if (one.key !== 'or') return plain(one, scope);
    return joined('or', [translate(one.either, isFuzzy), translate(one.other, isFuzzy)]);
  };
  return translate(key, false);
}

const textKeys = ['bcc', 'body', 'cc', 'from', 'header', 'subject', 'text', 'to'] as const;

type TextKey = Extract<SearchKey, { readonly key: (typeof textKeys)[number] }>;

function isText(one: SearchKey): one is TextKey {
  return textKeys.some((key) => key === one.key);
}

type PlainKey = Exclude<SearchKey, TextKey | { readonly key: 'and' | 'or' | 'not' | 'fuzzy' }>;

function plain(one: PlainKey, scope: SearchScope): Criterion {
  switch (one.key) {
    case 'all':
    case 'savedatesupported':
      return everything;
    case 'new':
      return joined('and', [within(scope.recent()), unless(false, seen)]);
    case 'old':
      return unless(false, within(scope.recent()));
    case 'recent':
      return within(scope.recent());
    case 'flag':
      return unless(one.isSet, { kind: 'flag', flags: flagBits[one.flag] });
    case 'keyword':
      return unless(one.isSet, { kind: 'keyword', keyword: one.keyword });
    case 'date':
      return { kind: 'day', of: one.of, is: one.when, day: dayNumber(one.day) };
    case 'older':
    case 'younger': {
      const is = one.key === 'older' ? 'before' : 'since';
      return { kind: 'time', is, ms: scope.nowMs - one.seconds * 1000 };
    }
    case 'larger':
    case 'smaller':
      return { kind: 'size', is: one.key, than: one.octets };
    case 'numbers':
      return within(scope.numbers(one.set));
    case 'uid':
      return within(one.set === '$' ? scope.saved() : scope.uids(one.set));
    case 'saved':
      return within(scope.saved());
    case 'modseq':
      return { kind: 'modseq', from: modSeq(one.modseq) };
    case 'emailid': {
      const email = readEmailId(scope.owner, one.id);
      return email === null ? nothing : { kind: 'email', email };
    }
    case 'threadid': {
      const thread = readThreadId(scope.owner, one.id);
      return thread === null ? nothing : { kind: 'thread', thread };
    }
  }
  return one satisfies never;
}

/** Long chains, as clients make them of many OR, stay flat. */
function joined(kind: 'and' | 'or', all: readonly Criterion[]): Criterion {
  return { kind, of: all.flatMap((one) => (one.kind === kind ? one.of : [one])) };
}

function unless(isSet: boolean, criterion: Criterion): Criterion {
  return isSet ? criterion : { kind: 'not', of: criterion };
}

function within(ranges: readonly UidRange[]): Criterion {
  return ranges.length === 0 ? nothing : { kind: 'uid', ranges };
}

/** RFC 6203 §3 leaves the fuzziness to us: all of the words, wherever they stand. */
function textual(one: TextKey, isFuzzy: boolean): Criterion {
  const words = isFuzzy ? one.value.split(/\s+/u).filter((word) => word !== '') : [];
  if (words.length < 2) return textIn(one, one.value);
  return joined(
    'and',
    words.map((word) => textIn(one, word)),
  );
}

function textIn(one: TextKey, text: string): Criterion {
  if (one.key === 'body' || one.key === 'text') return { kind: one.key, text };
  return { kind: 'header', name: one.key === 'header' ? one.field : one.key, text };
}

const dayMs = 86_400_000;

function dayNumber({ year, month, day }: Day): number {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  return at.getTime() / dayMs;
}

/** Whether the key, or one within it, is of that kind. */
export function hasKey(key: SearchKey, kind: SearchKey['key']): boolean {
  if (key.key === kind) return true;
  if (key.key === 'and') return key.all.some((one) => hasKey(one, kind));
  if (key.key === 'or') return hasKey(key.either, kind) || hasKey(key.other, kind);
  return (key.key === 'not' || key.key === 'fuzzy') && hasKey(key.of, kind);
}
