/**
 * Hashes of a body that comes in chunks, one for each form that signatures ask for. RFC 6376 §3.7.
 */

import type { AuthCrypto, Hasher } from './crypto-seam.ts';
import { CanonicalBody } from './dkim-canonical.ts';
import type { Canonical, HashName } from './dkim-record.ts';

export interface BodyForm {
  readonly hash: HashName;
  readonly body: Canonical;
  readonly length: number | null;
}

export interface BodyDigest {
  readonly digest: Uint8Array;
  /** Octets of the canonical body. */
  readonly total: number;
  /** Octets of it that went into the hash. */
  readonly covered: number;
}

type Hashing = Pick<AuthCrypto, 'newHash'>;

class RunningHash {
  readonly #hasher: Hasher;
  readonly #canonical: CanonicalBody;
  #total = 0;
  #left: number;
  readonly #length: number;
  #digest: BodyDigest | null = null;

  constructor(form: BodyForm, crypto: Hashing) {
    this.#length = form.length ?? Number.POSITIVE_INFINITY;
    this.#left = this.#length;
    this.#hasher = crypto.newHash(form.hash);
    this.#canonical = new CanonicalBody(form.body, (bytes) => {
      this.#total += bytes.length;
      if (this.#left <= 0) return;
      const taken = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
      this.#left -= taken.length;
      this.#hasher.update(taken);
    });
  }

  write(chunk: Uint8Array): void {
    this.#canonical.write(chunk);
  }

  finish(): BodyDigest {
    if (this.#digest === null) {
      this.#canonical.end();
      this.#digest = {
        digest: this.#hasher.digest(),
        total: this.#total,
        covered: Math.min(this.#total, this.#length),
      };
    }
    return this.#digest;
  }
}

/** Each form is hashed once, however many signatures share it. */
export class BodyHashes {
  readonly #crypto: Hashing;
  readonly #running = new Map<string, RunningHash>();

  constructor(crypto: Hashing) {
    this.#crypto = crypto;
  }

  /** To be told before the body begins. */
  want(form: BodyForm): void {
    const key = keyOf(form);
    if (!this.#running.has(key)) this.#running.set(key, new RunningHash(form, this.#crypto));
  }

  write(chunk: Uint8Array): void {
    for (const running of this.#running.values()) running.write(chunk);
  }

  digest(form: BodyForm): BodyDigest {
    const running = this.#running.get(keyOf(form));
    if (running === undefined) throw new Error('a hash that nobody asked for');
    return running.finish();
  }
}

function keyOf({ hash, body, length }: BodyForm): string {
  return `${hash} ${body} ${length ?? 'all'}`;
}
