/**
 * Headers whose form would let our own trace fields be misread, and submitted headers in which a
 * Bcc could hide. Everything else is taken as it comes. RFC 5322 §2.2.
 */

import { Refusal } from '../refusal.ts';
import type { Check, Finding } from './check.ts';

export const headerForm: Check = {
  kinds: ['smtp', 'submission'],
  run(_home, { head, headOctets, session }) {
    const faults = head.faults.map((fault) => fault.code);
    // A first line that begins with white space would continue the trace field above it.
    if (faults.includes('fold-first'))
      return bad('fold-first', 'The header begins with white space');
    if (session.kind !== 'submission') return null;
    if (faults.includes('fields-too-many')) return bad('fields-too-many', 'Too many header fields');
    // The reader takes what follows as body; another one may see a Bcc in it.
    if (head.fields.length > 0 && head.length < headOctets) {
      return bad('head-not-closed', 'The header must be ended by an empty line');
    }
    return null;
  },
};

function bad(fault: string, message: string): Finding {
  const refusal = new Refusal('bad-header', message);
  return { code: 'check.header', state: 'fail', weight: 0, args: { fault }, refusal };
}
