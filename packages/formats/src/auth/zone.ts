/**
 * A zone given as data that answers the questions of checks: for `merpati probe`, suites and tests.
 * Names are lower case without a final dot; a name that is not there does not exist.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import type { DnsAsk, DnsReply, MxFact } from './dns-facts.ts';
import { plainName } from './dns-facts.ts';

interface ZoneRecord {
  readonly type: string;
  readonly address?: string;
  readonly exchange?: string;
  readonly preference?: number;
  readonly strings?: readonly string[];
  readonly target?: string;
  /** With type `*`: questions for the name fail so. */
  readonly error?: string;
  /** Only those of these types. */
  readonly only?: readonly string[];
}

/** A chain of CNAMEs beyond this leads nowhere. */
const aliasesMax = 16;

/** Answers from `{ "name": [record, …] }`; `SyntaxFault` when it has another shape. */
export function askZone(zone: unknown): (question: DnsAsk) => DnsReply {
  if (typeof zone !== 'object' || zone === null || Array.isArray(zone)) {
    throw new SyntaxFault('zone.shape', 'a zone is an object of names');
  }
  const names = new Map<string, readonly ZoneRecord[]>();
  for (const [name, records] of Object.entries(zone)) {
    if (!Array.isArray(records)) throw new SyntaxFault('zone.shape', `${name}: a list of records`);
    names.set(plainName(name), records as ZoneRecord[]);
  }
  return (question) => {
    let { name } = question;
    for (let aliases = 0; aliases <= aliasesMax; aliases += 1) {
      const records = names.get(plainName(name));
      if (records === undefined) return { kind: 'none', why: 'nxdomain' };
      const failing = records.find(
        ({ type, only }) => type === '*' && (only === undefined || only.includes(question.type)),
      );
      if (failing !== undefined) {
        return { kind: 'failed', why: (failing.error ?? 'SERVFAIL').toLowerCase() };
      }
      const found = records.filter(({ type }) => type === question.type);
      if (found.length > 0) return reply(found);
      const alias = records.find(({ type }) => type === 'CNAME')?.target;
      if (alias === undefined) return { kind: 'none', why: 'nodata' };
      name = alias;
    }
    return { kind: 'failed', why: 'a loop of aliases' };
  };
}

function reply(records: readonly ZoneRecord[]): DnsReply {
  const mx: MxFact[] = records
    .filter(({ type }) => type === 'MX')
    .map(({ preference = 0, exchange = '' }) => ({ preference, exchange }))
    .sort((a, b) => a.preference - b.preference);
  const text = records
    .filter(({ type }) => type !== 'MX')
    .map(({ address, strings, target }) => address ?? strings?.join('') ?? target ?? '');
  return { kind: 'found', text: [...text, ...mx.map(({ exchange }) => exchange)], mx };
}
