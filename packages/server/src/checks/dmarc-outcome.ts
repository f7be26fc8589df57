/** What DMARC found about a message, as reports to its domain count it. RFC 9990 §3.1.1. */

import type { DkimResult } from '@merpati/formats/auth/dkim.ts';
import type { DmarcResult } from '@merpati/formats/auth/dmarc.ts';
import type { SpfResult } from '@merpati/formats/auth/spf.ts';
import { splitAddress } from '@merpati/formats/smtp/path.ts';
import type { Incoming } from '../incoming/incoming.ts';
import type { DmarcOutcome } from '../reports/outcomes.ts';

/** The verdict of DMARC, and where it failed what became of the message. */
export type DmarcDone =
  | 'pass'
  | 'none'
  /** It failed, and the domain asks for nothing. */
  | 'fail'
  | 'reject'
  | 'quarantine'
  /** It failed, and our configuration only wants to know. */
  | 'observe'
  /** It failed here, and a forwarder that is trusted saw it pass. */
  | 'forwarder'
  /** It cannot be known now, and the domain wants its forgeries refused. */
  | 'later'
  | 'temperror'
  | 'permerror';

export interface DmarcFacts {
  readonly found: DmarcResult;
  readonly spf: SpfResult;
  readonly dkim: readonly DkimResult[];
  readonly done: DmarcDone;
  readonly forwarder: string | null;
}

/** Only for messages that a record judged. */
export function dmarcOutcome(incoming: Incoming, facts: DmarcFacts): DmarcOutcome {
  const { found, spf, dkim, done } = facts;
  const { envelope, session } = incoming;
  if (found.record === null) throw new Error('a DMARC outcome without a record');
  const { sender, recipients } = envelope;
  const domains = new Set(recipients.map(({ address }) => domainOf(address)));
  const [only = null] = domains.size === 1 ? domains : [];
  return {
    sourceIp: session.peer?.address ?? '',
    headerFrom: found.domain,
    policyDomain: found.recordDomain ?? found.domain,
    record: found.record,
    disposition: done === 'reject' || done === 'quarantine' ? done : 'none',
    overrides: overridesOf(facts),
    aligned: found.alignment,
    envelopeFrom: domainOf(sender),
    envelopeTo: only,
    dkim: dkim
      .filter(({ domain }) => domain !== '')
      .map(({ domain, selector, result, reason }) => ({
        domain,
        selector,
        result,
        explanation: reason,
      })),
    spf: {
      domain: spf.domain,
      scope: sender === '' ? 'helo' : 'mfrom',
      result: spf.result,
      explanation: spf.reason,
    },
  };
}

function domainOf(address: string): string {
  return splitAddress(address)?.domain.toLowerCase() ?? '';
}

/** Why it was not done as the record says. */
function overridesOf({ found, done, forwarder }: DmarcFacts): DmarcOutcome['overrides'] {
  if (found.result !== 'fail') return [];
  const { policy, record, disposition } = found;
  if (done === 'forwarder') {
    return [{ type: 'trusted_forwarder', comment: `ARC seal of ${forwarder ?? ''}` }];
  }
  if (done === 'observe') return [{ type: 'local_policy', comment: 'only observed' }];
  if (done === 'quarantine' && disposition === 'reject') {
    return [{ type: 'local_policy', comment: 'not for all recipients' }];
  }
  if (policy === disposition) return [];
  const isTest = record?.isTest === true;
  return [{ type: isTest ? 'policy_test_mode' : 'sampled_out', comment: '' }];
}
