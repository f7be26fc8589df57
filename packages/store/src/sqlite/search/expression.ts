/**
 * Criteria as conditions of SQL over the rows of `message m`. What a row cannot answer because its
 * content has no entry yet is taken as true or as false, as is wanted: between the two lie the rows
 * whose bodies must be looked into. What was found out there lies in `temp.verdict`.
 */

import type { SQLInputValue } from 'node:sqlite';
import type { Criterion, UidRange } from '../../search.ts';
import { contentBits, entryOf } from '../index/schema.ts';
import { gramsAround, gramsOf, isWithinGram, makeLeaf, noDay, type Leaf } from './leaves.ts';

/** The parameters that each statement has first: `?1` and so on. */
export const fixed = {
  account: '?1',
  mailbox: '?2',
  search: '?3',
  /** The uids of a window, and the contents that occur in it. */
  afterUid: '?4',
  lastUid: '?5',
  firstContent: '?6',
  lastContent: '?7',
} as const;
export const fixedCount = 7;

export interface Compiled {
  /** What is not known counts as true. */
  readonly mayBe: string;
  /** What is not known counts as false. */
  readonly surely: string;
  /** Behind the fixed ones. */
  readonly values: readonly SQLInputValue[];
  readonly leaves: readonly Leaf[];
  /** Sets of uids by number, sorted and without overlaps: they go into `temp.uid_range`. */
  readonly rangeSets: readonly (readonly UidRange[])[];
}

export const entryOfRow = entryOf('m.account_id', 'm.content_id');

/**
 * Has no entry, or none that tells everything. While all is read again, what is behind the mark has
 * its entry of before.
 */
export const isInDoubt = `(m.content_id >=
  (SELECT coalesce((SELECT next_content FROM index_state WHERE account_id = ${fixed.account}), 1))
  AND NOT EXISTS (SELECT 1 FROM content_index x WHERE x.entry_id = ${entryOfRow})
  OR m.content_id IN
    (SELECT content_id FROM index_exception WHERE account_id = ${fixed.account}))`;

/** What a content's number may be at most. */
export const contentMask = 2 ** contentBits - 1;
export const dayMs = 86_400_000;

export function compile(criterion: Criterion): Compiled {
  const compiler = new Compiler();
  const mayBe = compiler.compile(criterion, 1);
  const surely = compiler.compile(criterion, 0);
  const { values, leaves, rangeSets } = compiler;
  return { mayBe, surely, values, leaves, rangeSets };
}

type Unknown = 0 | 1;

type TextCriterion = Extract<Criterion, { kind: 'header' | 'body' | 'text' }>;
/** What each row answers by itself. */
type PlainCriterion = Exclude<Criterion, TextCriterion | { kind: 'and' | 'or' | 'not' }>;

class Compiler {
  readonly values: SQLInputValue[] = [];
  readonly leaves: Leaf[] = [];
  readonly rangeSets: (readonly UidRange[])[] = [];
  readonly #leafSql = new Map<Criterion, (unknown: Unknown) => string>();
  readonly #plainSql = new Map<Criterion, string>();

  compile(criterion: Criterion, unknown: Unknown): string {
    switch (criterion.kind) {
      case 'and':
        return this.#join(criterion.of, 'AND', unknown);
      case 'or':
        return this.#join(criterion.of, 'OR', unknown);
      case 'not':
        return `NOT ${this.compile(criterion.of, unknown === 1 ? 0 : 1)}`;
      case 'body':
      case 'text':
      case 'header':
        return this.#leafOf(criterion, () => this.#text(criterion))(unknown);
      case 'day':
        if (criterion.of !== 'sent') return this.#plainOf(criterion);
        return this.#leafOf(criterion, () => this.#sentDay(criterion))(unknown);
      case 'all':
      case 'email':
      case 'flag':
      case 'keyword':
      case 'modseq':
      case 'size':
      case 'thread':
      case 'time':
      case 'uid':
        return this.#plainOf(criterion);
      default:
        return criterion satisfies never;
    }
  }

  /** Cheap ones first: the others are asked of what is left. Nested by halves, not in a chain. */
  #join(of: readonly Criterion[], word: 'AND' | 'OR', unknown: Unknown): string {
    const sorted = of.toSorted((one, other) => costOf(one) - costOf(other));
    const parts = sorted.map((each) => this.compile(each, unknown));
    return parts.length === 0 ? (word === 'AND' ? '1' : '0') : joinHalves(parts, word);
  }

  /** Both forms share their parameters. */
  #leafOf(
    criterion: Criterion,
    make: () => (unknown: Unknown) => string,
  ): (unknown: Unknown) => string {
    const known = this.#leafSql.get(criterion) ?? make();
    this.#leafSql.set(criterion, known);
    return known;
  }

  #plainOf(criterion: PlainCriterion): string {
    const known = this.#plainSql.get(criterion) ?? this.#plain(criterion);
    this.#plainSql.set(criterion, known);
    return known;
  }

  #value(value: SQLInputValue): string {
    this.values.push(value);
    return `?${fixedCount + this.values.length}`;
  }

  /** Answers where its verdicts come from. */
  #addLeaf(leaf: Leaf): string {
    this.leaves.push(leaf);
    return `FROM temp.verdict v WHERE v.search = ${fixed.search}
      AND v.content_id = m.content_id AND v.leaf = ${this.leaves.length - 1}`;
  }

  #plain(criterion: PlainCriterion): string {
    switch (criterion.kind) {
      case 'all':
        return '1';
      case 'flag': {
        const flags = this.#value(criterion.flags);
        return `(m.flags & ${flags}) = ${flags}`;
      }
      case 'keyword':
        return `(m.keywords IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(m.keywords) k
          WHERE lower(k.value) = lower(${this.#value(criterion.keyword)})))`;
      case 'uid':
        return this.#uids(criterion.ranges);
      case 'size':
        return `m.size ${criterion.is === 'larger' ? '>' : '<'} ${this.#value(criterion.than)}`;
      case 'day':
        return this.#onDay(
          criterion.of === 'saved' ? 'm.saved_ms' : 'm.internal_date_ms',
          criterion,
        );
      case 'time': {
        const ms = this.#value(criterion.ms);
        return `m.internal_date_ms ${criterion.is === 'since' ? '>=' : '<'} ${ms}`;
      }
      case 'modseq':
        return `m.modseq >= ${this.#value(criterion.from)}`;
      case 'email':
        return `m.email_id = ${this.#value(criterion.email)}`;
      case 'thread':
        return `coalesce((SELECT i.thread_id FROM content_index i
          WHERE i.entry_id = ${entryOfRow}) = ${this.#value(criterion.thread)}, 0)`;
      default:
        return criterion satisfies never;
    }
  }

  #uids(ranges: readonly UidRange[]): string {
    const merged = mergeRanges(ranges);
    if (merged.length <= 8) {
      const parts = merged.map(
        ({ from, to }) => `m.uid BETWEEN ${this.#value(from)} AND ${this.#value(to)}`,
      );
      return parts.length === 0 ? '0' : joinHalves(parts, 'OR');
    }
    this.rangeSets.push(merged);
    return `coalesce(m.uid <= (SELECT r.last FROM temp.uid_range r WHERE r.search = ${fixed.search}
      AND r.number = ${this.rangeSets.length - 1} AND r.first <= m.uid
      ORDER BY r.first DESC LIMIT 1), 0)`;
  }

  #onDay(ms: string, criterion: Extract<Criterion, { kind: 'day' }>): string {
    const start = this.#value(criterion.day * dayMs);
    if (criterion.is === 'before') return `(${ms} < ${start})`;
    if (criterion.is === 'since') return `(${ms} >= ${start})`;
    return `(${ms} >= ${start} AND ${ms} < ${this.#value((criterion.day + 1) * dayMs)})`;
  }

  /** A message that names no day was sent when it arrived. RFC 5256 §2.2. */
  #sentDay(criterion: Extract<Criterion, { kind: 'day' }>): (unknown: Unknown) => string {
    const leaf = this.#addLeaf({ kind: 'sent-day' });
    const indexed = this.#onDay(`coalesce(i.sent_day * ${dayMs}, m.internal_date_ms)`, criterion);
    const judged = this.#onDay(
      `iif(v.verdict = ${noDay}, m.internal_date_ms, v.verdict * ${dayMs})`,
      criterion,
    );
    const day = `CASE WHEN ${isInDoubt} THEN (SELECT ${judged} ${leaf})
      ELSE (SELECT ${indexed} FROM content_index i WHERE i.entry_id = ${entryOfRow}) END`;
    return (unknown) => `coalesce(${day}, ${unknown})`;
  }

  #text(criterion: TextCriterion): (unknown: Unknown) => string {
    const leaf = makeLeaf(criterion);
    const verdict = `(SELECT v.verdict ${this.#addLeaf(leaf)})`;
    const match = this.#match(leaf);
    const look = match !== null && isExact(leaf) ? '1' : this.#look(leaf);
    const indexed = match === null ? `ELSE ${look}` : `WHEN ${match} THEN ${look} ELSE 0`;
    return (unknown: Unknown) =>
      `coalesce(CASE WHEN ${isInDoubt} THEN ${verdict} ${indexed} END, ${unknown})`;
  }

  /** Which contents have all the grams; null: the text is too short to ask. */
  #match(leaf: Leaf): string | null {
    const query = queryOf(leaf);
    if (query === null) return this.#matchShort(leaf);
    return `m.content_id IN (SELECT g.rowid & ${contentMask} FROM content_grams g
      WHERE g.content_grams MATCH ${this.#value(query)}
      AND g.rowid BETWEEN ${entryOf(fixed.account, fixed.firstContent)}
        AND ${entryOf(fixed.account, fixed.lastContent)})`;
  }

  /** Which contents have a gram that begins so. Each place in a text begins one: see write.ts. */
  #matchShort(leaf: Leaf): string | null {
    const around = leaf.kind === 'body' || leaf.kind === 'text' ? gramsAround(leaf.text) : null;
    if (around === null) return null;
    const [first, last] = around;
    const column = leaf.kind === 'body' ? 'body : ' : '';
    return `m.content_id IN (SELECT g.rowid & ${contentMask} FROM temp.gram v, content_grams g
      WHERE v.term >= ${this.#value(first)} AND v.term <= ${this.#value(last)}
      AND g.content_grams MATCH '${column}"' || replace(v.term, '"', '""') || '"'
      AND g.rowid BETWEEN ${entryOf(fixed.account, fixed.firstContent)}
        AND ${entryOf(fixed.account, fixed.lastContent)})`;
  }

  #look(leaf: Leaf): string {
    const from = `FROM content_text t WHERE t.entry_id = ${entryOfRow}`;
    switch (leaf.kind) {
      case 'body':
        return `(SELECT instr(t.body, ${this.#value(leaf.octets)}) > 0 ${from})`;
      case 'text': {
        const octets = this.#value(leaf.octets);
        return `(SELECT instr(t.body, ${octets}) > 0 OR instr(t.head, ${octets}) > 0 ${from})`;
      }
      case 'header':
        return `(SELECT has_in_head(t.head, ${this.#value(leaf.name)}, ${this.#value(leaf.text)})
          ${from})`;
      case 'sent-day':
        throw new Error('a day is no text');
      default:
        return leaf satisfies never;
    }
  }
}

function isExact(leaf: Leaf): boolean {
  return (leaf.kind === 'body' || leaf.kind === 'text') && isWithinGram(leaf.text);
}

function queryOf(leaf: Leaf): string | null {
  if (leaf.kind === 'sent-day') return null;
  const grams = gramsOf(leaf.text);
  if (leaf.kind === 'header') {
    const ofName = gramsOf(leaf.name);
    const all = [grams, ofName].filter((each) => each !== null).join(' AND ');
    return all === '' ? null : `head : (${all})`;
  }
  if (grams === null) return null;
  return leaf.kind === 'body' ? `body : (${grams})` : `body : (${grams}) OR head : (${grams})`;
}

/** What it costs to ask a row, beside a comparison of numbers. */
const costs: Readonly<Partial<Record<Criterion['kind'], number>>> = {
  keyword: 5,
  thread: 20,
  header: 100,
  body: 100,
  text: 100,
};

function costOf(criterion: Criterion): number {
  if (criterion.kind === 'not') return costOf(criterion.of);
  if (criterion.kind === 'and' || criterion.kind === 'or') {
    return criterion.of.reduce((sum, each) => sum + costOf(each), 0);
  }
  if (criterion.kind === 'day' && criterion.of === 'sent') return 20;
  return costs[criterion.kind] ?? 1;
}

/** SQLite bounds how deep an expression may be: a chain of a thousand would be too deep. */
function joinHalves(parts: readonly string[], word: 'AND' | 'OR'): string {
  if (parts.length <= 2) return `(${parts.join(` ${word} `)})`;
  const middle = parts.length >> 1;
  const halves = [parts.slice(0, middle), parts.slice(middle)];
  return `(${halves.map((half) => joinHalves(half, word)).join(` ${word} `)})`;
}

/** Sorted, without overlaps. */
export function mergeRanges(ranges: readonly UidRange[]): readonly UidRange[] {
  const sorted = ranges
    .filter(({ from, to }) => from <= to)
    .toSorted((one, other) => one.from - other.from);
  const merged: { from: UidRange['from']; to: UidRange['to'] }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      if (range.to > last.to) last.to = range.to;
    } else merged.push({ ...range });
  }
  return merged;
}

/** Outside of these uids nothing can be found. */
export function uidBounds(criterion: Criterion): { readonly first: number; readonly last: number } {
  const all = { first: 1, last: 2 ** 32 - 1 };
  if (criterion.kind === 'uid') {
    const merged = mergeRanges(criterion.ranges);
    return { first: merged[0]?.from ?? 1, last: merged.at(-1)?.to ?? 0 };
  }
  if (criterion.kind !== 'and') return all;
  return criterion.of.map(uidBounds).reduce(
    (one, other) => ({
      first: Math.max(one.first, other.first),
      last: Math.min(one.last, other.last),
    }),
    all,
  );
}
