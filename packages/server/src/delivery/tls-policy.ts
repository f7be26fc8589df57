/**
 * How a connection to a host must be secured. Opportunistic by default (RFC 7435): TLS where
 * offered, any certificate, in the clear where there is none. More is asked by the sender
 * (REQUIRETLS, RFC 8689 §4.2.1), by a configured route, and by the recipient's domain: in the
 * signed DNS (DANE, RFC 7672 §2.2) or by a policy on the web (MTA-STS, RFC 8461 §5).
 */

import { createHash } from 'node:crypto';
import type { StsPolicy } from '@merpati/formats/auth/sts.ts';
import type { Route } from '../config/schema.ts';
import type { Dane } from './dane.ts';

export interface TlsPolicy {
  readonly mode: 'opportunistic' | 'require' | 'implicit' | 'off';
  /** The certificate must lead to a root that is trusted, and be for the host's name. */
  readonly verify: boolean;
  /** The certificate must be one that these records describe; null: DANE does not hold. */
  readonly dane: Dane | null;
  /** Who asks for the most of it. */
  readonly source: 'default' | 'route' | 'requiretls' | 'dane' | 'sts';
}

const opportunistic: TlsPolicy = {
  mode: 'opportunistic',
  verify: false,
  dane: null,
  source: 'default',
};

export interface PolicyFacts {
  /** The configured way; null when the DNS has named the host. */
  readonly route: Pick<Route, 'tls'> | null;
  readonly requireTls: boolean;
  readonly dane: Dane | null;
  readonly sts: StsPolicy | null;
}

export function decideTlsPolicy({ route, requireTls, dane, sts }: PolicyFacts): TlsPolicy {
  if (route !== null && route.tls !== 'opportunistic') {
    if (requireTls && route.tls !== 'implicit') return strict('requiretls');
    // A password is worth nothing with anybody in the middle: who requires TLS wants the right
    // server.
    return { ...strict('route'), mode: route.tls, verify: route.tls !== 'off' };
  }
  // The signed DNS comes first: a policy on the web cannot mend what it says. RFC 8461 §2.
  if (dane !== null && dane.records.length > 0) {
    return { mode: 'require', verify: false, dane, source: requireTls ? 'requiretls' : 'dane' };
  }
  if (requireTls) return strict('requiretls');
  if (sts?.mode === 'enforce') return strict('sts');
  // Records, and none of them of use: encrypted, whoever it is. RFC 7672 §2.2.
  return dane === null ? opportunistic : { ...strict('dane'), verify: false, dane };
}

const strict = (source: TlsPolicy['source']): TlsPolicy => ({
  mode: 'require',
  verify: true,
  dane: null,
  source,
});

/** Sessions with the same host under policies of the same key can stand in for each other. */
export function policyKey({ mode, verify, dane }: TlsPolicy): string {
  const proof = verify ? '!' : '';
  if (dane === null) return `${mode}${proof}`;
  const terms = JSON.stringify([dane.base, dane.listed, dane.names]);
  return `${mode}${proof} ${createHash('sha256').update(terms).digest('base64url')}`;
}

/** Why TLS is wanted, for the reply that people read. */
export const policyReasons: Readonly<Record<TlsPolicy['source'], string>> = {
  default: 'which this server wants',
  route: 'which the route requires',
  requiretls: 'which the sender requires',
  dane: 'which its signed DNS requires (DANE)',
  sts: "which the recipient's domain requires (MTA-STS)",
};
