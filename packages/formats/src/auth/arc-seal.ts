/**
 * Adding a set of ARC fields: what we saw, the message as we hand it on, and a seal over all hands
 * so far. RFC 8617 §5.1. Tags stand in the order of the alphabet.
 */

import { encodeBase64 } from '../bytes.ts';
import type { Head } from '../message/head.ts';
import { readArcSeal, readArcSets, type ChainVerdict } from './arc-set.ts';
import { sealedOctets } from './arc.ts';
import { BodyHashes } from './body-hash.ts';
import type { AuthCrypto, PrivateKey } from './crypto-seam.ts';
import { fieldOf, namesToSign, signOctets } from './dkim-sign.ts';
import { signedOctets } from './signed-fields.ts';
import { SyntaxFault } from '../syntax-fault.ts';

export interface ArcSealing {
  /** Who speaks in Authentication-Results. */
  readonly authservId: string;
  readonly domain: string;
  readonly selector: string;
  readonly key: PrivateKey;
  readonly headers?: readonly string[];
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** Values of the three fields, without their names. */
export interface ArcFieldValues {
  readonly results: string;
  readonly message: string;
  readonly seal: string;
}

const form = { hash: 'sha256', body: 'relaxed', length: null } as const;

export class ArcSealer {
  readonly #head: Head;
  readonly #crypto: AuthCrypto;
  readonly #bodies: BodyHashes;

  constructor(head: Head, crypto: AuthCrypto) {
    this.#head = head;
    this.#crypto = crypto;
    this.#bodies = new BodyHashes(crypto);
    this.#bodies.want(form);
  }

  write(chunk: Uint8Array): void {
    this.#bodies.write(chunk);
  }

  /** null: the chain was broken and sealed as such before; nothing can be added. */
  seal(sealing: ArcSealing): ArcFieldValues | null {
    const { authservId, domain, selector, key, timestamp } = sealing;
    const results = resultsOf(this.#head, authservId);
    if (results.length === 0) return null;
    const { sets, fault } = readArcSets(this.#head);
    const before = sets.at(-1);
    if (before !== undefined && saysFail(before.seal)) return null;
    const instance = sets.length + 1;
    const chain = fault === null ? chainOf(results, sets.length) : 'fail';
    const common = {
      a: `${key.kind}-sha256`,
      d: domain,
      i: String(instance),
      s: selector,
      t: String(timestamp),
    };
    const aar = `i=${instance}; ${authservId}; ${results.join('; ')}`;
    const names = sealing.headers?.map((name) => name.toLowerCase()) ?? namesToSign(this.#head);
    const digest = encodeBase64(this.#bodies.digest(form).digest);
    const ams = this.#sign(
      { ...common, b: '', bh: digest, c: 'relaxed/relaxed', h: names.join(':') },
      key,
      (unsigned) => {
        const field = fieldOf(`ARC-Message-Signature: ${unsigned}\r\n`);
        return signedOctets(this.#head, { field, names, form: 'relaxed' });
      },
    );
    const set = {
      instance,
      results: fieldOf(`ARC-Authentication-Results: ${aar}\r\n`),
      message: fieldOf(`ARC-Message-Signature: ${ams}\r\n`),
    };
    const seal = this.#sign({ ...common, b: '', cv: chain }, key, (unsigned) => {
      const own = { ...set, seal: fieldOf(`ARC-Seal: ${unsigned}\r\n`) };
      // A broken chain is sealed alone. RFC 8617 §5.1.2.
      return sealedOctets(chain === 'fail' ? [own] : [...sets, own]);
    });
    return { results: aar, message: ams, seal };
  }

  #sign(
    tags: Readonly<Record<string, string>>,
    key: PrivateKey,
    octetsOf: (unsigned: string) => Uint8Array,
  ): string {
    const signature = signOctets(this.#crypto, key, octetsOf(writeSorted(tags)));
    return writeSorted({ ...tags, b: encodeBase64(signature) });
  }
}

function writeSorted(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

/** Our own results, of however many fields: methods with what they say. RFC 8601 §2.2. */
function resultsOf(head: Head, authservId: string): readonly string[] {
  const results: string[] = [];
  for (const field of head.fields) {
    if (field.key !== 'authentication-results') continue;
    const [first = '', ...rest] = field.value().split(';');
    const [id = ''] = first.trim().split(/[ \t]+/);
    if (id.toLowerCase() !== authservId.toLowerCase()) continue;
    results.push(...rest.map((part) => part.trim().replace(/[ \t]+/g, ' ')));
  }
  return results.filter((part) => part !== '');
}

/** What we found of the chain as it came in. */
function chainOf(results: readonly string[], sets: number): ChainVerdict {
  const found = results.flatMap((part) => /^arc[ \t]*=[ \t]*([a-z]+)/i.exec(part)?.[1] ?? []);
  if (found.length === 0) return sets === 0 ? 'none' : 'fail';
  const [chain = ''] = found.map((word) => word.toLowerCase());
  if (found.length > 1 || (chain !== 'none' && chain !== 'pass')) return 'fail';
  return (chain === 'none') === (sets === 0) ? chain : 'fail';
}

function saysFail(seal: Parameters<typeof readArcSeal>[0]): boolean {
  try {
    return readArcSeal(seal).chain === 'fail';
  } catch (error) {
    if (error instanceof SyntaxFault) return false;
    throw error;
  }
}
