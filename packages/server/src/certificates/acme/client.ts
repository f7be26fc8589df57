/**
 * A client of ACME: account, orders, authorizations, the certificate. One for each piece of work;
 * what lasts is the account's key. RFC 8555 §6, §7.
 */

import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { requestHttps, type HttpsAnswer } from '../../delivery/https-request.ts';
import type { World } from '../../world.ts';
import { AcmeFault, codeOf } from './fault.ts';
import { bindExternally, signRequest, type ExternalAccount } from './jws.ts';
import * as objects from './objects.ts';

export const acmeLimits = {
  /** A chain of certificates is the largest answer. */
  answerOctetsMax: 262_144,
  /** For one object to become what it shall be. */
  waitMsMax: 300_000,
  pollMsMin: 250,
  pollMsMax: 15_000,
  /** Servers forget nonces (§6.5) and are busy for a moment. */
  triesMax: 10,
} as const;

export interface AcmeOptions {
  readonly world: World;
  readonly directory: string;
  /** EC, P-256. */
  readonly key: KeyObject;
  readonly contact: readonly string[];
  readonly external: ExternalAccount | null;
  readonly signal: AbortSignal;
}

type Answer = HttpsAnswer & { readonly kind: 'answer' };

export class AcmeClient {
  readonly #options: AcmeOptions;
  #directory: objects.Directory | null = null;
  #account: string | null = null;
  #nonce: string | null = null;

  constructor(options: AcmeOptions) {
    this.#options = options;
  }

  get key(): KeyObject {
    return this.#options.key;
  }

  /** Finds the account of the key, or opens one: the terms have been agreed to. §7.3. */
  async openAccount(): Promise<void> {
    const { contact, external, key } = this.#options;
    const { newAccount, meta } = await this.#listing();
    if (meta.externalAccountRequired === true && external === null) {
      throw new AcmeFault(
        'acme.external-account-required',
        'the authority wants an account of its own: acme.eab_key_id and acme.eab_key',
      );
    }
    const answer = await this.#post(newAccount, {
      termsOfServiceAgreed: true,
      contact: contact.map((address) => `mailto:${address}`),
      ...(external === null
        ? {}
        : { externalAccountBinding: bindExternally(key, newAccount, external) }),
    });
    const { status } = read(objects.account, answer);
    if (status !== 'valid') throw new AcmeFault('acme.account', `the account is ${status}`);
    this.#account = locationOf(answer);
  }

  async newOrder(names: readonly string[]): Promise<{ url: string; order: objects.Order }> {
    const { newOrder } = await this.#listing();
    const identifiers = names.map((value) => ({ type: 'dns', value }));
    const answer = await this.#post(newOrder, { identifiers });
    return { url: locationOf(answer), order: read(objects.order, answer) };
  }

  async authorization(url: string): Promise<objects.Authorization> {
    return read(objects.authorization, await this.#post(url, null));
  }

  /** Says that the answer is in its place. §7.5.1. */
  async accept(challenge: string): Promise<void> {
    await this.#post(challenge, {});
  }

  async finalize(url: string, request: Uint8Array): Promise<void> {
    await this.#post(url, { csr: Buffer.from(request).toString('base64url') });
  }

  /** PEM, the host's own first. §7.4.2. */
  async certificate(url: string): Promise<string> {
    const answer = await this.#post(url, null);
    return answer.body.toString('utf8');
  }

  /** Asks until it is no longer `while`. §7.5.1: at the pace that the server asks for. */
  async settled<S extends z.ZodType<{ readonly status: string }>>(
    schema: S,
    url: string,
    waiting: readonly string[],
  ): Promise<z.output<S>> {
    const endMs = performance.now() + acmeLimits.waitMsMax;
    for (let pauseMs: number = acmeLimits.pollMsMin; ; pauseMs *= 2) {
      const answer = await this.#post(url, null);
      const object = read(schema, answer);
      if (!waiting.includes(object.status)) return object;
      if (performance.now() > endMs) {
        throw new AcmeFault('acme.slow', `still ${object.status} after minutes`);
      }
      const asked = retryAfterMs(answer, this.#options.world.nowMs()) ?? pauseMs;
      const { pollMsMin, pollMsMax } = acmeLimits;
      await this.#pause(Math.min(Math.max(asked, pollMsMin), pollMsMax));
    }
  }

  async #listing(): Promise<objects.Directory> {
    this.#directory ??= read(objects.directory, await this.#ask(this.#options.directory));
    return this.#directory;
  }

  async #post(url: string, payload: unknown): Promise<Answer> {
    const { key, world } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const nonce = this.#nonce ?? (await this.#freshNonce());
      this.#nonce = null;
      const jws = signRequest(key, { url, nonce, account: this.#account }, payload);
      const answer = await this.#ask(url, Buffer.from(JSON.stringify(jws)));
      const given = answer.headers['replay-nonce'];
      if (typeof given === 'string') this.#nonce = given;
      if (answer.status < 300) return answer;
      const fault = faultOf(answer, world.nowMs());
      const isWorthwhile = fault.code === 'acme.bad-nonce' || answer.status >= 500;
      if (!isWorthwhile || tries >= acmeLimits.triesMax) throw fault;
      if (answer.status >= 500) await this.#pause(acmeLimits.pollMsMin * 2 ** tries);
    }
  }

  /** §7.2. */
  async #freshNonce(): Promise<string> {
    const { newNonce } = await this.#listing();
    const nonce = (await this.#ask(newNonce)).headers['replay-nonce'];
    if (typeof nonce !== 'string') throw new AcmeFault('acme.nonsense', 'no nonce was given');
    return nonce;
  }

  async #ask(url: string, body?: Uint8Array): Promise<Answer> {
    const { hostname, port, pathname, search, protocol } = new URL(url);
    if (protocol !== 'https:') throw new AcmeFault('acme.nonsense', `${url} is not HTTPS`);
    const { world, signal } = this.#options;
    const answer = await requestHttps(world, {
      host: hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname + search,
      // §6.1: clients say who they are.
      headers: { 'user-agent': 'Merpati', 'content-type': 'application/jose+json' },
      answerOctetsMax: acmeLimits.answerOctetsMax,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    if (answer.kind === 'answer') return answer;
    throw new AcmeFault('acme.unreachable', `${hostname}: ${answer.at}: ${answer.error}`);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#options.signal });
  }
}

function read<S extends z.ZodType>(schema: S, { body, status }: Answer): z.output<S> {
  let given: unknown;
  try {
    given = JSON.parse(body.toString('utf8'));
  } catch {
    throw new AcmeFault('acme.nonsense', `an answer (${status}) that is not JSON`);
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AcmeFault('acme.nonsense', `${issue?.path.join('.')}: ${issue?.message}`);
}

function faultOf(answer: Answer, nowMs: number): AcmeFault {
  const told = objects.problemDocument.safeParse(jsonOrNull(answer.body));
  if (!told.success) return new AcmeFault('acme.error', `the authority said ${answer.status}`);
  const { type, detail, subproblems } = told.data;
  return new AcmeFault(codeOf(type), detail || `the authority said ${answer.status}`, {
    retryAfterMs: retryAfterMs(answer, nowMs),
    names: subproblems.flatMap(({ identifier }) => identifier?.value ?? []),
  });
}

function jsonOrNull(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null; // a proxy's page; the status says enough
  }
}

/** Seconds or a date. RFC 9110 §10.2.3. */
export function retryAfterMs({ headers }: Pick<Answer, 'headers'>, nowMs: number): number | null {
  const given = headers['retry-after'];
  if (given === undefined) return null;
  if (/^\d{1,9}$/.test(given)) return Number(given) * 1000;
  const atMs = Date.parse(given);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

function locationOf({ headers: { location } }: Answer): string {
  if (location === undefined || !URL.canParse(location)) {
    throw new AcmeFault('acme.nonsense', 'a new object without a place');
  }
  return location;
}
