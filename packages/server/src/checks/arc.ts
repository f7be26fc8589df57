/**
 * What hands on the way say they saw: a hint for mail of forwarders and lists that are trusted
 * here, never a reason to refuse anything. RFC 8617 §7.2.
 */

import type { ArcResult } from '@merpati/formats/auth/arc.ts';
import type { Check } from './check.ts';
import { shown } from './limits.ts';

const codes = { pass: 'arc.pass', fail: 'arc.fail' } as const;

export const arc: Check = {
  kinds: ['smtp'],
  async run(_home, { evidence }) {
    if (evidence === null) return null;
    const { chain, instances, sealer, reason } = await evidence.arc;
    if (chain === 'none') return null;
    const comment = reason === null ? `i=${instances}` : reason;
    return {
      code: codes[chain],
      state: chain === 'pass' ? 'ok' : 'info',
      weight: 0,
      args: {
        hands: instances,
        sealer: sealer === null ? null : shown(sealer),
        why: reason === null ? null : shown(reason),
      },
      refusal: null,
      result: { method: 'arc', result: chain, comment },
    };
  },
};

/**
 * The trusted forwarder that saw the message pass DMARC, when all hands from there on are trusted;
 * null: there is none. RFC 8617 §7.2.2.
 */
export function vouchingForwarder(arc: ArcResult, trusted: readonly string[]): string | null {
  if (arc.chain !== 'pass') return null;
  for (const { domain, saw } of arc.hands.toReversed()) {
    if (!trusted.some((one) => one.toLowerCase() === domain)) return null;
    if (saw.some(({ method, result }) => method === 'dmarc' && result === 'pass')) return domain;
  }
  return null;
}
