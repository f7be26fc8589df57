/** What is worth knowing of a TLS connection, and of the certificate at its other end. */

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

export interface CertificateFacts {
  /** Common name, or the first name it is for. */
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses it is for. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Of the whole certificate, lower-case hexadecimal. */
  readonly sha256: string;
}

export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly protocol: string;
  /** `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /**
   * null: signed by somebody we trust, for that name, and in its time. Else OpenSSL's or Node's
   * code.
   */
  readonly verifyError: string | null;
  readonly certificate: CertificateFacts | null;
}

/** RFC 5280 has no bound; a certificate with hundreds of names would fill the journey. */
const namesMax = 10;

/** `certificate`: the first of `presentedCertificates`, which can be had only once. */
export function readTlsFacts(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
): TlsFacts {
  const cipher = socket.getCipher();
  // Node gives the code as text, whatever the types say.
  const error = socket.authorizationError as Error | string | undefined | null;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: cipher?.standardName ?? cipher?.name ?? 'unknown',
    verifyError: socket.authorized ? null : String((error as NodeJS.ErrnoException)?.code ?? error),
    certificate: certificate === undefined ? null : factsOf(certificate),
  };
}

/** Certificates that a server may show; a chain that means something has three or four. */
const presentedMax = 16;

/**
 * What the server has shown: its own certificate first, then what it thinks leads to a root. To be
 * asked once: Node 24 gives the certificate away, and a second call finds none.
 */
export function presentedCertificates(socket: TLSSocket): X509Certificate[] {
  const presented: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && presented.length < presentedMax) {
    presented.push(next);
    next = next.issuerCertificate;
  }
  return presented;
}

/** One line for people. */
export function shownTls({ protocol, cipher, certificate }: TlsFacts): string {
  if (certificate === null) return `(${protocol}, ${cipher})`;
  const { subject, issuer, notAfterMs } = certificate;
  const until = Number.isNaN(notAfterMs) ? '' : new Date(notAfterMs).toISOString().slice(0, 10);
  return `(${protocol}, ${cipher}; certificate of ${subject} by ${issuer} until ${until})`;
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  const names = (certificate.subjectAltName ?? '')
    .split(', ')
    .map((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
  return {
    subject: commonName(certificate.subject) ?? names[0] ?? '',
    issuer: commonName(certificate.issuer) ?? '',
    names: names.slice(0, namesMax),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function commonName(distinguished: string | undefined): string | null {
  return /^CN=(.*)$/m.exec(distinguished ?? '')?.[1] ?? null;
}
