/**
 * Do the names of a client lead to its address and back? The reverse name (iprev: RFC 8601 §3) and
 * the one it gives itself in HELO (RFC 5321 §4.1.1.1). Pure: yields questions.
 */

import { readAddress } from '../dns/address.ts';
import { type Checking, type FactType, plainName } from './dns-facts.ts';
import { authLimits } from './limits.ts';
import { isName, reverseName } from './spf.ts';

export interface ReverseResult {
  /** RFC 8601 §2.7.3; `permerror`: there is no reverse name. */
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  /** The name that leads back; else the first one there is; '' for none. */
  readonly name: string;
}

export function* checkReverse(ip: string): Checking<ReverseResult> {
  const octets = readAddress(ip);
  if (octets === null) return { result: 'permerror', name: '' };
  const type = octets.length === 4 ? 'A' : 'AAAA';
  const reply = yield { name: reverseName(octets), type: 'PTR' };
  if (reply.kind === 'failed') return { result: 'temperror', name: '' };
  const names = reply.kind === 'found' ? reply.text.map(plainName).filter(isName) : [];
  const [first] = names;
  if (first === undefined) return { result: 'permerror', name: '' };
  let isUnsure = false;
  for (const name of names.slice(0, authLimits.spfPtrNamesMax)) {
    const back = yield { name, type };
    if (back.kind === 'failed') isUnsure = true;
    else if (back.kind === 'found' && back.text.some((text) => isSame(text, octets))) {
      return { result: 'pass', name };
    }
  }
  return { result: isUnsure ? 'temperror' : 'fail', name: first };
}

/**
 * `match`: the name's addresses hold the client's, or the literal is it. `other`: they do not.
 * `nowhere`: the name has no address. `unqualified`: a word without a dot, or no name at all.
 */
export type HelloVerdict = 'match' | 'other' | 'nowhere' | 'unqualified' | 'temperror';

export function* checkHello(hello: string, ip: string): Checking<HelloVerdict> {
  const octets = readAddress(ip);
  if (octets === null) return 'unqualified';
  if (hello.startsWith('[')) {
    const literal = /^\[(?:IPv6:)?([^\]]*)\]$/i.exec(hello)?.[1] ?? '';
    const own = readAddress(literal);
    return own === null ? 'unqualified' : isSame(literal, octets) ? 'match' : 'other';
  }
  const name = plainName(hello);
  if (!isName(name) || !name.includes('.') || readAddress(name) !== null) return 'unqualified';
  const own: FactType = octets.length === 4 ? 'A' : 'AAAA';
  const reply = yield { name, type: own };
  if (reply.kind === 'failed') return 'temperror';
  if (reply.kind === 'found') {
    return reply.text.some((text) => isSame(text, octets)) ? 'match' : 'other';
  }
  const second = yield { name, type: own === 'A' ? 'AAAA' : 'A' };
  if (second.kind === 'failed') return 'temperror';
  return second.kind === 'found' ? 'other' : 'nowhere';
}

function isSame(text: string, octets: Uint8Array): boolean {
  const other = readAddress(text);
  return (
    other !== null &&
    other.length === octets.length &&
    other.every((octet, index) => octet === octets[index])
  );
}
