/**
 * The name that the client gives itself. RFC 5321 §4.1.4 forbids to refuse mail for a wrong one; it
 * may be weighed.
 */

import type { HelloVerdict } from '@merpati/formats/auth/client-names.ts';
import type { Check } from './check.ts';
import { shown } from './limits.ts';

const weights = {
  match: 0,
  temperror: 0,
  other: 1,
  nowhere: 1,
  unqualified: 2,
} as const satisfies Record<HelloVerdict, number>;

/** A stranger with our own name: no honest server has it. */
const ourNameWeight = 5;

export const hello: Check = {
  kinds: ['smtp'],
  async run({ config }, { evidence, session }) {
    if (evidence === null) return null;
    const name = session.hello?.name ?? '';
    const verdict = await evidence.hello;
    const isOurs = name.toLowerCase() === config.hostname.toLowerCase() && verdict !== 'match';
    const weight = isOurs ? ourNameWeight : weights[verdict];
    if (weight === 0) return null;
    const what = isOurs ? 'ours' : verdict;
    return {
      code: 'check.hello',
      state: 'warn',
      weight,
      args: { name: shown(name), what },
      refusal: null,
    };
  },
};
