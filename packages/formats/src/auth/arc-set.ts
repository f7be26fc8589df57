/** The sets of fields that hands on the way have added to a message. RFC 8617 §3.9, §4. */

import { latin1 } from '../bytes.ts';
import type { Field, Head } from '../message/head.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { plainName } from './dns-facts.ts';
import { readDkimSignature, readOctets, type DkimSignature, type HashName } from './dkim-record.ts';
import { authLimits } from './limits.ts';
import { readTagList } from './tag-list.ts';

export type ChainVerdict = 'none' | 'pass' | 'fail';

export interface ArcSeal {
  readonly kind: 'rsa' | 'ed25519';
  readonly hash: HashName;
  readonly domain: string;
  readonly selector: string;
  readonly chain: ChainVerdict;
  readonly signature: Uint8Array;
}

/** One hand on the way: what it saw, what it signed, and its seal over all sets so far. */
export interface ArcSet {
  readonly instance: number;
  readonly results: Field;
  readonly message: Field;
  readonly seal: Field;
}

export interface ArcFields {
  readonly sets: readonly ArcSet[];
  /** Why the chain is broken by its form alone; null: it is whole. */
  readonly fault: string | null;
}

const kinds = {
  'arc-authentication-results': 'results',
  'arc-message-signature': 'message',
  'arc-seal': 'seal',
} as const;

/** All sets in the order of their instances. RFC 8617 §5.2 step 3. */
export function readArcSets(head: Head): ArcFields {
  const sets = new Map<number, Partial<Record<'results' | 'message' | 'seal', Field>>>();
  for (const field of head.fields) {
    const kind = (kinds as Readonly<Record<string, keyof ArcSet | undefined>>)[field.key];
    if (kind === undefined || kind === 'instance') continue;
    const instance = instanceOf(field);
    if (instance === null) return { sets: [], fault: `${field.name} has no instance` };
    const set = sets.get(instance) ?? {};
    if (set[kind] !== undefined) return { sets: [], fault: `${field.name} ${instance} twice` };
    sets.set(instance, { ...set, [kind]: field });
  }
  const whole: ArcSet[] = [];
  for (let instance = 1; instance <= sets.size; instance += 1) {
    const { results, message, seal } = sets.get(instance) ?? {};
    if (results === undefined || message === undefined || seal === undefined) {
      return { sets: whole, fault: `set ${instance} is not whole` };
    }
    whole.push({ instance, results, message, seal });
  }
  return { sets: whole, fault: null };
}

/** 1 … 50, the first tag of each field. RFC 8617 §4.2.1. */
function instanceOf(field: Field): number | null {
  const text = latin1(field.rawValue());
  const digits = /(?:^|;)[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*(?:;|$)/.exec(
    text,
  )?.[1];
  const instance = Number(digits ?? 0);
  return instance >= 1 && instance <= authLimits.arcSetsMax ? instance : null;
}

/** Throws `SyntaxFault`. RFC 8617 §4.1.2: as DKIM-Signature, with an instance for the version. */
export function readArcSignature(field: Field): DkimSignature {
  const value = latin1(field.rawValue());
  const signature = readDkimSignature(value, { isArc: true });
  if (signature.hash !== 'sha256') throw new SyntaxFault('arc.algorithm', 'not with SHA-256');
  if (signature.headers.includes('arc-seal')) {
    throw new SyntaxFault('arc.headers', 'a message signature must leave seals out');
  }
  return signature;
}

/** Throws `SyntaxFault`. RFC 8617 §4.1.3. */
export function readArcSeal(field: Field): ArcSeal {
  const tags = readTagList(latin1(field.rawValue()));
  if (tags.has('h')) throw new SyntaxFault('arc.seal', 'a seal names no header fields');
  const need = (name: string): string => {
    const value = tags.get(name);
    if (value === undefined) throw new SyntaxFault('arc.seal', `${name}= is missing`);
    return value;
  };
  const algorithm = need('a').toLowerCase();
  const [kind] = algorithm.split('-');
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') {
    throw new SyntaxFault('arc.algorithm', `the algorithm ${algorithm} is not known`);
  }
  const chain = need('cv').toLowerCase();
  if (chain !== 'none' && chain !== 'pass' && chain !== 'fail') {
    throw new SyntaxFault('arc.chain', `cv=${chain} is not known`);
  }
  const domain = plainName(need('d'));
  const selector = plainName(need('s'));
  if (domain === '' || selector === '') throw new SyntaxFault('arc.domain', 'no domain');
  return {
    kind: kind === 'rsa' ? 'rsa' : 'ed25519',
    hash: 'sha256',
    domain,
    selector,
    chain,
    signature: readOctets(need('b'), 'b='),
  };
}
