/** Signing a message with DKIM. RFC 6376 §5, §3.7; RFC 8463. */

import { ascii, encodeBase64 } from '../bytes.ts';
import type { Field, Head } from '../message/head.ts';
import { BodyHashes } from './body-hash.ts';
import type { AuthCrypto, PrivateKey } from './crypto-seam.ts';
import type { KeyKind } from './dkim-record.ts';
import { signedOctets } from './signed-fields.ts';

export interface DkimSigning {
  readonly domain: string;
  readonly selector: string;
  readonly key: PrivateKey;
  /** Names to sign, in this order, as often as named; default: see `namesToSign`. */
  readonly headers?: readonly string[];
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/**
 * What a reader sees or a reply goes to. Each is named once more than it is there, so that none can
 * be added on the way. RFC 6376 §5.4.1, §8.15.
 */
const oversigned = [
  'from',
  'sender',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'to',
  'cc',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'in-reply-to',
  'references',
];

/** Signed when there; lists add them rightly, so they are not named once more. */
const signedIfThere = [
  'resent-date',
  'resent-from',
  'resent-to',
  'resent-cc',
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-post',
  'list-owner',
  'list-archive',
];

export function namesToSign(head: Head): readonly string[] {
  const count = (name: string): number => head.fields.filter(({ key }) => key === name).length;
  const times = (name: string, number: number): string[] => Array<string>(number).fill(name);
  return [
    ...oversigned.flatMap((name) => times(name, count(name) + 1)),
    ...signedIfThere.flatMap((name) => times(name, count(name))),
  ];
}

/** How we hash bodies: a body that is signed with two keys is hashed once. */
export const signedForm = { hash: 'sha256', body: 'relaxed', length: null } as const;

/** Takes the body in chunks, then gives the field, one for each key. */
export class DkimSigner {
  readonly #head: Head;
  readonly #bodies: BodyHashes;
  readonly #crypto: AuthCrypto;

  constructor(head: Head, crypto: AuthCrypto) {
    this.#head = head;
    this.#crypto = crypto;
    this.#bodies = new BodyHashes(crypto);
    this.#bodies.want(signedForm);
  }

  write(chunk: Uint8Array): void {
    this.#bodies.write(chunk);
  }

  /** The whole field with its CRLF, to stand in front of the message. */
  sign(signing: DkimSigning): string {
    const { key, headers } = signing;
    const { digest } = this.#bodies.digest(signedForm);
    const names = headers?.map((name) => name.toLowerCase()) ?? namesToSign(this.#head);
    const unsigned = unsignedDkim({ ...signing, kind: key.kind, head: this.#head, names, digest });
    return completeField(unsigned, signOctets(this.#crypto, key, unsigned.octets));
  }
}

/** A field that lacks its signature only. */
export interface UnsignedField {
  /** Up to `b=`. */
  readonly text: string;
  /** What is to be signed (RSA), or whose hash is (Ed25519). */
  readonly octets: Uint8Array;
}

export interface UnsignedDkim extends Pick<DkimSigning, 'domain' | 'selector' | 'timestamp'> {
  readonly kind: KeyKind;
  readonly head: Head;
  /** In lower case. */
  readonly names: readonly string[];
  /** Of the body in `signedForm`. */
  readonly digest: Uint8Array;
}

/** For who signs elsewhere, in another thread: `completeField` puts the signature in. */
export function unsignedDkim(what: UnsignedDkim): UnsignedField {
  const { domain, selector, timestamp, kind, head, names, digest } = what;
  const tags = [
    'v=1',
    `a=${kind}-sha256`,
    'c=relaxed/relaxed',
    `d=${domain}`,
    `s=${selector}`,
    `t=${timestamp}`,
    `h=${names.join(':')}`,
    `bh=${encodeBase64(digest)}`,
  ];
  return unsignedField('DKIM-Signature', { tags, names, head });
}

export function completeField({ text }: UnsignedField, signature: Uint8Array): string {
  return `${text}${foldBase64(signature)}\r\n`;
}

function unsignedField(
  name: string,
  what: {
    readonly tags: readonly string[];
    readonly names: readonly string[];
    readonly head: Head;
  },
): UnsignedField {
  const { tags, names, head } = what;
  const text = `${writeTags(name, tags)};\r\n\tb=`;
  const field = fieldOf(`${text}\r\n`);
  return { text, octets: signedOctets(head, { field, names, form: 'relaxed' }) };
}

/** Writes the field with an empty b=, signs what that gives, and fills it in. */
export function signField(
  name: string,
  what: {
    readonly tags: readonly string[];
    readonly names: readonly string[];
    readonly key: PrivateKey;
    readonly head: Head;
    readonly crypto: AuthCrypto;
  },
): string {
  const unsigned = unsignedField(name, what);
  return completeField(unsigned, signOctets(what.crypto, what.key, unsigned.octets));
}

/** Ed25519 signs the hash. RFC 8463 §3. */
export function signOctets(crypto: AuthCrypto, key: PrivateKey, octets: Uint8Array): Uint8Array {
  if (key.kind === 'rsa') return key.sign('sha256', octets);
  const hasher = crypto.newHash('sha256');
  hasher.update(octets);
  return key.sign(null, hasher.digest());
}

const lineMax = 76;

/** Tags with a line end before what would make a line too long; lists break at their colons. */
export function writeTags(name: string, tags: readonly string[]): string {
  let text = `${name}:`;
  let column = text.length;
  for (const [index, tag] of tags.entries()) {
    const piece = index === tags.length - 1 ? tag : `${tag};`;
    if (column + piece.length + 1 <= lineMax) {
      text += ` ${piece}`;
      column += piece.length + 1;
    } else {
      const folded = foldTag(piece);
      text += `\r\n\t${folded}`;
      column = folded.length - folded.lastIndexOf('\n');
    }
  }
  return text;
}

function foldTag(piece: string): string {
  let text = '';
  let column = 0;
  for (const part of piece.split(/(?<=:)/)) {
    if (column > 0 && column + part.length > lineMax) {
      text += '\r\n\t ';
      column = 1;
    }
    text += part;
    column += part.length;
  }
  return text;
}

export function foldBase64(octets: Uint8Array): string {
  return (encodeBase64(octets).match(/.{1,72}/g) ?? []).join('\r\n\t ');
}

/** A field that is not in a head yet. */
export function fieldOf(text: string): Field {
  const octets = ascii(text);
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  return {
    name,
    key: name.toLowerCase(),
    start: 0,
    end: octets.length,
    raw: () => octets,
    rawValue: () => octets.subarray(colon + 1, octets.length - 2),
    value: () => text.slice(colon + 1).trim(),
  };
}
