/**
 * SPF: may this address send for that domain? RFC 7208. Pure: it yields what it must know from the
 * DNS and is resumed with the replies.
 *
 * @example
 * const zone: DnsReply = { kind: 'found', text: ['v=spf1 ip4:192.0.2.0/24 -all'] };
 * const asked = { ip: '192.0.2.7', helo: 'mx.a.example', mailFrom: 'b@a.example', receiver: 'us' };
 * settleCheckAtOnce(checkSpf(asked), () => zone).result; // 'pass'
 */

import { readAddress, writeAddress } from '../dns/address.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import {
  askableName,
  plainName,
  type Checking,
  type DnsReply,
  type FactType,
} from './dns-facts.ts';
import { authLimits } from './limits.ts';
import { checkMacroString, expandMacros, shortenName } from './spf-macro.ts';
import {
  isSpfRecord,
  readSpfRecord,
  type DualCidr,
  type SpfQualifier,
  type SpfRecord,
  type SpfTerm,
} from './spf-record.ts';

/** RFC 7208 §2.6. */
export type SpfVerdict = SpfQualifier | 'none' | 'temperror' | 'permerror';

export interface SpfQuestion {
  /** Of the client, IPv4 or IPv6 as text. */
  readonly ip: string;
  readonly helo: string;
  /** Reverse-path; '' is the null sender, for which HELO stands in. RFC 7208 §2.4. */
  readonly mailFrom: string;
  /** Our own name, for explanations. */
  readonly receiver: string;
  /** Seconds since 1970, for explanations. */
  readonly nowSeconds?: number;
}

/** One term that was looked at. */
export interface SpfStep {
  readonly domain: string;
  readonly term: string;
  readonly isMatch: boolean;
}

export interface SpfResult {
  readonly result: SpfVerdict;
  /** Whose policy it is. */
  readonly domain: string;
  /** Its record; null: it has none, or several. */
  readonly record: string | null;
  /** The term that decided; null when none did. */
  readonly mechanism: string | null;
  /** What the domain says to those it does not let pass, ASCII; null: nothing. */
  readonly explanation: string | null;
  /** Terms that asked the DNS. */
  readonly lookups: number;
  readonly voidLookups: number;
  readonly steps: readonly SpfStep[];
  /** Why there is no clean answer; null when there is one. */
  readonly reason: string | null;
}

/** Ends an evaluation with an error. RFC 7208 §2.6.6, §2.6.7. */
class Stop extends Error {
  readonly result: 'temperror' | 'permerror';
  constructor(result: 'temperror' | 'permerror', reason: string) {
    super(reason);
    this.result = result;
  }
}

/** What one `check_host()` found. */
interface Found {
  readonly result: SpfVerdict;
  readonly mechanism: string | null;
  /** For the explanation: the record that decided and its domain. */
  readonly by: { readonly record: SpfRecord; readonly domain: string } | null;
}

export function* checkSpf(question: SpfQuestion): Checking<SpfResult> {
  const evaluation = new Evaluation(question);
  let found: Found;
  let reason: string | null = null;
  try {
    found = yield* evaluation.checkHost(evaluation.domain);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    found = { result: error.result, mechanism: null, by: null };
    reason = error.message;
  }
  return {
    result: found.result,
    domain: evaluation.domain,
    record: evaluation.record,
    mechanism: found.mechanism,
    explanation: found.result === 'fail' ? yield* evaluation.explain(found.by) : null,
    lookups: evaluation.lookups,
    voidLookups: evaluation.voidLookups,
    steps: evaluation.steps,
    reason,
  };
}

class Evaluation {
  readonly domain: string;
  readonly steps: SpfStep[] = [];
  lookups = 0;
  voidLookups = 0;
  /** The first one that was found. */
  record: string | null = null;
  readonly #question: SpfQuestion;
  readonly #local: string;
  readonly #address: Uint8Array;
  /** Names that lead back to the address; null until somebody asks. */
  #validated: readonly string[] | null = null;

  constructor(question: SpfQuestion) {
    const address = readAddress(question.ip);
    if (address === null) throw new SyntaxFault('spf.ip', `"${question.ip}" is no address`);
    this.#question = question;
    this.#address = unmapped(address);
    const { mailFrom, helo } = question;
    const at = mailFrom.lastIndexOf('@');
    this.domain = askableName(mailFrom === '' ? helo : mailFrom.slice(at + 1));
    // RFC 7208 §4.3: without a local part it is the postmaster's.
    this.#local = at > 0 ? mailFrom.slice(0, at) : 'postmaster';
  }

  /** RFC 7208 §4. Throws `Stop`. */
  *checkHost(domain: string): Checking<Found> {
    const nothing: Found = { result: 'none', mechanism: null, by: null };
    if (!isQualified(domain)) return nothing;
    const text = yield* this.#findRecord(domain);
    if (text === null) return nothing;
    this.record ??= text;
    const record = readOrStop(text, domain);
    for (const term of record.terms) {
      const isMatch = yield* this.#matches(term, domain);
      this.steps.push({ domain, term: term.text, isMatch });
      if (!isMatch) continue;
      return { result: term.qualifier, mechanism: term.text, by: { record, domain } };
    }
    if (record.redirect === null) return { result: 'neutral', mechanism: null, by: null };
    this.#countLookup();
    const target = yield* this.#expandName(record.redirect, domain);
    const found = yield* this.checkHost(target);
    if (found.result === 'none') throw new Stop('permerror', `redirect to ${target}: no record`);
    return found;
  }

  *#findRecord(domain: string): Checking<string | null> {
    const reply = yield { name: domain, type: 'TXT' };
    if (reply.kind === 'failed') throw new Stop('temperror', `TXT ${domain}: ${reply.why}`);
    const records = reply.kind === 'found' ? reply.text.filter(isSpfRecord) : [];
    if (records.length > 1) throw new Stop('permerror', `${domain} has several SPF records`);
    return records[0] ?? null;
  }

  *#matches(term: SpfTerm, domain: string): Checking<boolean> {
    switch (term.name) {
      case 'all':
        return true;
      case 'ip4':
      case 'ip6':
        return isWithin(this.#address, term.network, term.prefix);
      case 'include':
        return yield* this.#includes(term.domain, domain);
      case 'a':
        this.#countLookup();
        return yield* this.#hasAddress(yield* this.#target(term, domain), term.cidr);
      case 'mx':
        this.#countLookup();
        return yield* this.#hasExchange(yield* this.#target(term, domain), term.cidr);
      case 'ptr':
        this.#countLookup();
        return yield* this.#hasName(yield* this.#target(term, domain));
      case 'exists': {
        this.#countLookup();
        const target = yield* this.#expandName(term.domain, domain);
        return (yield* this.#ask(target, 'A')).length > 0;
      }
      default:
        return term satisfies never;
    }
  }

  /** RFC 7208 §5.2. */
  *#includes(spec: string, domain: string): Checking<boolean> {
    this.#countLookup();
    const target = yield* this.#expandName(spec, domain);
    const { result } = yield* this.checkHost(target);
    if (result === 'none') throw new Stop('permerror', `include of ${target}: no record`);
    return result === 'pass';
  }

  /** RFC 7208 §5.3. */
  *#hasAddress(name: string, cidr: DualCidr): Checking<boolean> {
    const { type, prefix } = this.#family(cidr);
    const addresses = yield* this.#ask(name, type);
    return addresses.some((text) => this.#isNear(text, prefix));
  }

  /** RFC 7208 §5.4. */
  *#hasExchange(name: string, cidr: DualCidr): Checking<boolean> {
    const { type, prefix } = this.#family(cidr);
    const hosts = yield* this.#ask(name, 'MX');
    if (hosts.length > authLimits.spfMxHostsMax) {
      throw new Stop('permerror', `${name} has more than ${authLimits.spfMxHostsMax} MX`);
    }
    for (const host of hosts) {
      const addresses = yield* this.#ask(plainName(host), type);
      if (addresses.some((text) => this.#isNear(text, prefix))) return true;
    }
    return false;
  }

  /** RFC 7208 §5.5. */
  *#hasName(target: string): Checking<boolean> {
    const names = yield* this.#validatedNames();
    return names.some((name) => name === target || name.endsWith(`.${target}`));
  }

  *#target(term: { readonly domain: string | null }, domain: string): Checking<string> {
    return term.domain === null ? domain : yield* this.#expandName(term.domain, domain);
  }

  #family(cidr: DualCidr): { readonly type: 'A' | 'AAAA'; readonly prefix: number } {
    return this.#address.length === 4
      ? { type: 'A', prefix: cidr.ipv4 }
      : { type: 'AAAA', prefix: cidr.ipv6 };
  }

  #isNear(text: string, prefix: number): boolean {
    const network = readAddress(text);
    return network !== null && isWithin(this.#address, network, prefix);
  }

  /** What a term asks: an error ends the evaluation, nothing found is counted. */
  *#ask(name: string, type: FactType): Checking<readonly string[]> {
    // RFC 7208 §4.8: a name that cannot be asked for is one that is not there.
    if (!isName(name)) return [];
    const reply: DnsReply = yield { name, type };
    if (reply.kind === 'failed') throw new Stop('temperror', `${type} ${name}: ${reply.why}`);
    if (reply.kind === 'found' && reply.text.length > 0) return reply.text;
    this.voidLookups += 1;
    if (this.voidLookups > authLimits.spfVoidLookupsMax) {
      throw new Stop('permerror', 'too many questions find nothing');
    }
    return [];
  }

  #countLookup(): void {
    this.lookups += 1;
    if (this.lookups > authLimits.spfLookupsMax) {
      throw new Stop('permerror', `more than ${authLimits.spfLookupsMax} terms ask the DNS`);
    }
  }

  /** Errors and names that lead elsewhere are passed over. */
  *#validatedNames(): Checking<readonly string[]> {
    if (this.#validated !== null) return this.#validated;
    const type = this.#address.length === 4 ? 'A' : 'AAAA';
    const reply = yield { name: reverseName(this.#address), type: 'PTR' };
    const names = reply.kind === 'found' ? reply.text : [];
    const validated: string[] = [];
    for (const name of names.slice(0, authLimits.spfPtrNamesMax).map(plainName)) {
      if (!isName(name)) continue;
      const back = yield { name, type };
      const isSame = (text: string): boolean => this.#isNear(text, this.#address.length * 8);
      if (back.kind === 'found' && back.text.some(isSame)) validated.push(name);
    }
    this.#validated = validated;
    return validated;
  }

  *#expandName(spec: string, domain: string): Checking<string> {
    return plainName(shortenName(yield* this.#expand(spec, domain)));
  }

  *#expand(text: string, domain: string): Checking<string> {
    const wantsName = /%\{p/i.test(text);
    const names = wantsName ? yield* this.#validatedNames() : [];
    const name =
      names.find((each) => each === domain) ??
      names.find((each) => each.endsWith(`.${domain}`)) ??
      names[0] ??
      'unknown';
    const { helo, receiver, nowSeconds } = this.#question;
    const values: Readonly<Record<string, string>> = {
      s: `${this.#local}@${this.domain}`,
      l: this.#local,
      o: this.domain,
      d: domain,
      i: dotted(this.#address),
      p: name,
      v: this.#address.length === 4 ? 'in-addr' : 'ip6',
      h: helo,
      c: writeAddress(this.#address),
      r: receiver === '' ? 'unknown' : receiver,
      t: String(nowSeconds ?? 0),
    };
    return expandMacros(text, (letter) => values[letter] ?? '');
  }

  /** RFC 7208 §6.2: whatever goes wrong, there is no explanation then. */
  *explain(by: Found['by']): Checking<string | null> {
    if (by === null || by.record.explanation === null) return null;
    const name = yield* this.#expandName(by.record.explanation, by.domain);
    if (!isName(name)) return null;
    const reply = yield { name, type: 'TXT' };
    const [text, ...more] = reply.kind === 'found' ? reply.text : [];
    if (text === undefined || more.length > 0) return null;
    try {
      checkMacroString(text, { inExplanation: true });
    } catch (error) {
      if (error instanceof SyntaxFault) return null;
      throw error;
    }
    const explanation = yield* this.#expand(text, by.domain);
    const isPlain = /^[\x20-\x7e]*$/.test(explanation);
    return isPlain ? explanation.slice(0, authLimits.spfExplanationOctetsMax) : null;
  }
}

function readOrStop(text: string, domain: string): SpfRecord {
  try {
    return readSpfRecord(text);
  } catch (error) {
    if (error instanceof SyntaxFault) throw new Stop('permerror', `${domain}: ${error.message}`);
    throw error;
  }
}

/** May it be asked for? */
export function isName(name: string): boolean {
  if (name === '' || name.length > authLimits.nameOctetsMax) return false;
  return name.split('.').every((label) => label !== '' && label.length <= 63);
}

/** RFC 7208 §4.3: malformed, or of a single label, has no policy. */
function isQualified(domain: string): boolean {
  return isName(domain) && domain.includes('.') && /^[\x21-\x7e]+$/.test(domain);
}

/** `::ffff:192.0.2.1` is an IPv4 client. RFC 7208 §5. */
function unmapped(address: Uint8Array): Uint8Array {
  const isMapped =
    address.length === 16 &&
    address.subarray(0, 10).every((octet) => octet === 0) &&
    address[10] === 255 &&
    address[11] === 255;
  return isMapped ? address.subarray(12) : address;
}

function isWithin(address: Uint8Array, network: Uint8Array, prefix: number): boolean {
  if (address.length !== network.length) return false;
  for (let index = 0; index * 8 < prefix; index += 1) {
    const bits = Math.min(8, prefix - index * 8);
    const mask = (0xff << (8 - bits)) & 0xff;
    if (((address[index] ?? 0) & mask) !== ((network[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** RFC 7208 §7.3: IPv4 as usual, IPv6 as nibbles. */
function dotted(address: Uint8Array): string {
  return address.length === 4 ? address.join('.') : nibbles(address).join('.').toUpperCase();
}

function nibbles(address: Uint8Array): string[] {
  return [...address].flatMap((octet) => [(octet >> 4).toString(16), (octet & 15).toString(16)]);
}

export function reverseName(address: Uint8Array): string {
  return address.length === 4
    ? `${[...address].reverse().join('.')}.in-addr.arpa`
    : `${nibbles(address).reverse().join('.')}.ip6.arpa`;
}
