/**
 * Has the client a name, and does it lead back? Whoever runs a mail server can see to that. RFC
 * 8601 §3, §2.7.3.
 */

import type { ReverseResult } from '@merpati/formats/auth/client-names.ts';
import type { EventState } from '@merpati/store/journey.ts';
import type { Check } from './check.ts';
import { shown } from './limits.ts';

const meanings = {
  pass: { code: 'iprev.pass', state: 'ok', weight: 0 },
  fail: { code: 'iprev.fail', state: 'warn', weight: 2 },
  temperror: { code: 'iprev.temperror', state: 'info', weight: 0 },
  permerror: { code: 'iprev.permerror', state: 'warn', weight: 3 },
} as const satisfies Record<
  ReverseResult['result'],
  { code: string; state: EventState; weight: number }
>;

export const iprev: Check = {
  kinds: ['smtp'],
  async run(_home, { evidence, session }) {
    if (evidence === null) return null;
    const { result, name } = await evidence.reverse;
    const ip = session.peer?.address ?? '';
    const comment = name === '' ? {} : { comment: name };
    return {
      ...meanings[result],
      args: { ip, name: shown(name) },
      refusal: null,
      result: { method: 'iprev', result, ...comment, properties: [['policy.iprev', ip]] },
    };
  },
};
