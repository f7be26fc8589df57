/**
 * DKIM: who vouches for a message, and is it what they wrote? Verified while it streams in: the
 * head first, then the body in chunks, then the keys are asked for. RFC 6376, 8301, 8463.
 */

import { encodeBase64, equalBytes, latin1 } from '../bytes.ts';
import type { Field, Head } from '../message/head.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { BodyHashes } from './body-hash.ts';
import type { AuthCrypto, PublicKey } from './crypto-seam.ts';
import type { Checking, DnsAsk } from './dns-facts.ts';
import {
  findKey,
  keyQuestion,
  objectionTo,
  verifyWith,
  type DkimVerdict,
  type Looked,
} from './dkim-key.ts';
import { readDkimSignature, type DkimSignature } from './dkim-record.ts';
import { authLimits } from './limits.ts';
import { signedOctets, uncoveredNames } from './signed-fields.ts';

export interface DkimResult {
  readonly result: DkimVerdict;
  /** Of a signature that could not be read: ''. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** The first octets of the signature itself, as base64: they tell two of a domain apart. */
  readonly start: string;
  /** Of the key; null: there was none to look at. */
  readonly bits: number | null;
  /** Names that are signed, in lower case. */
  readonly headers: readonly string[];
  /** All of the body is covered, and no field was added to those that are signed. */
  readonly covered: boolean;
  /** The owner only tries it out (t=y). */
  readonly isTest: boolean;
  readonly reason: string | null;
}

export interface DkimOptions {
  readonly nowSeconds: number;
  /** Believe rsa-sha1 and short keys too: to look at old mail, never for judging new. */
  readonly allowLegacy?: boolean;
}

/** How far a signer's clock may be ahead of ours. */
const skewSeconds = 600;

type Read =
  | { readonly field: Field; readonly signature: DkimSignature }
  | { readonly field: Field; readonly result: DkimResult };

export class DkimVerifier {
  readonly #head: Head;
  readonly #crypto: AuthCrypto;
  readonly #options: DkimOptions;
  readonly #found: readonly Read[];
  readonly #bodies: BodyHashes;

  /** With `bodies` of somebody else, it is they who get the body. */
  constructor(head: Head, crypto: AuthCrypto, options: DkimOptions & { bodies?: BodyHashes }) {
    this.#head = head;
    this.#crypto = crypto;
    this.#options = options;
    this.#bodies = options.bodies ?? new BodyHashes(crypto);
    this.#found = head.fields
      .filter(({ key }) => key === 'dkim-signature')
      .slice(0, authLimits.dkimSignaturesMax)
      .map((field) => readSignature(field));
    for (const each of this.#found) if ('signature' in each) this.#bodies.want(each.signature);
  }

  /** Signatures that are looked at; none: the body need not be given. */
  get count(): number {
    return this.#found.length;
  }

  /** What `finish` will ask, so that it can be asked before. */
  questions(): readonly DnsAsk[] {
    return this.#found.flatMap((each) =>
      'signature' in each ? [keyQuestion(each.signature)] : [],
    );
  }

  /** The body as it stands, in chunks of any size. */
  write(chunk: Uint8Array): void {
    this.#bodies.write(chunk);
  }

  /** One result for each signature, in the order of the head. */
  *finish(): Checking<readonly DkimResult[]> {
    const results: DkimResult[] = [];
    for (const each of this.#found) {
      results.push('result' in each ? each.result : yield* this.#verify(each));
    }
    return results;
  }

  *#verify(read: { field: Field; signature: DkimSignature }): Checking<DkimResult> {
    const { signature } = read;
    const { nowSeconds, allowLegacy = false } = this.#options;
    const body = this.#bodies.digest(signature);
    const covered =
      body.covered === body.total && uncoveredNames(this.#head, signature.headers).length === 0;
    const end = (result: DkimVerdict, reason: string | null, key?: Looked): DkimResult => ({
      ...factsOf(signature),
      result,
      covered,
      bits: key?.key?.bits ?? null,
      isTest: key?.record.isTest ?? false,
      reason,
    });
    if (signature.expiresAt !== null && signature.expiresAt < nowSeconds) {
      return end('fail', 'the signature has expired');
    }
    if (signature.signedAt !== null && signature.signedAt > nowSeconds + skewSeconds) {
      return end('fail', 'the signature is from the future');
    }
    if (signature.hash === 'sha1' && !allowLegacy) {
      return end('policy', 'SHA-1 proves nothing any more');
    }
    const looked = yield* findKey(this.#crypto, signature);
    if ('result' in looked) return end(looked.result, looked.reason);
    const objection = objectionTo(signature, looked, allowLegacy);
    if (objection !== null) return end(objection.result, objection.reason, looked);
    if (signature.length !== null && signature.length > body.total) {
      return end('fail', 'more of the body is signed than there is', looked);
    }
    if (!equalBytes(body.digest, signature.bodyHash)) {
      return end('fail', 'the body was changed', looked);
    }
    if (looked.key === null || !this.#isSigned(read, looked.key)) {
      return end('fail', 'the signature does not fit: a signed header field was changed', looked);
    }
    if (body.covered < body.total) {
      const octets = `${body.covered} of ${body.total}`;
      return end('policy', `only ${octets} octets of the body are signed`, looked);
    }
    return end('pass', null, looked);
  }

  #isSigned(read: { field: Field; signature: DkimSignature }, key: PublicKey): boolean {
    const { field, signature } = read;
    const octets = signedOctets(this.#head, {
      field,
      names: signature.headers,
      form: signature.head,
    });
    return verifyWith(this.#crypto, { key, signature, octets });
  }
}

function readSignature(field: Field): Read {
  const raw = field.rawValue();
  try {
    if (raw.length > authLimits.dkimFieldOctetsMax) {
      throw new SyntaxFault('dkim.too-long', 'the signature is too long');
    }
    return { field, signature: readDkimSignature(latin1(raw)) };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const result = {
      result: 'permerror',
      domain: '',
      selector: '',
      algorithm: '',
      start: '',
      bits: null,
      headers: [],
      covered: false,
      isTest: false,
      reason: error.message,
    } as const;
    return { field, result };
  }
}

function factsOf(
  signature: DkimSignature,
): Pick<DkimResult, 'domain' | 'selector' | 'algorithm' | 'headers' | 'start'> {
  const { domain, selector, algorithm, headers } = signature;
  const start = encodeBase64(signature.signature.subarray(0, 6));
  return { domain, selector, algorithm, headers, start };
}
