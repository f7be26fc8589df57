/**
 * The first words of a TLS client, read before any handshake: which name and which applications it
 * asks for. RFC 8446 §4.1.2, §5.1; RFC 6066 §3; RFC 7301 §3.1.
 */

import { latin1 } from '../bytes.ts';

export interface ClientHello {
  readonly kind: 'hello';
  /** SNI in lower case; null: none. */
  readonly serverName: string | null;
  /** ALPN, in the client's order. */
  readonly applications: readonly string[];
}

/** `more`: it goes on; `none`: this is no client of TLS. */
export type HelloRead = ClientHello | { readonly kind: 'more' | 'none' };

/** Honest ones have up to 2 KiB, with keys that resist quantum computers. */
export const helloOctetsMax = 16_384;

const more = { kind: 'more' } as const;
const none = { kind: 'none' } as const;
const handshakeRecord = 22;
const clientHello = 1;

/**
 * Never throws.
 * @example
 * readClientHello(Uint8Array.of(22, 3, 1)); // { kind: 'more' }
 */
export function readClientHello(octets: Uint8Array): HelloRead {
  const message: number[] = [];
  for (let at = 0; ;) {
    if (octets.length > at && octets[at] !== handshakeRecord) return none;
    if (octets.length > at + 1 && octets[at + 1] !== 3) return none;
    if (octets.length < at + 5) return more;
    const length = number16(octets, at + 3);
    if (length === 0 || length > helloOctetsMax) return none;
    const end = at + 5 + length;
    for (let i = at + 5; i < Math.min(end, octets.length); i += 1) message.push(octets[i] ?? 0);
    if (message.length > 0 && message[0] !== clientHello) return none;
    const wanted = message.length < 4 ? 4 : 4 + number24(message, 1);
    if (wanted > helloOctetsMax) return none;
    if (message.length >= 4 && message.length >= wanted) {
      return readMessage(Uint8Array.from(message.slice(4, wanted)));
    }
    if (octets.length < end) return more;
    at = end;
  }
}

/** Reads along; everything after a length that does not fit is missing. */
class Fields {
  readonly #octets: Uint8Array;
  #at = 0;
  isBroken = false;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get isEnd(): boolean {
    return this.isBroken || this.#at >= this.#octets.length;
  }

  take(length: number): Uint8Array {
    const taken = this.#octets.subarray(this.#at, this.#at + length);
    if (taken.length < length) this.isBroken = true;
    this.#at += length;
    return taken;
  }

  number(octets: number): number {
    return this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
  }

  /** With its length before it, in so many octets. */
  vector(octets: number): Uint8Array {
    return this.take(this.number(octets));
  }
}

function readMessage(octets: Uint8Array): HelloRead {
  const fields = new Fields(octets);
  fields.take(2 + 32);
  fields.vector(1);
  fields.vector(2);
  fields.vector(1);
  let serverName: string | null = null;
  let applications: readonly string[] = [];
  const extensions = new Fields(fields.isEnd ? new Uint8Array(0) : fields.vector(2));
  while (!extensions.isEnd) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (type === 0) serverName = readServerName(data);
    if (type === 16) applications = readApplications(data);
  }
  if (fields.isBroken || extensions.isBroken) return none;
  return { kind: 'hello', serverName, applications };
}

function readServerName(data: Uint8Array): string | null {
  const names = new Fields(new Fields(data).vector(2));
  while (!names.isEnd) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type === 0 && !names.isBroken) return latin1(name).toLowerCase();
  }
  return null;
}

function readApplications(data: Uint8Array): string[] {
  const names = new Fields(new Fields(data).vector(2));
  const found: string[] = [];
  while (!names.isEnd) {
    const name = names.vector(1);
    if (!names.isBroken) found.push(latin1(name));
  }
  return found;
}

const number16 = (octets: Uint8Array, at: number): number =>
  (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0);

const number24 = (octets: readonly number[], at: number): number =>
  (octets[at] ?? 0) * 65_536 + (octets[at + 1] ?? 0) * 256 + (octets[at + 2] ?? 0);
