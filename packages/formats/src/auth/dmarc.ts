/**
 * DMARC: does anybody who vouches for the message speak for the domain in its From field, and if
 * not, what does that domain want? RFC 9989 with its DNS tree walk; records as RFC 7489 had them
 * are understood. Pure: yields questions, is resumed with replies.
 */

import { mailboxesOf, readAddressList } from '../message/address.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { authLimits } from './limits.ts';
import { askableName, type Checking, plainName } from './dns-facts.ts';
import {
  isDmarcRecord,
  readDmarcRecord,
  type DmarcPolicy,
  type DmarcRecord,
} from './dmarc-record.ts';

export interface DmarcQuestion {
  /** Domains of the From field, lower case; see `authorDomains`. */
  readonly domains: readonly string[];
  /** null: SPF was not evaluated. */
  readonly spf: { readonly result: string; readonly domain: string } | null;
  readonly dkim: readonly { readonly result: string; readonly domain: string }[];
}

/** RFC 9989 §5; `none`: the domain asks for nothing. */
export type DmarcVerdict = 'pass' | 'fail' | 'none' | 'temperror' | 'permerror';

export interface DmarcResult {
  readonly result: DmarcVerdict;
  /** The domain in From that decided; '' when there is none. */
  readonly domain: string;
  /** Where the record was found. */
  readonly recordDomain: string | null;
  readonly record: DmarcRecord | null;
  /** What the record says for this domain. */
  readonly policy: DmarcPolicy | null;
  /** What it asks to be done with this message now. */
  readonly disposition: DmarcPolicy;
  readonly alignment: { readonly spf: boolean; readonly dkim: boolean };
  readonly reasons: readonly string[];
}

/**
 * The Organizational Domain of a domain; null: the DNS does not answer now. RFC 9989 §4.10.2.
 */
export function* findOrganisation(domain: string): Checking<string | null> {
  const name = plainName(domain);
  const evaluation = new Evaluation({ domains: [], spf: null, dkim: [] });
  return yield* evaluation.organisation(name);
}

/** Ends an evaluation that the DNS does not answer. */
class Unanswered extends Error {}

/** Names asked for in one tree walk. RFC 9989 §4.10. */
const walkMax = 8;

/** Domains of the authors in A-labels, each once. RFC 9989 §4.2 (Author Domain); RFC 8616 §6. */
export function authorDomains(from: string): readonly string[] {
  const list = readAddressList(from);
  return [...new Set(mailboxesOf(list).map(({ domain }) => askableName(domain)))].filter(
    (domain) => domain !== '',
  );
}

/** Of several authors the one with whom it goes worst decides. RFC 7489 §6.6.1. */
export function* checkDmarc(question: DmarcQuestion): Checking<DmarcResult> {
  if (question.domains.length > authLimits.dmarcAuthorsMax) {
    return nothing('', 'permerror', 'there are too many authors');
  }
  const evaluation = new Evaluation(question);
  let worst: DmarcResult | null = null;
  for (const domain of question.domains) {
    const result = yield* evaluation.check(domain);
    if (worst === null || weight(result) > weight(worst)) worst = result;
  }
  return worst ?? nothing('', 'permerror', 'there is no author');
}

function weight({ result, disposition }: DmarcResult): number {
  const severity = ['none', 'quarantine', 'reject'].indexOf(disposition);
  return ['pass', 'none', 'permerror', 'temperror', 'fail'].indexOf(result) * 10 + severity;
}

function nothing(domain: string, result: DmarcVerdict, reason: string): DmarcResult {
  return {
    result,
    domain,
    recordDomain: null,
    record: null,
    policy: null,
    disposition: 'none',
    alignment: { spf: false, dkim: false },
    reasons: [reason],
  };
}

interface Found {
  readonly domain: string;
  readonly record: DmarcRecord;
}

class Evaluation {
  readonly #question: DmarcQuestion;
  /** What was asked already: the walks of several domains meet. */
  readonly #records = new Map<string, DmarcRecord | null>();

  constructor(question: DmarcQuestion) {
    this.#question = question;
  }

  *check(domain: string): Checking<DmarcResult> {
    try {
      return yield* this.#evaluate(domain);
    } catch (error) {
      if (error instanceof Unanswered) return nothing(domain, 'temperror', error.message);
      throw error;
    }
  }

  *organisation(domain: string): Checking<string | null> {
    try {
      return organisationOf(domain, yield* this.#walk(domain));
    } catch (error) {
      if (error instanceof Unanswered) return null;
      throw error;
    }
  }

  *#evaluate(domain: string): Checking<DmarcResult> {
    const walk = yield* this.#walk(domain);
    const found = policyOf(domain, walk);
    if (found === null) return nothing(domain, 'none', `${domain} has no DMARC record`);
    const { record } = found;
    const organisation = organisationOf(domain, walk);
    const reasons = [`the record of ${found.domain} holds for ${domain}`];
    const aligned = (isStrict: boolean, other: string): Checking<boolean> =>
      this.#isAligned({ domain, organisation, isStrict }, plainName(other));
    const { spf, dkim } = this.#question;
    let isSpfAligned = false;
    if (spf?.result === 'pass') {
      isSpfAligned = yield* aligned(record.strictSpf, spf.domain);
      reasons.push(`SPF passes for ${spf.domain}, ${isSpfAligned ? 'aligned' : 'not aligned'}`);
    }
    let isDkimAligned = false;
    for (const each of dkim) {
      if (each.result !== 'pass') continue;
      const isAligned = yield* aligned(record.strictDkim, each.domain);
      reasons.push(`DKIM passes for ${each.domain}, ${isAligned ? 'aligned' : 'not aligned'}`);
      isDkimAligned ||= isAligned;
    }
    const hasPassed = isSpfAligned || isDkimAligned;
    const wasUnanswered =
      spf?.result === 'temperror' || dkim.some(({ result }) => result === 'temperror');
    const policy = yield* this.#policyFor(domain, found);
    if (!hasPassed && wasUnanswered) reasons.push('what may have passed could not be asked for');
    const result = hasPassed ? 'pass' : wasUnanswered ? 'temperror' : 'fail';
    return {
      result,
      domain,
      recordDomain: found.domain,
      record,
      policy,
      disposition: result === 'fail' ? dispositionOf(policy, record) : 'none',
      alignment: { spf: isSpfAligned, dkim: isDkimAligned },
      reasons,
    };
  }

  /** RFC 9989 §4.4. */
  *#isAligned(
    author: { readonly domain: string; readonly organisation: string; readonly isStrict: boolean },
    other: string,
  ): Checking<boolean> {
    if (other === author.domain) return true;
    if (author.isStrict || other === '') return false;
    return organisationOf(other, yield* this.#walk(other)) === author.organisation;
  }

  /** RFC 9989 §4.7: `sp` and `np` are for those that have no record of their own. */
  *#policyFor(domain: string, found: Found): Checking<DmarcPolicy> {
    const { record } = found;
    if (found.domain === domain) return record.policy;
    const forExisting = record.subdomains ?? record.policy;
    if (record.missing === null || record.missing === forExisting) return forExisting;
    return (yield* this.#exists(domain)) ? forExisting : record.missing;
  }

  /** RFC 9989 §3.2: a domain exists when it has an address or takes mail. */
  *#exists(domain: string): Checking<boolean> {
    for (const type of ['MX', 'A', 'AAAA'] as const) {
      const reply = yield { name: domain, type };
      if (reply.kind === 'failed') throw new Unanswered(`${type} ${domain}: ${reply.why}`);
      if (reply.kind === 'found') return true;
    }
    return false;
  }

  /** Records from the domain upwards. RFC 9989 §4.10. */
  *#walk(domain: string): Checking<readonly Found[]> {
    const found: Found[] = [];
    let labels = domain.split('.');
    for (let asked = 0; asked < walkMax && labels.length > 0; asked += 1) {
      const name = labels.join('.');
      const record = yield* this.#record(name);
      if (record !== null) {
        found.push({ domain: name, record });
        if (record.suffix !== 'u' && !(record.suffix === 'y' && asked === 0)) break;
      }
      labels = labels.slice(labels.length > walkMax ? 1 - walkMax : 1);
    }
    return found;
  }

  *#record(domain: string): Checking<DmarcRecord | null> {
    const known = this.#records.get(domain);
    if (known !== undefined) return known;
    const name = `_dmarc.${domain}`;
    const reply = yield { name, type: 'TXT' };
    if (reply.kind === 'failed') throw new Unanswered(`TXT ${name}: ${reply.why}`);
    const texts = reply.kind === 'found' ? reply.text.filter(isDmarcRecord) : [];
    const record = texts.length === 1 ? readOrNull(texts[0] ?? '') : null;
    this.#records.set(domain, record);
    return record;
  }
}

function readOrNull(text: string): DmarcRecord | null {
  try {
    return readDmarcRecord(text);
  } catch (error) {
    if (error instanceof SyntaxFault) return null;
    throw error;
  }
}

/** The Organizational Domain. RFC 9989 §4.10.2. */
function organisationOf(domain: string, walk: readonly Found[]): string {
  const own = walk.find(({ record }) => record.suffix === 'n');
  if (own !== undefined) return own.domain;
  const suffix = walk.find((found) => found.record.suffix === 'y' && found.domain !== domain);
  if (suffix !== undefined) {
    const depth = suffix.domain.split('.').length + 1;
    return domain.split('.').slice(-depth).join('.');
  }
  return walk.at(-1)?.domain ?? domain;
}

/** The domain's own record, its organisation's, or its registry's. RFC 9989 §4.10.1. */
function policyOf(domain: string, walk: readonly Found[]): Found | null {
  const organisation = organisationOf(domain, walk);
  const at = (name: string): Found | undefined => walk.find((found) => found.domain === name);
  return at(domain) ?? at(organisation) ?? walk.find((f) => f.record.suffix === 'y') ?? null;
}

/** One step milder while it is only tried out. RFC 9989 §4.7 (t); RFC 7489 §6.6.4 (pct=0). */
function dispositionOf(policy: DmarcPolicy, record: DmarcRecord): DmarcPolicy {
  if (!record.isTest && record.percent > 0) return policy;
  return policy === 'reject' ? 'quarantine' : 'none';
}
