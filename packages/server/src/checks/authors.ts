/**
 * A message has one From field, and that names somebody (RFC 5322 §3.6). Several of them show one
 * author to a check and another to a person; DMARC looks at all of them.
 */

import { findFields } from '@merpati/formats/message/head.ts';
import type { Check } from './check.ts';
import { shown } from './limits.ts';

const meanings = {
  none: { code: 'check.author-none', weight: 3 },
  several: { code: 'check.authors-several', weight: 5 },
  domains: { code: 'check.authors-domains', weight: 2 },
} as const;

export const authors: Check = {
  kinds: ['smtp'],
  run(_home, { evidence, head }) {
    if (evidence === null) return null;
    const fields = findFields(head, 'from').length;
    const domains = evidence.authors;
    if (fields === 1 && domains.length === 1) return null;
    const what = fields > 1 ? 'several' : domains.length === 0 ? 'none' : 'domains';
    const args = { fields, domains: domains.slice(0, 5).map(shown) };
    return { ...meanings[what], state: 'warn', args, refusal: null };
  },
};
