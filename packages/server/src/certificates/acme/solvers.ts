/** Proofs that this server shows itself: a text on port 80, a certificate on port 443. */

import { createSecureContext } from 'node:tls';
import type { World } from '../../world.ts';
import type { Challenges } from '../challenges.ts';
import { makeProof } from '../keys.ts';
import type { Solver } from './obtain.ts';

/** RFC 8555 §8.3. */
export function httpSolver({ texts }: Challenges): Solver {
  return {
    type: 'http-01',
    async show(_name, { token, keyAuthorization }) {
      texts.set(token, keyAuthorization);
      return () => void texts.delete(token);
    },
  };
}

/** RFC 8737 §3. */
export function alpnSolver({ contexts }: Challenges, world: Pick<World, 'nowMs'>): Solver {
  return {
    type: 'tls-alpn-01',
    async show(name, { keyAuthorization }) {
      const { certificate, key } = await makeProof(name, keyAuthorization, world.nowMs());
      const context = createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
      contexts.set(name, context);
      return () => {
        if (contexts.get(name) === context) contexts.delete(name);
      };
    },
  };
}
