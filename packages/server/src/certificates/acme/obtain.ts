/**
 * From names to a certificate: an order, a proof for each name, the request, the chain. RFC 8555
 * §7.4, §7.5.
 */

import { X509Certificate, createPrivateKey } from 'node:crypto';
import { makeRequest } from '../keys.ts';
import { namesOf } from '../served.ts';
import type { AcmeClient } from './client.ts';
import { AcmeFault, codeOf } from './fault.ts';
import { keyAuthorization } from './jws.ts';
import * as objects from './objects.ts';

/** Puts a proof where the authority looks, and takes it away. */
export interface Solver {
  readonly type: 'http-01' | 'tls-alpn-01' | 'dns-01';
  /** Answers how to take it back. */
  show(name: string, proof: Proof): Promise<() => Promise<void> | void>;
}

export interface Proof {
  readonly token: string;
  readonly keyAuthorization: string;
}

export interface Wanted {
  readonly names: readonly string[];
  /** PEM. */
  readonly key: string;
}

/** PEM, the host's own first. Throws `AcmeFault`. */
export async function obtain(client: AcmeClient, solver: Solver, wanted: Wanted): Promise<string> {
  const { url, order } = await client.newOrder(wanted.names);
  const open = await Promise.all(order.authorizations.map((one) => prove(client, solver, one)));
  const failed = open.filter((one) => one !== null);
  if (failed[0] !== undefined) {
    const names = failed.flatMap((one) => one.names);
    throw new AcmeFault(failed[0].code, failed.map((one) => one.message).join('; '), { names });
  }
  const ready = await client.settled(objects.order, url, ['pending']);
  if (ready.status === 'ready') {
    await client.finalize(ready.finalize, await makeRequest(wanted.names, wanted.key));
  }
  const done = await client.settled(objects.order, url, ['ready', 'processing']);
  if (done.status !== 'valid' || done.certificate === undefined) throw orderFault(done);
  return checkChain(await client.certificate(done.certificate), wanted);
}

/** null: the name is proven to be ours. A fault is a value: the others go on. */
async function prove(client: AcmeClient, solver: Solver, url: string): Promise<AcmeFault | null> {
  const { status, identifier, challenges } = await client.authorization(url);
  if (status === 'valid') return null;
  const name = identifier.value.toLowerCase();
  const challenge = challenges.find((one) => one.type === solver.type);
  if (challenge?.token === undefined) {
    const offered = challenges.map((one) => one.type).join(', ');
    const detail = `${name}: no ${solver.type} is offered, only ${offered}`;
    return new AcmeFault('acme.no-challenge', detail, { names: [name] });
  }
  const { token } = challenge;
  const proof = { token, keyAuthorization: keyAuthorization(token, client.key) };
  const takeBack = await solver.show(name, proof);
  try {
    await client.accept(challenge.url);
    const after = await client.settled(objects.authorization, url, ['pending']);
    if (after.status === 'valid') return null;
    const error = after.challenges.find((one) => one.error !== undefined)?.error;
    const detail = `${name}: ${error?.detail ?? after.status}`;
    return new AcmeFault(codeOf(error?.type ?? ''), detail, { names: [name] });
  } finally {
    await takeBack();
  }
}

function orderFault({ error, status }: objects.Order): AcmeFault {
  const detail = error?.detail ?? `the order is ${status}`;
  return new AcmeFault(error === undefined ? 'acme.order' : codeOf(error.type), detail);
}

/** What came must be for our key and our names, before anything is built on it. */
function checkChain(chain: string, { names, key }: Wanted): string {
  let own: X509Certificate;
  try {
    own = new X509Certificate(chain);
  } catch (error) {
    throw new AcmeFault('acme.nonsense', `what came is no certificate: ${String(error)}`);
  }
  const had = namesOf(own);
  if (!own.checkPrivateKey(createPrivateKey(key)) || names.some((name) => !had.includes(name))) {
    throw new AcmeFault('acme.nonsense', 'the certificate is for another key or other names');
  }
  return chain;
}
