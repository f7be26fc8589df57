/**
 * What one name server has against what it should have, purpose by purpose: some records must be
 * there to the letter, some may say more, some may not be several. Pure.
 */

import { isDmarcRecord, readDmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';
import { readDkimKey } from '@merpati/formats/auth/dkim-record.ts';
import { isSpfRecord, readSpfRecord } from '@merpati/formats/auth/spf-record.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { DnsRecord } from '../world.ts';
import type { Level, Purpose, ZoneRecord } from './records.ts';
import { dataText } from './zone-text.ts';

/** Records of one type at one name. */
export interface RecordSet {
  readonly name: string;
  readonly type: ZoneRecord['data']['type'];
  readonly purpose: Purpose;
  readonly level: Level;
  readonly ttlSeconds: number;
  /** As text; empty: any will do. */
  readonly expected: readonly string[];
}

export type SetState = 'right' | 'works' | 'wrong' | 'missing';

/** Why it is not simply right. */
export type Reason =
  | 'as-it-must-be'
  | 'absent'
  | 'differs'
  /** Ours is there, and others are too. */
  | 'more'
  /** Of several none counts, or it is left to chance which. */
  | 'several'
  | 'unreadable'
  /** Reached by another way than ours. */
  | 'otherwise'
  /** A key that nobody uses any more. */
  | 'not-revoked';

export interface Compared {
  readonly state: SetState;
  readonly reason: Reason;
  /** What was found that has to do with it, as text. */
  readonly found: readonly string[];
}

/** In the order in which they were first named. */
export function setsOf(records: readonly ZoneRecord[]): RecordSet[] {
  const sets = new Map<string, RecordSet & { expected: string[] }>();
  for (const { name, data, purpose, level, ttlSeconds } of records) {
    const key = `${purpose} ${data.type} ${name}`;
    const set = sets.get(key) ?? {
      name,
      type: data.type,
      purpose,
      level,
      ttlSeconds,
      expected: [],
    };
    set.expected.push(valueText(data));
    sets.set(key, set);
  }
  return [...sets.values()];
}

/** Texts as a person writes them: in one piece, without quotes. */
export function valueText(data: ZoneRecord['data']): string {
  return data.type === 'TXT' ? Buffer.concat(data.strings).toString('latin1') : dataText(data);
}

type Found = Exclude<DnsRecord, { readonly type: 'SOA' }>;

export function compareSet(set: RecordSet, records: readonly DnsRecord[]): Compared {
  const found = records.flatMap((one): Found[] => (one.type === 'SOA' ? [] : [one]));
  const texts = found.map(valueText);
  if (set.type === 'CNAME') return compareAlias(set, found, texts);
  switch (set.purpose) {
    case 'spf':
      return single(set, texts.filter(isSpfRecord), compareSpf);
    case 'dmarc':
      return single(set, texts.filter(isDmarcRecord), compareDmarc);
    case 'dkim':
      return set.level === 'may' ? compareRevoked(texts) : single(set, texts, compareKey);
    case 'sts':
      return single(
        set,
        texts.filter((text) => text.startsWith('v=STSv1')),
        stillWorks,
      );
    case 'tls-rpt':
      return single(
        set,
        texts.filter((text) => text.startsWith('v=TLSRPTv1')),
        stillWorks,
      );
    case 'caa':
      return compareIssuers(set, found, texts);
    case 'mx':
      return compareAll(withoutPreference(set.expected), withoutPreference(texts), texts);
    case 'address':
    case 'tlsa':
    case 'service':
    case 'clients':
      return compareAll(set.expected, texts, texts);
    default:
      return set.purpose satisfies never;
  }
}

const right = (found: readonly string[]): Compared => ({
  state: 'right',
  reason: 'as-it-must-be',
  found,
});

type CompareOne = (expected: string, found: string) => Omit<Compared, 'found'>;

/** Where one record alone may be. */
function single(set: RecordSet, texts: readonly string[], compare: CompareOne): Compared {
  const [text, ...more] = texts;
  const expected = set.expected[0] ?? '';
  if (text === undefined) return { state: 'missing', reason: 'absent', found: [] };
  if (more.length > 0) return { state: 'wrong', reason: 'several', found: texts };
  if (squeezed(text) === squeezed(expected)) return right(texts);
  try {
    return { ...compare(expected, text), found: texts };
  } catch (error) {
    if (error instanceof SyntaxFault) {
      return { state: 'wrong', reason: 'unreadable', found: texts };
    }
    throw error;
  }
}

/** White space and a last semicolon say nothing. */
const squeezed = (text: string): string =>
  text
    .trim()
    .replace(/\s*([;=])\s*/g, '$1')
    .replace(/\s+/g, ' ')
    .replace(/;$/, '');

const stillWorks: CompareOne = () => ({ state: 'works', reason: 'differs' });

/** It will do when it names everybody whom we would name. */
const compareSpf: CompareOne = (expected, found) => {
  const theirs = new Set(readSpfRecord(found).terms.map(({ text }) => plain(text)));
  const ours = readSpfRecord(expected).terms.filter(({ name }) => name !== 'all');
  const isEnough = ours.every(({ text }) => theirs.has(plain(text)));
  return { state: isEnough ? 'works' : 'wrong', reason: 'differs' };
};

const plain = (term: string): string => term.toLowerCase().replace(/^\+/, '');

const compareDmarc: CompareOne = (_expected, found) => {
  readDmarcRecord(found);
  return { state: 'works', reason: 'differs' };
};

const compareKey: CompareOne = (expected, found) => {
  const [ours, theirs] = [readDkimKey(expected), readDkimKey(found)];
  const isSame = ours.kind === theirs.kind && Buffer.from(ours.octets).equals(theirs.octets);
  return isSame
    ? { state: 'right', reason: 'as-it-must-be' }
    : { state: 'wrong', reason: 'differs' };
};

/** Gone is as good as revoked. */
function compareRevoked(texts: readonly string[]): Compared {
  const isRevoked = texts.every((text) => /;\s*p=\s*;?\s*$/.test(text));
  return isRevoked ? right(texts) : { state: 'works', reason: 'not-revoked', found: texts };
}

function compareAll(
  expected: readonly string[],
  found: readonly string[],
  shown: readonly string[],
): Compared {
  if (found.length === 0) return { state: 'missing', reason: 'absent', found: shown };
  if (expected.length === 0) return right(shown);
  const lacking = expected.filter((text) => !found.includes(text));
  if (lacking.length === expected.length) {
    return { state: 'wrong', reason: 'differs', found: shown };
  }
  if (lacking.length > 0) return { state: 'works', reason: 'differs', found: shown };
  return found.length > expected.length
    ? { state: 'works', reason: 'more', found: shown }
    : right(shown);
}

/** Which of several hosts comes first is the owner's affair. */
const withoutPreference = (texts: readonly string[]): string[] =>
  texts.map((text) => text.slice(text.indexOf(' ') + 1));

/** An alias or addresses of its own: what counts is that it leads somewhere. */
function compareAlias(set: RecordSet, found: readonly Found[], texts: readonly string[]): Compared {
  const aliases = texts.filter((_text, i) => found[i]?.type === 'CNAME');
  if (aliases.some((text) => set.expected.includes(text))) return right(aliases);
  if (texts.length > 0) return { state: 'works', reason: 'otherwise', found: texts };
  return { state: 'missing', reason: 'absent', found: [] };
}

/** Without any issuer everybody may issue. RFC 8659 §4.2. */
function compareIssuers(
  set: RecordSet,
  found: readonly Found[],
  texts: readonly string[],
): Compared {
  if (texts.some((text) => set.expected.includes(text))) return right(texts);
  const isBound = found.some((one) => one.type === 'CAA' && one.tag.toLowerCase() === 'issue');
  return isBound
    ? { state: 'wrong', reason: 'differs', found: texts }
    : { state: 'missing', reason: 'absent', found: texts };
}
