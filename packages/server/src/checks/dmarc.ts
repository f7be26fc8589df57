/**
 * What the owner of the author's domain wants done with mail that nobody vouches for, and what is
 * done here: RFC 9989 §5.4, within the rules of the configuration. Which way it went and why is in
 * docs/decisions/010-judging-what-comes-in.md.
 */

import type { DmarcResult } from '@merpati/formats/auth/dmarc.ts';
import type { EventState } from '@merpati/store/journey.ts';
import { isReportAddress } from '../accounts/report-addresses.ts';
import type { Config } from '../config/schema.ts';
import type { Recipient } from '../incoming/incoming.ts';
import { Refusal } from '../refusal.ts';
import { vouchingForwarder } from './arc.ts';
import type { Check } from './check.ts';
import { dmarcOutcome, type DmarcDone } from './dmarc-outcome.ts';
import { shown } from './limits.ts';
import { isEnforced } from './settings.ts';

const meanings = {
  pass: { code: 'dmarc.pass', state: 'ok', weight: -3 },
  none: { code: 'dmarc.none', state: 'info', weight: 0 },
  fail: { code: 'dmarc.fail', state: 'warn', weight: 3 },
  reject: { code: 'dmarc.reject', state: 'fail', weight: 0 },
  quarantine: { code: 'dmarc.quarantine', state: 'fail', weight: 0 },
  observe: { code: 'dmarc.observe', state: 'fail', weight: 0 },
  forwarder: { code: 'dmarc.forwarder', state: 'ok', weight: 0 },
  later: { code: 'dmarc.later', state: 'warn', weight: 0 },
  temperror: { code: 'dmarc.temperror', state: 'warn', weight: 1 },
  permerror: { code: 'dmarc.permerror', state: 'warn', weight: 0 },
} as const satisfies Record<DmarcDone, { code: string; state: EventState; weight: number }>;

export const dmarc: Check = {
  kinds: ['smtp'],
  async run(home, incoming) {
    const { evidence, envelope } = incoming;
    if (evidence === null) return null;
    const [found, chain] = await Promise.all([evidence.dmarc, evidence.arc]);
    const { checks } = home.config;
    const forwarder = vouchingForwarder(chain, checks.trusted_forwarders);
    const { done, junk } = decide(checks, found, { recipients: envelope.recipients, forwarder });
    const [spf, dkim] = await Promise.all([evidence.spf, evidence.dkim]);
    // Reports about reports would go to and fro for ever.
    const isReport = envelope.recipients.every((one) => isReportAddress(home.config, one.address));
    const isJudged = found.result === 'pass' || found.result === 'fail';
    if (found.record !== null && isJudged && !isReport) {
      home.reports?.dmarc(dmarcOutcome(incoming, { found, spf, dkim, done, forwarder }));
    }
    const { result, domain, record, policy, alignment } = found;
    const said = record === null ? null : shown(record.text);
    return {
      ...meanings[done],
      args: {
        domain: shown(domain),
        policy,
        record: said,
        at: found.recordDomain,
        spf: alignment.spf,
        dkim: alignment.dkim,
        forwarder,
        reasons: found.reasons.slice(0, 8).map(shown),
      },
      refusal: refusalOf(done, found, { spf: spf.result, dkim: dkim.map((each) => each.result) }),
      result: {
        method: 'dmarc',
        result,
        ...(policy === null ? {} : { comment: commentOf(policy, done) }),
        ...(domain === '' ? {} : { properties: [['header.from', domain]] }),
      },
      junk,
      isForged: result === 'fail' && done !== 'forwarder',
    };
  },
};

interface Facts {
  readonly recipients: readonly Recipient[];
  readonly forwarder: string | null;
}

function decide(
  checks: Config['checks'],
  found: DmarcResult,
  { recipients, forwarder }: Facts,
): { readonly done: DmarcDone; readonly junk: readonly Recipient[] } {
  const enforcing = recipients.filter(({ address }) => isEnforced(checks, found.domain, address));
  const isEverybody = enforcing.length === recipients.length;
  switch (found.result) {
    case 'pass':
    case 'none':
    case 'permerror':
      return { done: found.result, junk: [] };
    case 'temperror': {
      // Whoever wants forgeries refused wants them asked about again: later, not never.
      const { policy, record } = found;
      const isGrave = policy === 'reject' && record?.isTest === false && record.percent > 0;
      return { done: isGrave && isEverybody ? 'later' : 'temperror', junk: [] };
    }
    case 'fail':
      if (found.disposition === 'none') return { done: 'fail', junk: [] };
      if (forwarder !== null) return { done: 'forwarder', junk: [] };
      if (enforcing.length === 0) return { done: 'observe', junk: [] };
      if (found.disposition === 'reject' && isEverybody) return { done: 'reject', junk: [] };
      // One answer is all that DATA has: those who would refuse it get it where forgeries lie.
      return { done: 'quarantine', junk: enforcing };
    default:
      return found.result satisfies never;
  }
}

/** RFC 7372 §3.2, §3.3: .26 when nothing vouches for it, .24 when that cannot be known now. */
function refusalOf(
  done: DmarcDone,
  { domain, recordDomain }: DmarcResult,
  results: { readonly spf: string; readonly dkim: readonly string[] },
): Refusal | null {
  if (done !== 'reject' && done !== 'later') return null;
  const dkim = results.dkim.length === 0 ? 'none' : [...new Set(results.dkim)].join(', ');
  const facts = `SPF ${results.spf}, DKIM ${dkim}, none of it for ${shown(domain)}`;
  if (done === 'later') {
    const text = `Whether ${shown(domain)} has sent this cannot be known now (${facts})`;
    return new Refusal('sender-unproven', `${text}, please try again later`);
  }
  const text = `${shown(recordDomain ?? domain)} asks to refuse what it has not sent (DMARC)`;
  return new Refusal('dmarc-rejected', `${text}: ${facts}`);
}

const comments: Partial<Record<DmarcDone, string>> = {
  observe: ', only observed',
  forwarder: ', passed on by a trusted forwarder',
  quarantine: ', put into Junk',
};

function commentOf(policy: string, done: DmarcDone): string {
  return `p=${policy}${comments[done] ?? ''}`;
}
