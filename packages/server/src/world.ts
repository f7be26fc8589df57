/**
 * Everything nondeterministic enters here: clock, chance, names, connections. Production has one
 * world (`realWorld` in main.ts), the lab another, a test its own.
 */

import type { Socket } from 'node:net';

/** Record types we ask for. */
export type RecordType =
  | 'A'
  | 'AAAA'
  | 'MX'
  | 'TXT'
  | 'PTR'
  | 'CNAME'
  | 'NS'
  | 'TLSA'
  | 'SRV'
  | 'CAA'
  | 'SOA';

/** Names in A-labels, lower case, without the final dot. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'PTR' | 'CNAME' | 'NS'; readonly target: string }
  | {
      readonly type: 'TLSA';
      readonly usage: number;
      readonly selector: number;
      readonly matching: number;
      readonly data: Uint8Array;
    }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      /** '': the service is not offered. RFC 2782. */
      readonly target: string;
    }
  | {
      readonly type: 'CAA';
      readonly flags: number;
      readonly tag: string;
      readonly value: Uint8Array;
    }
  | { readonly type: 'SOA'; readonly minimumSeconds: number };

/** What a question got. `error` means "ask again later", never "there is none". */
export type DnsAnswer =
  | {
      readonly kind: 'records';
      /** Of the type asked for, aliases already followed. */
      readonly records: readonly DnsRecord[];
      readonly ttlSeconds: number;
      /** The resolver says it has validated this (AD). */
      readonly authenticated: boolean;
      /** The names passed on the way, when there were CNAMEs. */
      readonly aliases: readonly string[];
    }
  | {
      readonly kind: 'nxdomain' | 'nodata';
      readonly ttlSeconds: number;
      readonly authenticated: boolean;
    }
  | {
      readonly kind: 'error';
      /** `bogus`: it has not been signed as it should be (DNSSEC); somebody may have forged it. */
      readonly reason: 'timeout' | 'servfail' | 'refused' | 'malformed' | 'bogus';
    };

export interface Resolver {
  /** What it says about DNSSEC is believed; else no answer of it is ever `authenticated`. */
  readonly isTrusted?: boolean;
  query(name: string, type: RecordType): Promise<DnsAnswer>;
}

export interface DialTarget {
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Where to connect from; the system chooses unless told. */
  readonly localAddress?: string;
}

export interface World {
  nowMs(): number;
  /** µs since 1970, never going backwards within a process. */
  nowUs(): number;
  randomBytes(count: number): Uint8Array;
  /** 0 ≤ x < 1; for jitter and order among equals. */
  random(): number;
  readonly dns: Resolver;
  /**
   * Asks one name server itself, past every cache: what a zone's own servers say is what the world
   * will see.
   */
  nameServer(address: string): Resolver;
  /** Roots of certificates that are trusted besides Node's own, PEM; the lab has one. */
  readonly trust?: readonly string[];
  /** A connected TCP socket, or a rejection whose `code` is the system's: ECONNREFUSED, … */
  dial(target: DialTarget): Promise<Socket>;
}
