/**
 * The certificates that this server shows, and which of them for which name (SNI). Replacing them
 * touches no connection that is open. RFC 6066 §3; RFC 9325 §3, §4.
 */

import { X509Certificate, constants, hkdfSync } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Certificates } from '../home.ts';
import { TicketKeys, type TicketSeed } from './ticket-keys.ts';

/** PEM texts: the chain with the server's own certificate first, and its private key. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

interface Served {
  readonly pair: KeyPair;
  readonly x509: X509Certificate;
}

/**
 * RFC 9325 §4.2: forward secrecy and authenticated encryption only. TLS 1.3 comes first by itself;
 * among these the client chooses, who knows what its hardware is quick at.
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** How long a session can be resumed: phones come back every few minutes. */
const sessionTimeoutS = 3600;

export interface ServedOptions {
  readonly nowMs: () => number;
  /** Threads that share a port share these. */
  readonly tickets?: TicketKeys;
}

export class ServedCertificates implements Certificates {
  readonly #nowMs: () => number;
  readonly #tickets: TicketKeys;
  #served: readonly Served[] = [];
  /** Names in lower case, `*.` for one label. */
  #byName = new Map<string, Served>();
  #contexts = new Map<Served, SecureContext>();
  #period = -1;
  #mark = new Uint8Array(0);

  constructor(pairs: readonly KeyPair[], { nowMs, tickets }: ServedOptions) {
    this.#nowMs = nowMs;
    this.#tickets = tickets ?? new TicketKeys(nowMs());
    this.replace(pairs);
  }

  /**
   * The first one is for who asks for no name, or for one we do not have. Throws, and changes
   * nothing, when one of them cannot be used.
   */
  replace(pairs: readonly KeyPair[]): void {
    if (pairs.length === 0) throw new RangeError('there is no certificate');
    const served = pairs.map((pair) => {
      // A key that does not belong to it must not be found out by the first client.
      createSecureContext({ cert: pair.certificate, key: pair.key });
      return { pair, x509: new X509Certificate(pair.certificate) };
    });
    const byName = new Map<string, Served>();
    for (const one of served) {
      for (const name of namesOf(one.x509)) if (!byName.has(name)) byName.set(name, one);
    }
    this.#served = served;
    this.#byName = byName;
    this.#contexts = new Map();
    this.#mark = Buffer.concat(served.map(({ x509 }) => Buffer.from(x509.fingerprint256)));
  }

  /** For another thread, which then shows the same and resumes the same sessions. */
  get shown(): { readonly pairs: readonly KeyPair[]; readonly seed: TicketSeed } {
    return { pairs: this.#served.map(({ pair }) => pair), seed: this.#tickets.seed };
  }

  get hasNames(): boolean {
    return this.#served.length > 1;
  }

  context(serverName: string | null): SecureContext {
    this.#rotate();
    const one = this.#find(serverName);
    let context = this.#contexts.get(one);
    if (context === undefined) {
      context = this.#make(one);
      this.#contexts.set(one, context);
    }
    return context;
  }

  /** What is shown for a name: for who publishes or examines it. */
  certificate(serverName: string | null): X509Certificate {
    return this.#find(serverName).x509;
  }

  /** All of them, the default one first. */
  certificates(): readonly X509Certificate[] {
    return this.#served.map((one) => one.x509);
  }

  #find(serverName: string | null): Served {
    const [first] = this.#served;
    if (first === undefined) throw new Error('a server without certificates');
    if (serverName === null) return first;
    const name = serverName.toLowerCase();
    const parent = name.slice(name.indexOf('.') + 1);
    return this.#byName.get(name) ?? this.#byName.get(`*.${parent}`) ?? first;
  }

  /** Contexts hold the keys of tickets: new keys, new contexts. */
  #rotate(): void {
    const { period } = this.#tickets.at(this.#nowMs());
    if (period === this.#period) return;
    this.#period = period;
    this.#contexts = new Map();
  }

  #make({ pair }: Served): SecureContext {
    const { secret } = this.#tickets.at(this.#nowMs());
    // Of all certificates: whoever resumes a session after one was renewed must see the new one, or
    // the two sides would bind SCRAM to different ones (RFC 5929 §4).
    const ticketKeys = Buffer.from(hkdfSync('sha256', secret, this.#mark, 'ticket keys', 48));
    return createSecureContext({
      cert: pair.certificate,
      key: pair.key,
      minVersion: 'TLSv1.2',
      ciphers,
      // RFC 9325 §3.5: nobody needs to begin anew within a connection.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      // The same for all, or a name chosen by SNI could not resume.
      sessionIdContext: 'merpati',
      sessionTimeout: sessionTimeoutS,
      ticketKeys,
    });
  }
}

/** The DNS names of a certificate, in lower case. RFC 9525 §6.3: the subject's does not count. */
export function namesOf({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? '').split(', ').flatMap((part) => {
    const name = /^DNS:([A-Za-z0-9.*_-]+)$/.exec(part)?.[1];
    return name === undefined ? [] : [name.toLowerCase()];
  });
}
