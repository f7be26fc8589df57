/**
 * The name that the client gives itself. RFC 5321 §4.1.4 forbids to refuse mail for a wrong one; it
 * may be weighed.
 */

import type { HelloVerdict } from '@merpati/formats/auth/client-names.ts';
import type { Check } from './check.ts';
import { shown } from './limits.ts';

const meanings = {
  match: null,
  temperror: null,
  other: { code: 'check.hello-other', weight: 1 },
  nowhere: { code: 'check.hello-nowhere', weight: 1 },
  unqualified: { code: 'check.hello-unqualified', weight: 2 },
} as const satisfies Record<HelloVerdict, { code: string; weight: number } | null>;

/** A stranger with our own name: no honest server has it. */
const ourName = { code: 'check.hello-ours', weight: 5 } as const;

export const hello: Check = {
  kinds: ['smtp'],
  async run({ config }, { evidence, session }) {
    if (evidence === null) return null;
    const name = session.hello?.name ?? '';
    const verdict = await evidence.hello;
    const isOurs = name.toLowerCase() === config.hostname.toLowerCase() && verdict !== 'match';
    const meaning = isOurs ? ourName : meanings[verdict];
    if (meaning === null) return null;
    return { ...meaning, state: 'warn', args: { name: shown(name) }, refusal: null };
  },
};
