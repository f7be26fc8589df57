/**
 * Whose signatures does the message bear, and do they hold? A broken one is worth as much as none
 * (RFC 6376 §6.1): it weighs nothing by itself.
 */

import type { DkimVerdict } from '@merpati/formats/auth/dkim-key.ts';
import type { DkimResult } from '@merpati/formats/auth/dkim.ts';
import type { EventState } from '@merpati/store/journey.ts';
import type { Check, Finding } from './check.ts';
import { shown } from './limits.ts';

const meanings = {
  pass: { code: 'dkim.pass', state: 'ok' },
  fail: { code: 'dkim.fail', state: 'warn' },
  neutral: { code: 'dkim.neutral', state: 'info' },
  policy: { code: 'dkim.policy', state: 'warn' },
  temperror: { code: 'dkim.temperror', state: 'warn' },
  permerror: { code: 'dkim.permerror', state: 'warn' },
} as const satisfies Record<DkimVerdict, { code: string; state: EventState }>;

const unsigned: Finding = {
  code: 'dkim.none',
  state: 'info',
  weight: 0,
  args: {},
  refusal: null,
  result: { method: 'dkim', result: 'none' },
};

export const dkim: Check = {
  kinds: ['smtp'],
  async run(_home, { evidence }) {
    if (evidence === null) return null;
    const signatures = await evidence.dkim;
    return signatures.length === 0 ? unsigned : signatures.map((each) => findingOf(each));
  },
};

function findingOf(signature: DkimResult): Finding {
  const { result, domain, selector, algorithm, start, bits, covered, isTest, reason } = signature;
  const properties: [string, string][] = [];
  if (domain !== '') {
    properties.push(['header.d', domain], ['header.s', selector]);
    properties.push(['header.a', algorithm], ['header.b', start]);
  }
  const comments = [
    ...(bits === null ? [] : [`${bits} bits`]),
    ...(isTest ? ['only a test'] : []),
    ...(reason === null ? [] : [reason]),
  ];
  const comment = comments.length === 0 ? {} : { comment: comments.join(', ') };
  return {
    ...meanings[result],
    weight: 0,
    args: {
      domain: shown(domain),
      selector: shown(selector),
      algorithm: shown(algorithm),
      bits,
      covered,
      test: isTest,
      why: reason === null ? null : shown(reason),
    },
    refusal: null,
    result: { method: 'dkim', result, ...comment, properties },
  };
}
