/** What a DKIM-Signature field and a key record say. RFC 6376 §3.5, §3.6.1; RFC 8301; RFC 8463. */

import { decodeBase64, readUtf8 } from '../bytes.ts';
import { needsUtf8 } from '../smtp/path.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { askableName, plainName } from './dns-facts.ts';
import { colonList, readTagList, solid, type Tags } from './tag-list.ts';

export type KeyKind = 'rsa' | 'ed25519';
export type HashName = 'sha256' | 'sha1';
export type Canonical = 'simple' | 'relaxed';

export interface DkimSignature {
  readonly kind: KeyKind;
  readonly hash: HashName;
  /** `rsa-sha256` */
  readonly algorithm: string;
  readonly domain: string;
  readonly selector: string;
  /** Domain of the agent (i=), `domain` or below it. */
  readonly agent: string;
  readonly head: Canonical;
  readonly body: Canonical;
  /** Octets of the canonical body that are signed; null: all. */
  readonly length: number | null;
  /** Names in lower case, in the order in which they are hashed. */
  readonly headers: readonly string[];
  readonly bodyHash: Uint8Array;
  readonly signature: Uint8Array;
  /** Seconds since 1970. */
  readonly signedAt: number | null;
  readonly expiresAt: number | null;
}

/** Throws `SyntaxFault` with the reason. */
export function readDkimSignature(
  value: string,
  options: { readonly isArc: boolean } = { isArc: false },
): DkimSignature {
  const tags = readTagList(value);
  if (options.isArc ? tags.has('v') : need(tags, 'v') !== '1') {
    fault('dkim.version', 'v= is not as it must be');
  }
  const algorithm = need(tags, 'a').toLowerCase();
  const [kind, hash] = algorithm.split('-');
  const isKnown = (kind === 'rsa' || kind === 'ed25519') && (hash === 'sha256' || hash === 'sha1');
  if (!isKnown || (kind === 'ed25519' && hash === 'sha1')) {
    return fault('dkim.algorithm', `the algorithm ${algorithm} is not known`);
  }
  const domain = readDomain(need(tags, 'd'), 'd=');
  const headers = colonList(need(tags, 'h')).map((name) => name.toLowerCase());
  if (!headers.includes('from') && !options.isArc) fault('dkim.from', 'From is not signed');
  if (headers.includes('') && !options.isArc) fault('dkim.headers', 'h= names nothing');
  const signedAt = readNumber(tags, 't');
  const expiresAt = readNumber(tags, 'x');
  if (signedAt !== null && expiresAt !== null && expiresAt <= signedAt) {
    fault('dkim.expiry', 'it ends before it begins');
  }
  const methods = colonList(tags.get('q') ?? 'dns/txt').map((method) => method.toLowerCase());
  if (!methods.includes('dns/txt')) fault('dkim.query', 'its key is not in the DNS');
  return {
    kind,
    hash,
    algorithm,
    domain,
    selector: readDomain(need(tags, 's'), 's='),
    agent: options.isArc ? domain : readAgent(tags.get('i'), domain),
    // QUIRK: RFC 8617 §4.1.2 leaves DKIM's default as it is, sealers mean the relaxed forms.
    ...readCanonical(tags.get('c') ?? (options.isArc ? 'relaxed/relaxed' : 'simple')),
    length: readNumber(tags, 'l'),
    headers,
    bodyHash: readOctets(need(tags, 'bh'), 'bh='),
    signature: readOctets(need(tags, 'b'), 'b='),
    signedAt,
    expiresAt,
  };
}

/** Below the signing domain, or that itself. RFC 6376 §3.5 (i=). */
function readAgent(identity: string | undefined, domain: string): string {
  if (identity === undefined) return domain;
  const agent = readDomain(solid(identity).slice(solid(identity).lastIndexOf('@') + 1), 'i=');
  if (agent !== domain && !agent.endsWith(`.${domain}`)) {
    fault('dkim.identity', 'i= is not within d=');
  }
  return agent;
}

function readCanonical(text: string): { head: Canonical; body: Canonical } {
  const [head = 'simple', body = 'simple', ...more] = text.toLowerCase().split('/');
  if (!isCanonical(head) || !isCanonical(body) || more.length > 0) {
    return fault('dkim.canonical', `c=${text} is not known`);
  }
  return { head, body };
}

function isCanonical(text: string): text is Canonical {
  return text === 'simple' || text === 'relaxed';
}

export interface DkimKey {
  readonly kind: KeyKind;
  /** Hashes it may be used with; null: any. */
  readonly hashes: readonly string[] | null;
  /** Empty: the key was revoked. */
  readonly octets: Uint8Array;
  /** The owner only tries it out. */
  readonly isTest: boolean;
  /** Only for signatures whose agent is the domain itself (t=s). */
  readonly isStrict: boolean;
}

/** Throws `SyntaxFault`. RFC 6376 §3.6.1. */
export function readDkimKey(text: string): DkimKey {
  const tags = readTagList(text);
  const [first] = tags.keys();
  if (tags.has('v') && (first !== 'v' || tags.get('v') !== 'DKIM1')) {
    fault('dkim.key.version', 'v= of the key is not DKIM1');
  }
  const kind = (tags.get('k') ?? 'rsa').toLowerCase();
  if (kind !== 'rsa' && kind !== 'ed25519') {
    return fault('dkim.key.kind', `a key of the kind ${kind} is not known`);
  }
  const services = colonList(tags.get('s') ?? '*');
  if (!services.includes('*') && !services.includes('email')) {
    fault('dkim.key.service', 'the key is not for mail');
  }
  const flags = colonList(tags.get('t') ?? '');
  const hashes = tags.get('h');
  return {
    kind,
    hashes: hashes === undefined ? null : colonList(hashes).map((name) => name.toLowerCase()),
    octets: readOctets(need(tags, 'p'), 'p='),
    isTest: flags.includes('y'),
    isStrict: flags.includes('s'),
  };
}

function need(tags: Tags, name: string): string {
  const value = tags.get(name);
  if (value === undefined) return fault('dkim.missing', `${name}= is missing`);
  return value;
}

function readDomain(text: string, tag: string): string {
  const name = needsUtf8(text) ? askableName(utf8Of(text)) : plainName(text);
  const isName = /^[a-z0-9_](?:[a-z0-9_.-]{0,252})$/.test(name);
  if (!isName || name.includes('..')) fault('dkim.domain', `${tag} is no domain`);
  return name;
}

/** Tags are read octet by octet; in a header of UTF-8 names may be written in it. RFC 8616 §5. */
function utf8Of(text: string): string {
  const octets = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return readUtf8(octets) ?? text;
}

function readNumber(tags: Tags, name: string): number | null {
  const digits = tags.get(name);
  if (digits === undefined) return null;
  // RFC 6376 §3.5: up to 76 digits; above 2^53 nothing differs any more.
  if (!/^[0-9]{1,76}$/.test(digits)) fault('dkim.number', `${name}= is no number`);
  return Number(digits);
}

export function readOctets(text: string, tag: string): Uint8Array {
  const octets = decodeBase64(solid(text));
  if (octets === null) return fault('dkim.base64', `${tag} is not base64`);
  return octets;
}

function fault(code: string, message: string): never {
  throw new SyntaxFault(code, message);
}
