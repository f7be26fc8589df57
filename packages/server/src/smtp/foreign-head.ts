/**
 * The head of a message from another server: the checks see it as it came; what speaks in our name
 * without being ours is cut out of what is kept. RFC 8601 §5. Why that is done to a message of
 * which no other octet is changed: docs/decisions/010-judging-what-comes-in.md.
 */

import { createHash } from 'node:crypto';
import { readAuthservId } from '@merpati/formats/auth/authentication-results.ts';
import type { Field } from '@merpati/formats/message/head.ts';
import { shown } from '../checks/limits.ts';
import { isTrusted } from '../checks/settings.ts';
import { cutFields } from './fix-head.ts';
import type { IntakeOptions } from './intake.ts';
import type { Session } from './session.ts';

export function foreignMessage(session: Session): Pick<IntakeOptions, 'mend' | 'watch'> {
  const { home, wire, transaction } = session;
  const { config } = home;
  const inspection = transaction?.inspection ?? null;
  return {
    mend(head, octets) {
      inspection?.takeHead(head, octets);
      if (isTrusted(config, wire.remote.address)) return octets;
      const forged = head.fields.filter((field) => speaksAs(config.hostname, field));
      for (const field of forged) {
        const digest = createHash('sha256').update(field.raw()).digest('hex');
        const args = { text: shown(field.value()), digest };
        const atUs = home.world.nowUs();
        const code = 'check.forged-results';
        transaction?.events.push({ atUs, stage: 'check', state: 'warn', code, args });
      }
      return cutFields(forged, octets);
    },
    watch: () => inspection,
  };
}

/** In our name, or in one that others may read as ours. */
function speaksAs(hostname: string, field: Field): boolean {
  if (field.key !== 'authentication-results') return false;
  const id = readAuthservId(field.value());
  return id === null || id === hostname.toLowerCase();
}
