/**
 * Logins, for every protocol: who is it, in which home, and is the secret right. Unknown users cost
 * the same work, get the same answer after the same time, and are throttled like known ones.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { normalAddress } from '@merpati/formats/smtp/path.ts';
import type { ScramVerifier } from '@merpati/formats/sasl/scram.ts';
import type { AccountRow, AppPasswordRow, Credential } from '@merpati/store/contract.ts';
import type { Home } from '../home.ts';
import {
  PasswordsBusy,
  hashPassword,
  passwordLimits,
  readAppPassword,
  verifyPassword,
} from './password.ts';
import { noteUse } from './last-used.ts';
import { findAccount } from './own-addresses.ts';
import { isTotpOn } from './totp.ts';
import type { LoginCounts } from '../shared.ts';

export interface LoginContext {
  /** For logs and metrics: `submission`, `pop3`. */
  readonly protocol: string;
  readonly session: string;
  /** Of the client. */
  readonly address: string;
  /** Whoever asks checks the second factor himself (`verifyTotp`), as the web does. */
  readonly asksSecondFactor?: boolean;
}

export type UsedAppPassword = Pick<AppPasswordRow, 'id' | 'label'>;

export type Login =
  | {
      readonly ok: true;
      readonly home: Home;
      readonly account: AccountRow;
      /** The one that was used. */
      readonly appPassword: UsedAppPassword | null;
    }
  | {
      readonly ok: false;
      /**
       * `disabled` and `app-password-needed` only to whoever knows the password: the account has a
       * second factor, and this protocol cannot ask for it.
       */
      readonly code: 'invalid' | 'throttled' | 'disabled' | 'app-password-needed';
      readonly retryAfterS: number;
    };

/** The server's half of a SCRAM login. */
export interface ScramLogin {
  /** The user's, or an invented one that is always the same for the same unknown name. */
  readonly verifier: ScramVerifier;
  settle(isProven: boolean): Promise<Login>;
}

export interface Authenticator {
  plain(user: string, password: string, context: LoginContext): Promise<Login>;
  /** A `Login` is a refusal before anything was looked at. */
  scram(user: string, context: LoginContext): Promise<ScramLogin | Login>;
  /** Bearer tokens (RFC 7628), when there is somebody who knows them; user '' leaves it to them. */
  token?(user: string, token: string, context: LoginContext): Promise<Login>;
}

/** Who knows what a bearer token stands for. None is configured by default. */
export interface TokenVerifier {
  /** The address of the account that it was given out for; null: not valid (any more). */
  verify(token: string): Promise<string | null>;
}

/** No failure is answered sooner: it hides what the way to it costs, and slows guessing down. */
const failureAfterMs = 300;
/** A right password is not stretched again for so long: devices log in every minute. */
const knownForMs = 5 * 60_000;
const knownMax = 10_000;

interface Found {
  readonly home: Home;
  readonly account: AccountRow;
}

/** The login decides the home: the lab has accounts of several behind one port. */
export function createAuthenticator(
  homes: readonly Home[],
  options: { readonly tokens?: TokenVerifier } = {},
): Authenticator {
  return new HomesAuthenticator(homes, options.tokens ?? null);
}

class HomesAuthenticator implements Authenticator {
  readonly #homes: readonly Home[];
  /** Whose clock, log and metrics are used. */
  readonly #first: Home;
  readonly #throttle: LoginCounts;
  readonly #secret: Uint8Array;
  /** Until when a password is known to be right, by a mark that dies with the process. */
  readonly #known = new Map<string, number>();
  #invented: Promise<Credential> | null = null;
  readonly token?: NonNullable<Authenticator['token']>;

  constructor(homes: readonly Home[], tokens: TokenVerifier | null) {
    const first = homes[0];
    if (first === undefined) throw new Error('an authenticator without a home');
    this.#homes = homes;
    this.#first = first;
    this.#throttle = first.shared.logins;
    this.#secret = first.shared.loginSecret;
    if (tokens === null) return;
    this.token = (user, token, context) => this.#verifyToken(tokens, { user, token }, context);
  }

  async plain(user: string, password: string, context: LoginContext): Promise<Login> {
    const name = loginName(user);
    const refused = await this.#refuseThrottled(name, context);
    if (refused !== null) return refused;
    const startedMs = performance.now();
    const found = await this.#find(name);
    try {
      const used = found === null ? null : await usedAppPassword(found, password, context);
      if (found !== null && used !== null) return this.#succeed(found, used, name, context);
      this.#invented ??= hashPassword(randomBytes(16).toString('hex'));
      const credential = found?.account.credential ?? (await this.#invented);
      if ((await this.#isRight(password, credential)) && found !== null) {
        return await this.#succeedByPassword(found, name, context);
      }
    } catch (error) {
      if (!(error instanceof PasswordsBusy)) throw error;
      this.#note('busy', name, context);
      return { ok: false, code: 'throttled', retryAfterS: 10 };
    }
    return this.#fail(name, context, startedMs);
  }

  async scram(user: string, context: LoginContext): Promise<ScramLogin | Login> {
    const name = loginName(user);
    const refused = await this.#refuseThrottled(name, context);
    if (refused !== null) return refused;
    const startedMs = performance.now();
    const found = await this.#find(name);
    const real = found?.account.credential.scram ?? null;
    return {
      verifier: real ?? inventVerifier(this.#secret, name),
      settle: async (isProven) =>
        isProven && found !== null && real !== null
          ? this.#succeedByPassword(found, name, context)
          : this.#fail(name, context, startedMs),
    };
  }

  async #verifyToken(
    tokens: TokenVerifier,
    { user, token }: { readonly user: string; readonly token: string },
    context: LoginContext,
  ): Promise<Login> {
    const startedMs = performance.now();
    // Whoever tries tokens is counted by the network: the name may be left to the token.
    const name = loginName(user);
    const refused = await this.#refuseThrottled(name, context);
    if (refused !== null) return refused;
    const address = await tokens.verify(token);
    const given = address === null ? null : loginName(address);
    if (given === null || (name !== '' && name !== given)) {
      return this.#fail(name, context, startedMs);
    }
    const found = await this.#find(given);
    if (found === null) return this.#fail(name, context, startedMs);
    return this.#succeed(found, null, given, context);
  }

  async #find(name: string): Promise<Found | null> {
    for (const home of this.#homes) {
      const account = await findAccount(home.store, name);
      if (account !== null) return { home, account };
    }
    return null;
  }

  async #refuseThrottled(name: string, context: LoginContext): Promise<Login | null> {
    const retryAfterS = await this.#throttle.waitS(
      name,
      context.address,
      this.#first.world.nowMs(),
    );
    if (retryAfterS === 0) return null;
    this.#note('throttled', name, context);
    return { ok: false, code: 'throttled', retryAfterS };
  }

  async #fail(name: string, context: LoginContext, startedMs: number): Promise<Login> {
    this.#throttle.failed(name, context.address, this.#first.world.nowMs());
    this.#note('invalid', name, context);
    const restMs = failureAfterMs - (performance.now() - startedMs);
    if (restMs > 0) await delay(restMs);
    return { ok: false, code: 'invalid', retryAfterS: 0 };
  }

  /** The password of the account itself, which with a second factor is only half of a proof. */
  async #succeedByPassword(found: Found, name: string, context: LoginContext): Promise<Login> {
    const isAsked = context.asksSecondFactor === true;
    if (isAsked || !(await isTotpOn(found.home.store, found.account.id))) {
      return this.#succeed(found, null, name, context);
    }
    this.#note('app-password-needed', name, context);
    return { ok: false, code: 'app-password-needed', retryAfterS: 0 };
  }

  #succeed(
    found: Found,
    appPassword: UsedAppPassword | null,
    name: string,
    context: LoginContext,
  ): Login {
    if (found.account.state === 'disabled') {
      this.#note('disabled', name, context);
      return { ok: false, code: 'disabled', retryAfterS: 0 };
    }
    this.#throttle.succeeded(name, context.address);
    this.#note('ok', name, context);
    return { ok: true, home: found.home, account: found.account, appPassword };
  }

  async #isRight(password: string, credential: Credential): Promise<boolean> {
    const nowMs = this.#first.world.nowMs();
    const mark = createHmac('sha256', this.#secret)
      .update(`${credential.passwordHash}\0${password}`)
      .digest('base64');
    if ((this.#known.get(mark) ?? 0) > nowMs) return true;
    this.#known.delete(mark);
    if (!(await verifyPassword(password, credential))) return false;
    this.#known.set(mark, nowMs + knownForMs);
    const oldest = this.#known.size > knownMax ? this.#known.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#known.delete(oldest.value);
    return true;
  }

  #note(result: string, user: string, context: LoginContext): void {
    const { protocol, session, address: ip } = context;
    this.#first.metrics.logins.inc({ protocol, result });
    this.#first.log.info({ event: `login.${result}`, protocol, session, ip, user });
  }
}

/** The name under which a login is looked up and counted. */
function loginName(user: string): string {
  return normalAddress(user.trim()) ?? user.trim().toLowerCase().slice(0, 320);
}

/** The app password that this is; null when it is none. */
async function usedAppPassword(
  { home, account }: Found,
  password: string,
  { protocol, address }: LoginContext,
): Promise<UsedAppPassword | null> {
  const letters = readAppPassword(password);
  if (letters === null) return null;
  for (const row of await home.store.appPasswords(account.id)) {
    if (!(await verifyPassword(letters, row.credential))) continue;
    const use = { atMs: home.world.nowMs(), protocol, address };
    // The login does not wait for a hint.
    noteUse(home.store, { account: account.id, row }, use).catch((error: unknown) => {
      home.log.warn({ event: 'login.last-used', err: error });
    });
    return { id: row.id, label: row.label };
  }
  return null;
}

/** Looks like a real verifier and stays the same from login to login, so that it betrays nobody. */
function inventVerifier(secret: Uint8Array, name: string): ScramVerifier {
  const derive = (what: string): Buffer =>
    createHmac('sha256', secret).update(`${what}\0${name}`).digest();
  return {
    salt: derive('salt').subarray(0, 16).toString('base64'),
    iterations: passwordLimits.scramIterations,
    storedKey: derive('stored').toString('base64'),
    serverKey: derive('server').toString('base64'),
  };
}
