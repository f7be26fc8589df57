/** The server's side of a TLS handshake, the same for every protocol. */

import type { TLSSocketOptions } from 'node:tls';
import type { Certificates } from '../home.ts';

/** RFC 7301 §6 and the registry behind it; Exim speaks the two of SMTP. */
const applications: Readonly<Record<string, readonly string[]>> = {
  smtp: ['smtp', 'esmtp'],
  submission: ['smtp', 'esmtp'],
  submissions: ['smtp', 'esmtp'],
  pop3: ['pop3'],
  pop3s: ['pop3'],
  imap: ['imap'],
  imaps: ['imap'],
  https: ['http/1.1'],
};

/** By ALPN. A browser that was led to a mail port says `http/1.1` and is refused. RFC 9325 §3.7. */
export function applicationNames(protocol: string): readonly string[] {
  return applications[protocol] ?? [];
}

export function serverOptions(
  certificates: Certificates,
  applicationsAllowed: readonly string[],
): TLSSocketOptions {
  return {
    isServer: true,
    secureContext: certificates.context(null),
    ...(applicationsAllowed.length === 0 ? {} : { ALPNProtocols: [...applicationsAllowed] }),
    ...(certificates.hasNames
      ? { SNICallback: (name, done) => done(null, certificates.context(name)) }
      : {}),
  };
}
