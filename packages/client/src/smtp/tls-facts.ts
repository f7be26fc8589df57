/** What is worth knowing of a TLS connection, and of the certificate at its other end. */

import type { TLSSocket } from 'node:tls';

export interface CertificateFacts {
  /** Common name, or the first name it is for. */
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses it is for. */
  readonly names: readonly string[];
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

export function readTlsFacts(socket: TLSSocket): TlsFacts {
  const cipher = socket.getCipher();
  // Node gives the code as text, whatever the types say.
  const error = socket.authorizationError as Error | string | undefined | null;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: cipher?.standardName ?? cipher?.name ?? 'unknown',
    verifyError: socket.authorized ? null : String((error as NodeJS.ErrnoException)?.code ?? error),
    certificate: readCertificate(socket),
  };
}

function readCertificate(socket: TLSSocket): CertificateFacts | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const names = (certificate.subjectAltName ?? '')
    .split(', ')
    .map((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
  return {
    subject: commonName(certificate.subject) ?? names[0] ?? '',
    issuer: commonName(certificate.issuer) ?? '',
    names: names.slice(0, namesMax),
    notAfterMs: Date.parse(certificate.validTo),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function commonName(distinguished: string | undefined): string | null {
  return /^CN=(.*)$/m.exec(distinguished ?? '')?.[1] ?? null;
}
