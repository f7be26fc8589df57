/**
 * Does the DNS have what a domain needs? Asked of the zone's own servers, all of them: no verdict
 * comes from a cache.
 */

import { ZoneAsker, type Said } from '../dns/zone-servers.ts';
import type { DnsRecord, RecordType, World } from '../world.ts';
import { compareSet, setsOf, type Compared, type Reason, type RecordSet } from './compare.ts';
import { differenceOf, type Difference } from './difference.ts';
import { domainRecords, type DomainFacts } from './records.ts';

/** `spreading`: some servers have it already; `unknown`: no server could be asked. */
export type CheckState = Compared['state'] | 'spreading' | 'unknown';

export interface ServerFinding {
  readonly server: string;
  readonly address: string | null;
  /** null: it did not answer. */
  readonly state: Compared['state'] | null;
  readonly found: readonly string[];
}

export interface CheckedSet extends RecordSet {
  readonly state: CheckState;
  readonly reason: Reason | 'silent';
  /** Of the worst answer. */
  readonly found: readonly string[];
  /** Where one expected text stands against one that was found. */
  readonly difference: Difference | null;
  readonly servers: readonly ServerFinding[];
}

export interface DomainCheck {
  readonly domain: string;
  /** null: nobody tells which servers the zone has. */
  readonly zone: string | null;
  readonly sets: readonly CheckedSet[];
  /** What mail fails without, or what is wrong altogether. */
  readonly problems: number;
}

export async function checkDomain(world: World, facts: DomainFacts): Promise<DomainCheck> {
  const asker = new ZoneAsker(world);
  const zone = await asker.zoneOf(facts.domain);
  const sets = await Promise.all(wantedSets(facts).map((set) => checkSet(asker, set)));
  return {
    domain: facts.domain,
    zone: zone?.name ?? null,
    sets,
    problems: sets.filter(isProblem).length,
  };
}

/** The host needs an address even where we do not know which. */
function wantedSets(facts: DomainFacts): RecordSet[] {
  const sets = setsOf(domainRecords(facts));
  if (facts.addresses.length > 0) return sets;
  const { host: name, ttlSeconds } = facts;
  return [
    ...sets,
    { name, type: 'A', purpose: 'address', level: 'must', ttlSeconds, expected: [] },
  ];
}

export function isProblem({ state, level }: Pick<CheckedSet, 'state' | 'level'>): boolean {
  if (state === 'wrong' || state === 'unknown') return true;
  return state === 'missing' && level === 'must';
}

async function checkSet(asker: ZoneAsker, set: RecordSet): Promise<CheckedSet> {
  const said = await ask(asker, set);
  const compared = said.map(({ records }) => (records === null ? null : compareSet(set, records)));
  const answers = compared.filter((one) => one !== null);
  const worst = answers.toSorted((one, other) => rank(other) - rank(one))[0];
  const servers = said.map(({ server, address }, i) => ({
    server,
    address,
    state: compared[i]?.state ?? null,
    found: compared[i]?.found ?? [],
  }));
  if (worst === undefined) {
    return { ...set, state: 'unknown', reason: 'silent', found: [], difference: null, servers };
  }
  const isDivided = worst.state !== 'right' && answers.some(({ state }) => state === 'right');
  const [expected, ...others] = set.expected;
  const [found, ...more] = worst.found;
  const isPair = others.length === 0 && more.length === 0 && worst.reason === 'differs';
  return {
    ...set,
    ...worst,
    state: isDivided ? 'spreading' : worst.state,
    difference:
      isPair && expected !== undefined && found !== undefined
        ? differenceOf(expected, found)
        : null,
    servers,
  };
}

const rank = ({ state }: Compared): number => ['right', 'works', 'missing', 'wrong'].indexOf(state);

interface Heard {
  readonly server: string;
  readonly address: string | null;
  /** null: it did not answer. */
  readonly records: readonly DnsRecord[] | null;
}

/** What is reached by an alias or an address may have either. */
async function ask(asker: ZoneAsker, { name, type, expected }: RecordSet): Promise<Heard[]> {
  const types: RecordType[] = [type];
  if (type === 'CNAME') types.push('A', 'AAAA');
  if (type === 'A' && expected.length === 0) types.push('AAAA');
  const heard = await Promise.all(types.map((one) => asker.ask(name, one)));
  return (heard[0] ?? []).map(({ server }, i): Heard => {
    const answers = heard.map((said) => said[i]);
    const isSilent = answers.every((one) => one === undefined || one.answer === null);
    const records = answers.flatMap((one) => (one === undefined ? [] : recordsOf(one)));
    return {
      server: server.name,
      address: server.address,
      records: isSilent ? null : records,
    };
  });
}

const recordsOf = ({ answer }: Said): readonly DnsRecord[] =>
  answer?.kind === 'records' ? answer.records : [];
