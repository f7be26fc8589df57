/**
 * All certificates that a home shows: those in files first, then those that it got by ACME. Any
 * thread may read them anew when the records of the kind `certificate` change.
 */

import type { Config } from '../config/schema.ts';
import type { Home } from '../home.ts';
import { readPairs, show } from './from-files.ts';
import { keyHash, makeSelfSigned } from './keys.ts';
import { ServedCertificates, type KeyPair } from './served.ts';
import { readCertificates } from './stored.ts';

type Place = Pick<Home, 'config' | 'store'> & { readonly world: { nowMs(): number } };

export async function pairsToShow(
  { config, store, world }: Place,
  files: Config['tls'] = config.tls,
): Promise<readonly KeyPair[]> {
  const inFiles = readPairs(files);
  if (!config.acme.terms_agreed) return inFiles;
  const host = config.hostname.toLowerCase();
  const got = [...(await readCertificates(store))].flatMap(([id, { chain, key }]) =>
    chain === null ? [] : [{ id, pair: { certificate: chain, key } }],
  );
  // The host's own is for who asks for no name.
  const ordered = got.toSorted((a, b) => Number(b.id === host) - Number(a.id === host));
  const pairs = [...inFiles, ...ordered.map((one) => one.pair)];
  if (pairs.length > 0) return pairs;
  // Nobody can believe it, but ports can open and mail that asks for no proof goes on encrypted.
  return [await makeSelfSigned([host], world.nowMs())];
}

/** From the next handshake on. `files`: where the configuration has them by now. */
export async function showAll(home: Home, files?: Config['tls']): Promise<void> {
  show(home, await pairsToShow(home, files));
}

/** SHA-256 of the keys that the host shows now or will show next, for TLSA records (3 1 1). */
export async function keyHashes({ config, store, tls }: Home): Promise<Uint8Array[]> {
  const host = config.hostname.toLowerCase();
  const isAcme = config.acme.terms_agreed;
  const known = isAcme ? (await readCertificates(store)).get(host) : undefined;
  // Until there is a first certificate one is shown that nobody shall believe.
  const hasOne = config.tls.certificate_file !== '' || typeof known?.chain === 'string';
  const isReal = !isAcme || hasOne;
  const shown = isReal && tls instanceof ServedCertificates ? [tls.certificate(host)] : [];
  const keys = [...shown, ...(known === undefined ? [] : [known.key, known.nextKey])];
  const hashes = new Map(keys.map((key) => [keyHash(key).toString('hex'), keyHash(key)]));
  return [...hashes.values()];
}
