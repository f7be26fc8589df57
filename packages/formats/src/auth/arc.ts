/**
 * ARC: what hands on the way saw before they changed a message. A hint for mail from forwarders and
 * lists, never more. RFC 8617 §5.2. Verified while the message streams in, as DKIM is.
 */

import { concat, equalBytes } from '../bytes.ts';
import type { Head } from '../message/head.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import {
  readArcSeal,
  readArcSets,
  readArcSignature,
  type ArcFields,
  type ArcSeal,
  type ArcSet,
  type ChainVerdict,
} from './arc-set.ts';
import { readMethodResults, type MethodResult } from './authentication-results.ts';
import { BodyHashes } from './body-hash.ts';
import type { AuthCrypto } from './crypto-seam.ts';
import { canonicalField } from './dkim-canonical.ts';
import type { DkimSignature } from './dkim-record.ts';
import { findKey, keyQuestion, objectionTo, verifyWith } from './dkim-key.ts';
import type { Checking, DnsAsk } from './dns-facts.ts';
import { signedOctets, withoutLineEnd, withoutSignature } from './signed-fields.ts';

export interface ArcResult {
  readonly chain: ChainVerdict;
  /** Sets that were found. */
  readonly instances: number;
  /** Who sealed last; null: nobody. */
  readonly sealer: string | null;
  /** Everybody who sealed, in order, and what they say they saw; true only when the chain holds. */
  readonly hands: readonly ArcHand[];
  readonly reason: string | null;
}

export interface ArcHand {
  readonly domain: string;
  readonly saw: readonly Pick<MethodResult, 'method' | 'result'>[];
}

/** The chain does not hold. */
class Broken extends Error {}

export class ArcVerifier {
  readonly #head: Head;
  readonly #crypto: AuthCrypto;
  readonly #fields: ArcFields;
  readonly #bodies: BodyHashes;
  /** Of the last set; null: there is none, or it cannot be read. */
  readonly #signature: DkimSignature | null;

  /** With `bodies` of somebody else, it is they who get the body. */
  constructor(head: Head, crypto: AuthCrypto, bodies?: BodyHashes) {
    this.#head = head;
    this.#crypto = crypto;
    this.#fields = readArcSets(head);
    this.#bodies = bodies ?? new BodyHashes(crypto);
    const last = this.#fields.sets.at(-1);
    this.#signature = last === undefined ? null : orNull(() => readArcSignature(last.message));
    if (this.#signature !== null) this.#bodies.want(this.#signature);
  }

  get count(): number {
    return this.#fields.sets.length;
  }

  /** What `finish` will ask, so that it can be asked before. */
  questions(): readonly DnsAsk[] {
    const seals = this.#fields.sets.flatMap(({ seal }) => orNull(() => readArcSeal(seal)) ?? []);
    return [this.#signature ?? [], seals].flat().map((each) => keyQuestion(each));
  }

  write(chunk: Uint8Array): void {
    this.#bodies.write(chunk);
  }

  *finish(): Checking<ArcResult> {
    const { sets, fault } = this.#fields;
    const seals = sets.map(({ seal }) => orNull(() => readArcSeal(seal)));
    const hands = sets.map(({ results }, index) => ({
      domain: seals[index]?.domain ?? '',
      saw: readMethodResults(afterInstance(results.value())),
    }));
    const sealer = seals.at(-1)?.domain ?? null;
    const end = (chain: ChainVerdict, reason: string | null): ArcResult => {
      return { chain, instances: sets.length, sealer, hands, reason };
    };
    if (fault !== null) return end('fail', fault);
    if (sets.length === 0) return end('none', null);
    try {
      const checked = checkChain(seals);
      yield* this.#checkMessage(sets.at(-1));
      // From the last to the first: most forgeries are found at once. RFC 8617 §5.2 step 6.
      for (let count = sets.length; count > 0; count -= 1) {
        yield* this.#checkSeal(sets.slice(0, count), checked[count - 1]);
      }
      return end('pass', null);
    } catch (error) {
      if (error instanceof Broken) return end('fail', error.message);
      throw error;
    }
  }

  *#checkMessage(set: ArcSet | undefined): Checking<void> {
    const signature = this.#signature;
    if (set === undefined || signature === null) {
      throw new Broken('the last message signature cannot be read');
    }
    const body = this.#bodies.digest(signature);
    if (!equalBytes(body.digest, signature.bodyHash)) {
      throw new Broken('the body was changed after the last seal');
    }
    const octets = signedOctets(this.#head, {
      field: set.message,
      names: signature.headers,
      form: signature.head,
    });
    yield* this.#checkSignature(signature, octets, `message signature ${set.instance}`);
  }

  *#checkSeal(sets: readonly ArcSet[], seal: ArcSeal | undefined): Checking<void> {
    if (seal === undefined) throw new Broken('a seal is missing');
    yield* this.#checkSignature(
      { ...seal, agent: seal.domain },
      sealedOctets(sets),
      `seal ${sets.length}`,
    );
  }

  *#checkSignature(
    signature: Pick<DkimSignature, 'kind' | 'hash' | 'domain' | 'selector' | 'agent' | 'signature'>,
    octets: Uint8Array,
    what: string,
  ): Checking<void> {
    const looked = yield* findKey(this.#crypto, signature);
    const objection = 'result' in looked ? looked : objectionTo(signature, looked, false);
    if (objection !== null) throw new Broken(`${what}: ${objection.reason}`);
    const key = 'result' in looked ? null : looked.key;
    if (key === null || !verifyWith(this.#crypto, { key, signature, octets })) {
      throw new Broken(`${what} does not fit`);
    }
  }
}

/** RFC 8617 §5.2 step 3: the first says none, all others say pass. */
function checkChain(seals: readonly (ArcSeal | null)[]): readonly ArcSeal[] {
  return seals.map((seal, index) => {
    if (seal === null) throw new Broken(`seal ${index + 1} cannot be read`);
    if (seal.chain === 'fail') throw new Broken(`seal ${index + 1} says that the chain was broken`);
    if (seal.chain !== (index === 0 ? 'none' : 'pass')) {
      throw new Broken(`seal ${index + 1} says cv=${seal.chain}`);
    }
    return seal;
  });
}

/** All sets in order, the last seal without its signature. RFC 8617 §5.1.1. */
export function sealedOctets(sets: readonly ArcSet[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [index, { results, message, seal }] of sets.entries()) {
    pieces.push(canonicalField(results.raw(), 'relaxed'), canonicalField(message.raw(), 'relaxed'));
    const isLast = index === sets.length - 1;
    const sealed = canonicalField(isLast ? withoutSignature(seal.raw()) : seal.raw(), 'relaxed');
    pieces.push(isLast ? withoutLineEnd(sealed) : sealed);
  }
  return concat(pieces);
}

/** `i=1; who; results`: without its first part it is as any Authentication-Results. */
function afterInstance(value: string): string {
  return value.slice(value.indexOf(';') + 1);
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxFault) return null;
    throw error;
  }
}
