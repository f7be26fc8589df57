/**
 * DKIM for what is written here: handed in by our users, or made by ourselves. What is only passed
 * on keeps the signatures it came with. Signed once, before the message is stored; the fields go
 * with every copy of it. RFC 6376 §5; RFC 8463; RFC 8301.
 */

import { createHash } from 'node:crypto';
import { authorDomains } from '@merpati/formats/auth/dmarc.ts';
import { BodyHashes } from '@merpati/formats/auth/body-hash.ts';
import type { AuthCrypto } from '@merpati/formats/auth/crypto-seam.ts';
import {
  completeField,
  namesToSign,
  signedForm,
  unsignedDkim,
} from '@merpati/formats/auth/dkim-sign.ts';
import { concat, utf8 } from '@merpati/formats/bytes.ts';
import { findField, readHead, type Head } from '@merpati/formats/message/head.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { Incoming } from '../incoming/incoming.ts';
import type { Ring } from './key-ring.ts';

export interface Signed {
  /** DKIM-Signature fields, whole; empty: it is not signed. */
  readonly fields: string;
  readonly events: readonly JourneyEvent[];
}

const unsigned: Signed = { fields: '', events: [] };

const hashing: Pick<AuthCrypto, 'newHash'> = {
  newHash(name) {
    const hash = createHash(name);
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
  },
};

/** Hashes the body while it comes in; null: nobody will sign this message. */
export function watchForSigning(home: Home, head: Head): BodyHashes | null {
  const author = authorOf(head);
  if (!home.config.dkim.sign || author === null) return null;
  const ring = home.keyRing.peek(author);
  // Not known: hashed in vain at worst, once in a while.
  if (ring === null || ring?.keys.length === 0) return null;
  return newBodyHash();
}

function newBodyHash(): BodyHashes {
  const hashes = new BodyHashes(hashing);
  hashes.want(signedForm);
  return hashes;
}

/** The domain of the first author; RFC 9989 §5.1.1 aligns with it. */
function authorOf(head: Head): string | null {
  const from = findField(head, 'from');
  return from === undefined ? null : (authorDomains(from.value())[0] ?? null);
}

export async function signMessage(home: Home, incoming: Incoming): Promise<Signed> {
  const { kind, account } = incoming.session;
  // Who forges has no key.
  if (home.faults.has('forged-sender')) return unsigned;
  if (!home.config.dkim.sign || (kind !== 'submission' && kind !== 'internal')) return unsigned;
  // From may be one that we have just added, in the name of the account.
  const author = authorOf(incoming.head) ?? domainOf(account?.address);
  const ring = author === null ? null : await home.keyRing.find(author);
  if (ring === null) return unsigned;
  const { domain, keys } = ring;
  if (keys.length === 0) {
    home.metrics.signed.inc({ result: 'waiting' });
    return { fields: '', events: [waiting(home, domain)] };
  }
  const digest = await digestOf(home, incoming);
  if (digest === null) return unsigned;
  const startedUs = home.world.nowUs();
  const fields = await writeFields(home, ring, { head: wholeHead(incoming), digest });
  home.metrics.signed.inc({ result: 'signed' });
  const event: JourneyEvent = {
    atUs: home.world.nowUs(),
    stage: 'sign',
    state: 'ok',
    code: 'sign.dkim',
    args: {
      domain,
      selectors: keys.map(({ selector }) => selector),
      algorithms: keys.map((key) => `${key.kind}-sha256`),
    },
    durUs: home.world.nowUs() - startedUs,
  };
  return { fields, events: [event] };
}

const domainOf = (address: string | undefined): string | null =>
  address === undefined ? null : address.slice(address.lastIndexOf('@') + 1);

const waiting = (home: Home, domain: string): JourneyEvent => ({
  atUs: home.world.nowUs(),
  stage: 'sign',
  state: 'warn',
  code: 'sign.waiting',
  args: { domain },
});

/** With the fields that we add ourselves, as others will see it. */
function wholeHead({ head, added }: Incoming): Head {
  if (added === null) return head;
  return readHead(concat([added.octets, ...head.fields.map((field) => field.raw()), lineEnd]));
}

const lineEnd = utf8('\r\n');

/** null: where the body begins is a matter of opinion, and so would be the signature. */
async function digestOf(home: Home, incoming: Incoming): Promise<Uint8Array | null> {
  const { watcher, body, head, headOctets } = incoming;
  if (head.length !== headOctets) return null;
  if (watcher instanceof BodyHashes) return watcher.digest(signedForm).digest;
  // Written by ourselves; or the keys began to sign while it came in.
  if (!('bytes' in body.source)) return null;
  const hashes = newBodyHash();
  hashes.write(body.source.bytes.subarray(headOctets));
  return hashes.digest(signedForm).digest;
}

async function writeFields(
  home: Home,
  { domain, keys }: Ring,
  message: { readonly head: Head; readonly digest: Uint8Array },
): Promise<string> {
  const timestamp = Math.floor(home.world.nowMs() / 1000);
  const names = namesToSign(message.head);
  let fields = '';
  for (const key of keys) {
    const { selector, kind } = key;
    const field = unsignedDkim({ ...message, domain, selector, kind, names, timestamp });
    // RFC 8463 §3: Ed25519 signs the hash.
    const { octets } = field;
    const signing = kind === 'rsa' ? octets : createHash('sha256').update(octets).digest();
    fields += completeField(field, await key.sign(signing));
  }
  return fields;
}
