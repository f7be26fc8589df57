/**
 * The MTA-STS policies of the domains we write to: found, kept for as long as they say, fetched
 * anew when they change and before they end. RFC 8461 §3.3, §5.1, §10.2.
 */

import {
  readStsId,
  readStsPolicy,
  stsPolicyLines,
  type StsPolicy,
} from '@merpati/formats/auth/sts.ts';
import { authLimits } from '@merpati/formats/auth/limits.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Store } from '@merpati/store/contract.ts';
import type { TlsFailureType } from '../reports/outcomes.ts';
import type { World } from '../world.ts';
import { requestHttps } from './https-request.ts';
import { deliveryLimits } from './limits.ts';

export interface StsFinding {
  /** null: there is none, or none could be had. */
  readonly policy: StsPolicy | null;
  /** What came of looking for a newer one; null: nothing was wrong. */
  readonly trouble: StsTrouble | null;
}

export interface StsTrouble {
  readonly type: TlsFailureType & `sts-${string}`;
  readonly error: string;
}

/** As it is kept in the store, by domain. */
interface Kept {
  readonly id: string;
  readonly policy: StsPolicy;
  readonly fetchedMs: number;
  readonly usedMs: number;
}

type Fetched =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  | ({ readonly kind: 'failed' } & StsTrouble);

const recordKind = 'mta-sts';
const none: StsFinding = { policy: null, trouble: null };

export class StsPolicies {
  readonly #world: World;
  readonly #store: Pick<Store, 'record' | 'records' | 'putRecords'>;
  /** The ones used last are the last; null: the store has none. */
  readonly #atHand = new Map<string, Kept | null>();
  /** Not to be asked for a while, by domain, whatever it announces meanwhile. */
  readonly #failed = new Map<string, StsTrouble & { readonly atMs: number }>();
  /** Domains whose name servers gave no answer, and until when they are left alone. */
  readonly #silent = new Map<string, number>();
  readonly #fetching = new Map<string, Promise<Fetched>>();

  constructor(world: World, store: Pick<Store, 'record' | 'records' | 'putRecords'>) {
    this.#world = world;
    this.#store = store;
  }

  /** What holds for the domain now; asks the DNS, and the policy's host when there is news. */
  async find(domain: string): Promise<StsFinding> {
    const [id, kept] = await Promise.all([this.#announced(domain), this.#kept(domain)]);
    // Whoever can hide the record cannot end the policy: it ends by its age alone. §5.1.
    if (id === null) return kept === null ? none : this.#use(domain, kept, null);
    const nowMs = this.#world.nowMs();
    if (kept?.id === id) {
      if (nowMs - kept.fetchedMs > deliveryLimits.stsRefreshMs) void this.#renew(domain, id);
      return this.#use(domain, kept, null);
    }
    const fetched = await this.#renew(domain, id);
    if (fetched.kind === 'policy') return { policy: fetched.policy, trouble: null };
    const { type, error } = fetched;
    return kept === null
      ? { policy: null, trouble: { type, error } }
      : this.#use(domain, kept, { type, error });
  }

  /**
   * Fetches again what is older than a day, so that no policy ends because nobody wrote for a
   * while; a policy that nobody has needed for long may end. §10.2.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const slice = after === undefined ? {} : { after };
      const records = await this.#store.records(recordKind, { ...slice, limit: 100 });
      for (const { name, value } of records) {
        if (signal.aborted) return;
        const kept = readKept(value);
        const nowMs = this.#world.nowMs();
        if (kept === null || nowMs - kept.fetchedMs < deliveryLimits.stsRefreshMs) continue;
        if (nowMs - kept.usedMs > deliveryLimits.stsUnusedMs) continue;
        await this.#renew(name, (await this.#announced(name)) ?? kept.id);
      }
      after = records.at(-1)?.name;
      if (after === undefined) return;
    }
  }

  /** null: nothing, or nobody answers; who does not answer is not waited for each time. */
  async #announced(domain: string): Promise<string | null> {
    const nowMs = this.#world.nowMs();
    if ((this.#silent.get(domain) ?? 0) > nowMs) return null;
    const answer = await this.#world.dns.query(`_mta-sts.${domain}`, 'TXT');
    if (answer.kind === 'error') {
      bound(this.#silent);
      this.#silent.set(domain, nowMs + deliveryLimits.stsRetryMs);
    }
    if (answer.kind !== 'records') return null;
    const texts = answer.records.flatMap((record) =>
      record.type === 'TXT' ? [Buffer.concat(record.strings).toString('latin1')] : [],
    );
    return readStsId(texts);
  }

  /** null: none that has not ended. */
  async #kept(domain: string): Promise<Kept | null> {
    let kept = this.#atHand.get(domain);
    if (kept === undefined) {
      const record = await this.#store.record(recordKind, domain);
      kept = record === null ? null : readKept(record.value);
      this.#keepAtHand(domain, kept);
    }
    return kept !== null && endOf(kept) > this.#world.nowMs() ? kept : null;
  }

  /** That it was of use is written down once a day. */
  #use(domain: string, kept: Kept, trouble: StsTrouble | null): StsFinding {
    const nowMs = this.#world.nowMs();
    if (nowMs - kept.usedMs > deliveryLimits.stsRefreshMs) {
      void this.#keep(domain, { ...kept, usedMs: nowMs }).catch(() => {
        // The store is in trouble and says so elsewhere; nothing depends on this.
      });
    }
    return { policy: kept.policy, trouble };
  }

  /** One fetch at a time for a domain, and none so soon after one that failed. Never rejects. */
  #renew(domain: string, id: string): Promise<Fetched> {
    const failed = this.#failed.get(domain);
    if (failed !== undefined && this.#world.nowMs() - failed.atMs < deliveryLimits.stsRetryMs) {
      return Promise.resolve({ kind: 'failed', type: failed.type, error: failed.error });
    }
    const key = `${domain} ${id}`;
    const running = this.#fetching.get(key);
    if (running !== undefined) return running;
    const fetching = this.#fetchAndKeep(domain, id).finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetching);
    return fetching;
  }

  async #fetchAndKeep(domain: string, id: string): Promise<Fetched> {
    const fetched = await fetchPolicy(this.#world, domain);
    const nowMs = this.#world.nowMs();
    if (fetched.kind === 'failed') {
      const { type, error } = fetched;
      bound(this.#failed);
      this.#failed.set(domain, { type, error, atMs: nowMs });
      return fetched;
    }
    const kept = { id, policy: fetched.policy, fetchedMs: nowMs, usedMs: nowMs };
    // Not kept is not lost: it is fetched again.
    await this.#keep(domain, kept).catch(() => this.#keepAtHand(domain, kept));
    return fetched;
  }

  async #keep(domain: string, kept: Kept): Promise<void> {
    this.#keepAtHand(domain, kept);
    const value = writeKept(kept);
    const change = { kind: recordKind, name: domain, value, expiresMs: endOf(kept) };
    await this.#store.putRecords([change], this.#world.nowMs());
  }

  #keepAtHand(domain: string, kept: Kept | null): void {
    this.#atHand.delete(domain);
    bound(this.#atHand);
    this.#atHand.set(domain, kept);
  }
}

/** Makes room for one more. */
function bound(map: Map<string, unknown>): void {
  if (map.size < deliveryLimits.stsKeptMax) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}

/** Whoever wants to be asked for every message is asked now and then. */
const endOf = ({ fetchedMs, policy }: Kept) =>
  fetchedMs + Math.max(policy.maxAgeS * 1000, deliveryLimits.stsRetryMs);

async function fetchPolicy(world: World, domain: string): Promise<Fetched> {
  const answer = await requestHttps(world, {
    host: `mta-sts.${domain}`,
    path: '/.well-known/mta-sts.txt',
    headers: { accept: 'text/plain' },
    answerOctetsMax: authLimits.stsPolicyOctetsMax,
  });
  if (answer.kind === 'failed') {
    const type = answer.at === 'tls' ? 'sts-webpki-invalid' : 'sts-policy-fetch-error';
    return { kind: 'failed', type, error: `${answer.at}: ${answer.error}` };
  }
  if (answer.status !== 200) {
    // Redirections count as failures. §3.3.
    return { kind: 'failed', type: 'sts-policy-fetch-error', error: `HTTP ${answer.status}` };
  }
  if (answer.mediaType !== 'text/plain') {
    const error = `not text/plain: ${answer.mediaType}`;
    return { kind: 'failed', type: 'sts-policy-invalid', error };
  }
  try {
    return { kind: 'policy', policy: readStsPolicy(answer.body.toString('latin1')) };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return { kind: 'failed', type: 'sts-policy-invalid', error: error.message };
  }
}

function writeKept({ id, policy, fetchedMs, usedMs }: Kept): string {
  return JSON.stringify({ id, fetchedMs, usedMs, policy: stsPolicyLines(policy).join('\n') });
}

/** null: of another version of ours, or damaged; it is as if there were none. */
function readKept(value: string): Kept | null {
  try {
    const read = JSON.parse(value) as Readonly<Record<string, unknown>> | null;
    const { id, fetchedMs, usedMs, policy } = read ?? {};
    if (typeof id !== 'string' || typeof fetchedMs !== 'number') return null;
    if (typeof usedMs !== 'number' || typeof policy !== 'string') return null;
    return { id, fetchedMs, usedMs, policy: readStsPolicy(policy) };
  } catch (error) {
    if (error instanceof SyntaxFault || error instanceof SyntaxError) return null;
    throw error;
  }
}
