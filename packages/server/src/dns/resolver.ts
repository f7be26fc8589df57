/**
 * The resolver client behind `world.dns`: asks the recursive resolvers it is given, remembers what
 * they say for as long as they allow, and asks nothing but what it was asked (no search list). RFC
 * 1035 §7, RFC 2308, RFC 8020 is left to the resolver behind us.
 */

import {
  rcodes,
  typeCodes,
  type DnsMessage,
  type ResourceRecord,
} from '@merpati/formats/dns/message.ts';
import { lowerName, nameLabels } from '@merpati/formats/dns/name.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { DnsAnswer, DnsRecord, RecordType, Resolver } from '../world.ts';
import { AnswerCache } from './cache.ts';
import { exchange, type Question } from './exchange.ts';
import { trustOf, type NameServer } from './servers.ts';

export interface ResolverOptions {
  readonly servers: readonly NameServer[];
  /** Wait for one answer before the next server. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Whose AD bit is believed; without it, servers on this machine. RFC 6698 §A.3. */
  readonly isTrusted?: (server: NameServer) => boolean;
}

const limits = {
  /** Each server is asked so often before the answer is "nobody answered". */
  roundsMax: 2,
  /** CNAMEs on the way to one answer; honest chains have two or three. */
  aliasesMax: 8,
  /** Questions under way; each has a socket. More wait. */
  questionsMax: 256,
  cacheOctetsMax: 16 * 1024 * 1024,
  /** However long a zone wants to be remembered. RFC 8767 §4 suggests days; we restart rarely. */
  ttlSecondsMax: 86_400,
  /** RFC 2308 §5: one to three hours work well for what does not exist. */
  negativeTtlSecondsMax: 3600,
  /**
   * RFC 9520 §3.2: a failure is remembered too, shortly, so that a burst does not become a storm.
   */
  failureMs: 2000,
} as const;

interface Found {
  readonly answer: DnsAnswer;
  readonly octets: number;
}

type Options = Required<ResolverOptions>;

export function createResolver(given: ResolverOptions): Resolver {
  const isTrusted = given.isTrusted ?? trustOf([]);
  // Whoever falls back on a server that does not validate lets an attacker choose: he only has to
  // silence the one that does.
  const trusted = given.servers.filter(isTrusted);
  const servers = trusted.length > 0 ? trusted : given.servers;
  const options = { ...given, isTrusted, servers };
  const cache = new AnswerCache(limits.cacheOctetsMax);
  const underWay = new Map<string, Promise<DnsAnswer>>();
  const slots = createSlots(limits.questionsMax);

  const askAndKeep = async (key: string, question: Question & { record: RecordType }) => {
    const { answer, octets } = await slots(() => ask(question, options));
    const ttlMs = answer.kind === 'error' ? limits.failureMs : answer.ttlSeconds * 1000;
    cache.keep(key, answer, { ttlMs, nowMs: options.nowMs(), octets });
    return answer;
  };

  return {
    isTrusted: trusted.length > 0,
    query(name, record) {
      const lower = lowerName(name);
      const key = `${record} ${lower}`;
      const known = cache.find(key, options.nowMs());
      if (known !== null) return Promise.resolve(known);
      const running = underWay.get(key);
      if (running !== undefined) return running;
      if (!isAskable(lower)) {
        // No such name can exist.
        return Promise.resolve({ kind: 'nxdomain', ttlSeconds: 0, authenticated: false });
      }
      const question = { name: lower, type: typeCodes[record], record };
      const asking = askAndKeep(key, question).finally(() => underWay.delete(key));
      underWay.set(key, asking);
      return asking;
    },
  };
}

function isAskable(name: string): boolean {
  try {
    nameLabels(name);
    return true;
  } catch (error) {
    if (error instanceof SyntaxFault) return false;
    throw error;
  }
}

/** At most so many at a time; the others wait in order. */
function createSlots(slotsMax: number) {
  let free = slotsMax;
  const waiting: (() => void)[] = [];
  return async <T>(run: () => Promise<T>): Promise<T> => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** Follows aliases over as many questions as it takes (a recursive server usually needs one). */
async function ask(
  question: Question & { readonly record: RecordType },
  options: Options,
): Promise<Found> {
  const aliases: string[] = [];
  let name = question.name;
  let ttlSeconds: number = limits.ttlSecondsMax;
  let octets = 0;
  let authenticated = true;
  for (;;) {
    const asked = await askServers({ name, type: question.type }, options);
    if (asked.kind === 'error') return { answer: asked, octets: 0 };
    octets += asked.octets;
    authenticated &&= asked.authenticated;
    const step = readStep(asked.message, { ...question, name }, aliases);
    ttlSeconds = Math.min(ttlSeconds, step.ttlSeconds);
    switch (step.kind) {
      case 'more':
        name = step.name;
        break;
      case 'bad':
        return { answer: { kind: 'error', reason: 'malformed' }, octets: 0 };
      case 'records': {
        const { records } = step;
        return {
          answer: { kind: 'records', records, ttlSeconds, authenticated, aliases },
          octets,
        };
      }
      case 'nxdomain':
      case 'nodata':
        return { answer: { kind: step.kind, ttlSeconds, authenticated }, octets };
      default:
        step satisfies never;
    }
  }
}

type Asked =
  | {
      readonly kind: 'message';
      readonly message: DnsMessage;
      readonly octets: number;
      readonly authenticated: boolean;
    }
  | (DnsAnswer & { kind: 'error' });

/** Every server in turn until one gives an answer that says something about the name. */
async function askServers(question: Question, options: Options): Promise<Asked> {
  let reason: (DnsAnswer & { kind: 'error' })['reason'] = 'timeout';
  for (let round = 0; round < limits.roundsMax; round += 1) {
    let isWorthAnother = false;
    for (const server of options.servers) {
      const result = await exchange(server, question, options);
      if (result.kind === 'failed') {
        reason = result.reason;
        isWorthAnother = true;
        continue;
      }
      const { message, octets } = result;
      const isAnswer = message.rcode === rcodes.noError || message.rcode === rcodes.nxDomain;
      if (isAnswer && !isLame(message)) {
        const authenticated = message.authenticData && options.isTrusted(server);
        return { kind: 'message', message, octets, authenticated };
      }
      // A server that has tried and failed will not do better the moment after.
      reason = reasonOf(message);
    }
    if (!isWorthAnother) break;
  }
  return { kind: 'error', reason };
}

/** RFC 8914 §4: what a validating resolver says when signatures are wrong, old or not there. */
const bogusCodes = new Set([6, 7, 8, 9, 10, 11, 12]);

function reasonOf({ rcode, edns }: DnsMessage): (DnsAnswer & { kind: 'error' })['reason'] {
  if (rcode === rcodes.refused) return 'refused';
  const isBogus = edns?.options.some(
    ({ code, data }) =>
      code === 15 && data.length >= 2 && bogusCodes.has(((data[0] ?? 0) << 8) | (data[1] ?? 0)),
  );
  return isBogus === true ? 'bogus' : 'servfail';
}

/** Neither an answer nor a denial: a referral by a server that does not know the zone. */
function isLame(message: DnsMessage): boolean {
  return (
    message.rcode === rcodes.noError &&
    message.answers.length === 0 &&
    !message.authoritative &&
    !message.recursionAvailable
  );
}

type Step =
  | {
      readonly kind: 'records';
      readonly records: readonly DnsRecord[];
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'nxdomain' | 'nodata'; readonly ttlSeconds: number }
  /** The server answered with an alias only: its target must be asked for. */
  | { readonly kind: 'more'; readonly name: string; readonly ttlSeconds: number }
  | { readonly kind: 'bad'; readonly ttlSeconds: number };

/** What one message says about `name`; adds the aliases it goes through to `aliases`. */
function readStep(
  message: DnsMessage,
  { name, record }: { readonly name: string; readonly record: RecordType },
  aliases: string[],
): Step {
  const answers = message.answers.filter((answer) => answer.class === 1);
  let ttlSeconds: number = limits.ttlSecondsMax;
  let at = name;
  for (;;) {
    const own = answers.filter((answer) => lowerName(answer.name) === at);
    const found = own.filter((answer) => answer.data.type === record);
    if (found.length > 0) {
      const records = found.map(({ data }) => plainRecord(data)).filter((r) => r !== null);
      const ttls = found.map((answer) => answer.ttlSeconds);
      return { kind: 'records', records, ttlSeconds: Math.min(ttlSeconds, ...ttls) };
    }
    const alias = own.find((answer) => answer.data.type === 'CNAME');
    if (alias?.data.type !== 'CNAME') break;
    const target = lowerName(alias.data.target);
    // RFC 1034 §3.6.2; a loop or an endless chain is a fault of the zone, which may be mended.
    if (aliases.length === limits.aliasesMax || aliases.includes(target)) {
      return { kind: 'bad', ttlSeconds: 0 };
    }
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    aliases.push(target);
    at = target;
  }
  const soa = message.authorities.find((authority) => authority.data.type === 'SOA');
  const isFinal = message.rcode === rcodes.nxDomain || soa !== undefined;
  if (at !== name && !isFinal) return { kind: 'more', name: at, ttlSeconds };
  const kind = message.rcode === rcodes.nxDomain ? 'nxdomain' : 'nodata';
  return { kind, ttlSeconds: Math.min(ttlSeconds, negativeTtl(soa)) };
}

/** RFC 2308 §5: the lesser of the SOA's own TTL and its minimum; nothing is kept without an SOA. */
function negativeTtl(soa: ResourceRecord | undefined): number {
  if (soa?.data.type !== 'SOA') return 0;
  return Math.min(soa.ttlSeconds, soa.data.minimumSeconds, limits.negativeTtlSecondsMax);
}

function plainRecord(data: ResourceRecord['data']): DnsRecord | null {
  switch (data.type) {
    case 'MX':
      return { ...data, exchange: lowerName(data.exchange) };
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return { ...data, target: lowerName(data.target) };
    case 'SOA':
      return { type: 'SOA', minimumSeconds: data.minimumSeconds };
    case 'A':
    case 'AAAA':
    case 'TXT':
    case 'TLSA':
    case 'CAA':
      return data;
    case 'SRV':
      return { ...data, target: lowerName(data.target) };
    case 'other':
      return null;
    default:
      return data satisfies never;
  }
}
