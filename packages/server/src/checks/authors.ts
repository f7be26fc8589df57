/**
 * A message has one From field, and that names somebody (RFC 5322 §3.6). Several of them show one
 * author to a check and another to a person; DMARC looks at all of them.
 */

import { findFields } from '@merpati/formats/message/head.ts';
import type { Check } from './check.ts';
import { shown } from './limits.ts';

const weights = { none: 3, several: 5, 'several-domains': 2 } as const;

export const authors: Check = {
  kinds: ['smtp'],
  run(_home, { evidence, head }) {
    if (evidence === null) return null;
    const count = findFields(head, 'from').length;
    const domains = evidence.authors;
    if (count === 1 && domains.length === 1) return null;
    const what = count > 1 ? 'several' : domains.length === 0 ? 'none' : 'several-domains';
    return {
      code: 'check.authors',
      state: 'warn',
      weight: weights[what],
      args: { what, fields: count, domains: domains.slice(0, 5).map(shown) },
      refusal: null,
    };
  },
};
