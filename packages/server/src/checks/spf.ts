/**
 * May this address send for the domains of MAIL FROM and HELO? A failure alone refuses nothing:
 * forwarders break SPF every day (RFC 7208 §8.4, appendix D). It weighs, and DMARC hears of it.
 */

import type { SpfResult, SpfVerdict } from '@merpati/formats/auth/spf.ts';
import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import type { EventState } from '@merpati/store/journey.ts';
import type { Check, Finding } from './check.ts';
import { shown } from './limits.ts';

const meanings = {
  pass: { code: 'spf.pass', state: 'ok', weight: 0 },
  fail: { code: 'spf.fail', state: 'fail', weight: 5 },
  softfail: { code: 'spf.softfail', state: 'warn', weight: 2 },
  neutral: { code: 'spf.neutral', state: 'info', weight: 0 },
  none: { code: 'spf.none', state: 'info', weight: 0 },
  temperror: { code: 'spf.temperror', state: 'warn', weight: 0 },
  permerror: { code: 'spf.permerror', state: 'warn', weight: 1 },
} as const satisfies Record<SpfVerdict, { code: string; state: EventState; weight: number }>;

export const spf: Check = {
  kinds: ['smtp'],
  async run(_home, { evidence, envelope, session }) {
    if (evidence === null) return null;
    const [own, hello] = await Promise.all([evidence.spf, evidence.spfHello]);
    const ip = session.peer?.address ?? '';
    const { sender } = envelope;
    const name = session.hello?.name ?? '';
    const from = needsUtf8(sender) ? own.domain : sender;
    const found = findingOf(own, ip, sender === '' ? ['smtp.helo', name] : ['smtp.mailfrom', from]);
    if (sender === '' || hello.result === 'none') return found;
    return [helloFinding(hello, name), found];
  },
};

function findingOf(spf: SpfResult, ip: string, property: readonly [string, string]): Finding {
  const { result, domain, mechanism, record, lookups, reason, explanation } = spf;
  return {
    ...meanings[result],
    args: {
      ip,
      domain: shown(domain),
      mechanism,
      record: record === null ? null : shown(record),
      lookups,
      why: reason === null ? null : shown(reason),
      explanation: explanation === null ? null : shown(explanation),
    },
    refusal: null,
    result: { method: 'spf', result, ...commentOf(reason), properties: [property] },
    isForged: result === 'fail',
  };
}

/** What the name in HELO says is told beside; only a name that is certainly not theirs weighs. */
function helloFinding({ result, mechanism, reason }: SpfResult, name: string): Finding {
  return {
    code: 'spf.hello',
    state: result === 'fail' ? 'fail' : result === 'pass' ? 'ok' : 'info',
    weight: result === 'fail' ? 2 : 0,
    args: { name: shown(name), result, mechanism },
    refusal: null,
    result: { method: 'spf', result, ...commentOf(reason), properties: [['smtp.helo', name]] },
  };
}

function commentOf(reason: string | null): { readonly comment?: string } {
  return reason === null ? {} : { comment: reason };
}
