/**
 * Which keys sign for an author: those of the domain itself, or of a domain of ours above it. Kept
 * in memory for a while, so that a message costs no question to the store.
 */

import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { KeyKind } from '@merpati/formats/auth/dkim-record.ts';
import { normalDomain } from '@merpati/formats/smtp/path.ts';
import type { Store } from '@merpati/store/contract.ts';
import { readKeys } from './key-record.ts';

export interface Ring {
  /** What d= says: in relaxed alignment with the author's domain. RFC 9989 §5.1.1. */
  readonly domain: string;
  /** Empty: there are keys, but their records have not been seen in the DNS yet. */
  readonly keys: readonly RingKey[];
}

export interface RingKey {
  readonly selector: string;
  readonly kind: KeyKind;
  /** RSA by another thread: it takes a third of a millisecond. */
  sign(octets: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

interface Known {
  readonly ring: Ring | null;
  readonly untilMs: number;
}

const limits = {
  /** Another process may have changed them. */
  freshMs: 10_000,
  /** Domains of authors; with more the memory starts anew. */
  domainsMax: 10_000,
  /** Labels of a name: how far up a domain of ours is looked for. */
  labelsMax: 20,
} as const;

export interface KeyRing {
  /** undefined: not known at the moment. */
  peek(authorDomain: string): Ring | null | undefined;
  /** null: nobody here signs for that domain. */
  find(authorDomain: string): Promise<Ring | null>;
  /** Domains or their keys have changed. */
  forget(): void;
  /** Told of each change; one listener, who sees to the keys. */
  onForget: () => void;
}

export function createKeyRing(store: Store, nowMs: () => number): KeyRing {
  const known = new Map<string, Known>();
  const peek = (authorDomain: string) => {
    const found = known.get(authorDomain);
    return found === undefined || found.untilMs <= nowMs() ? undefined : found.ring;
  };
  const ring: KeyRing = {
    peek,
    async find(authorDomain) {
      const found = peek(authorDomain);
      if (found !== undefined) return found;
      const read = await readRing(store, authorDomain);
      if (known.size >= limits.domainsMax) known.clear();
      known.set(authorDomain, { ring: read, untilMs: nowMs() + limits.freshMs });
      return read;
    },
    forget() {
      known.clear();
      ring.onForget();
    },
    onForget: () => {},
  };
  return ring;
}

async function readRing(store: Store, authorDomain: string): Promise<Ring | null> {
  let domain = normalDomain(authorDomain);
  for (let i = 0; domain !== null && domain.includes('.') && i < limits.labelsMax; i += 1) {
    if ((await store.findDomain(domain)) !== null) return ringOf(store, domain);
    domain = domain.slice(domain.indexOf('.') + 1);
  }
  return null;
}

async function ringOf(store: Store, domain: string): Promise<Ring | null> {
  const { generations } = await readKeys(store, domain);
  if (generations.length === 0) return null;
  const signing = generations.find(({ state }) => state === 'signing');
  const keys = (signing?.keys ?? []).flatMap(({ selector, kind, privateText }) =>
    privateText === null ? [] : [ringKey(selector, kind, createPrivateKey(privateText))],
  );
  return { domain, keys };
}

function ringKey(selector: string, kind: KeyKind, key: KeyObject): RingKey {
  if (kind === 'ed25519') return { selector, kind, sign: (octets) => sign(null, octets, key) };
  return {
    selector,
    kind,
    sign: (octets) =>
      new Promise((resolve, reject) => {
        sign('sha256', octets, key, (error, signature) => {
          if (error === null) resolve(signature);
          else reject(error);
        });
      }),
  };
}
