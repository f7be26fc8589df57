/**
 * How a connection to a host must be secured. Opportunistic by default (RFC 7435): TLS where
 * offered, any certificate, in the clear where there is none. Routes and REQUIRETLS (RFC 8689
 * §4.2.1) ask for more; DANE and MTA-STS will join here as further sources.
 */

import type { Route } from '../config/schema.ts';

export interface TlsPolicy {
  readonly mode: 'opportunistic' | 'require' | 'implicit' | 'off';
  /** The certificate must be trusted and for the host's name. */
  readonly verify: boolean;
  readonly source: 'default' | 'route' | 'requiretls';
}

const opportunistic: TlsPolicy = { mode: 'opportunistic', verify: false, source: 'default' };

export function decideTlsPolicy(facts: {
  readonly route: Pick<Route, 'tls'> | null;
  readonly requireTls: boolean;
}): TlsPolicy {
  const mode = facts.route?.tls ?? 'opportunistic';
  if (facts.requireTls) {
    return { mode: mode === 'implicit' ? mode : 'require', verify: true, source: 'requiretls' };
  }
  // A password is worth nothing with anybody in the middle: who requires TLS wants the right
  // server.
  return mode === 'opportunistic'
    ? opportunistic
    : { mode, verify: mode !== 'off', source: 'route' };
}
