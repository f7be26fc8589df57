/** Certificates that somebody else keeps in files: those that the configuration names. */

import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { Home } from '../home.ts';
import { ServedCertificates, type KeyPair } from './served.ts';

/** The default one first. Throws when a file cannot be read. */
export function readPairs({ certificates, ...first }: Config['tls']): KeyPair[] {
  const named = first.certificate_file === '' ? certificates : [first, ...certificates];
  return named.map(({ certificate_file: file, key_file: key }) => ({
    certificate: readFileSync(file, 'utf8'),
    key: readFileSync(key, 'utf8'),
  }));
}

/**
 * From the next handshake on the home shows these. Throws, and all stays as it is, when one cannot
 * be used.
 */
export function show(home: Home, pairs: readonly KeyPair[]): void {
  if (home.tls instanceof ServedCertificates && pairs.length > 0) home.tls.replace(pairs);
  else home.tls = serve(pairs, home.world);
  home.shared.certificatesShown();
}

/** null when there are none. */
export function serve(
  pairs: readonly KeyPair[],
  world: { nowMs(): number },
): ServedCertificates | null {
  return pairs.length === 0 ? null : new ServedCertificates(pairs, { nowMs: () => world.nowMs() });
}
