/**
 * Keeps certificates: orders what is missing, renews what is due, takes what files have anew, and
 * tells how long each is good. One for each home; it works again and again, one thing at a time.
 */

import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { CertificateCare, CertificateResult, Home } from '../home.ts';
import { AcmeClient } from './acme/client.ts';
import { dnsSolver } from './acme/dns-solver.ts';
import { AcmeFault } from './acme/fault.ts';
import { obtain, type Solver } from './acme/obtain.ts';
import { alpnSolver, httpSolver } from './acme/solvers.ts';
import type { Challenges } from './challenges.ts';
import { chooseKey, renewAtMs, retryAfterMs, tellsOf } from './due.ts';
import { keyHash, makeKey } from './keys.ts';
import { ServedCertificates, namesOf } from './served.ts';
import { showAll } from './shown.ts';
import { accountKey, putCertificate, readCertificates, type StoredCertificate } from './stored.ts';
import { updateTarget } from './update-target.ts';
import { wantedCertificates, type WantedCertificate } from './wanted.ts';

const everyMs = 10 * 60_000;
const dayMs = 86_400_000;

export class CertificateKeeper implements CertificateCare {
  readonly #home: Home;
  readonly #challenges: Challenges;
  readonly #gone = new AbortController();
  #files: Config['tls'];
  #filesMark: string;
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<unknown> = Promise.resolve();

  constructor(home: Home, challenges: Challenges) {
    this.#home = home;
    this.#challenges = challenges;
    this.#files = home.config.tls;
    this.#filesMark = markOf(this.#files);
  }

  start(): void {
    const again = (): void => {
      this.work().catch((error: unknown) => {
        if (this.#gone.signal.aborted) return;
        this.#home.log.error({ event: 'certificate.care', err: error }, 'will be tried again');
      });
    };
    this.#timer = setInterval(again, everyMs);
    this.#timer.unref();
    again();
  }

  /** What is under way is left; an order can be begun again. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#gone.abort();
    await this.#work.catch(() => {});
  }

  /** Takes what the files have now. Throws, and all stays as it is, when they cannot be used. */
  async reload(files: Config['tls']): Promise<void> {
    await showAll(this.#home, files);
    this.#files = files;
    this.#filesMark = markOf(files);
  }

  /** `renew`: those of that name, or all (''), whether due or not. */
  work(renew: string | null = null): Promise<readonly CertificateResult[]> {
    const done = this.#work.then(() => this.#pass(renew));
    this.#work = done.catch(() => {});
    return done;
  }

  async #pass(renew: string | null): Promise<readonly CertificateResult[]> {
    const mark = markOf(this.#files);
    if (mark !== this.#filesMark) {
      await this.reload(this.#files);
      this.#home.log.info({ event: 'tls.reloaded' });
    }
    const results = this.#home.config.acme.terms_agreed ? await this.#passAcme(renew) : [];
    this.#tellExpiry();
    return results;
  }

  async #passAcme(renew: string | null): Promise<readonly CertificateResult[]> {
    const { store, world } = this.#home;
    const known = await readCertificates(store);
    const wanted = await wantedCertificates(this.#home, (id) => known.get(id)?.names ?? []);
    const results: CertificateResult[] = [];
    for (const one of wanted) {
      if (this.#gone.signal.aborted) break;
      results.push(await this.#care(one, known.get(one.id) ?? null, renew));
    }
    for (const [id, { chain }] of known) {
      const isOver = chain === null || endMs(chain) < world.nowMs();
      if (isOver && !wanted.some((one) => one.id === id)) {
        await putCertificate(store, { name: id, value: null }, world.nowMs());
      }
    }
    return results;
  }

  async #care(
    wanted: WantedCertificate,
    before: StoredCertificate | null,
    renew: string | null,
  ): Promise<CertificateResult> {
    const { id } = wanted;
    const nowMs = this.#home.world.nowMs();
    const isAsked =
      renew !== null && (renew === '' || renew === id || wanted.names.includes(renew));
    let known = before ?? (await newRecord());
    if (id === this.#home.config.hostname.toLowerCase()) known = await this.#look(id, known);
    const isDue = isAsked || isDueNow(known, wanted, nowMs);
    if (!isDue) return { id, result: 'kept' };
    if (!isAsked && nowMs < known.nextTryMs) return { id, result: 'later' };
    const key = await this.#keyFor(id, known);
    if (key === 'wait' && !isAsked) return { id, result: 'later' };
    const next = key === 'next' ? known.nextKey : known.key;
    try {
      const { chain, names, trouble } = await this.#obtain(wanted, next);
      await this.#put(id, {
        names,
        chain,
        key: next,
        nextKey: next === known.nextKey ? await makeKey() : known.nextKey,
        nextSeenMs: next === known.nextKey ? null : known.nextSeenMs,
        failures: 0,
        nextTryMs: trouble === null ? 0 : nowMs + dayMs,
        trouble: trouble === null ? null : troubleOf(trouble, nowMs),
      });
      await showAll(this.#home, this.#files);
      this.#home.metrics.certificateOrders.inc({ result: 'ok' });
      this.#home.log.info({ event: 'certificate.new', id, names, key });
      return { id, result: 'renewed' };
    } catch (error) {
      if (!(error instanceof AcmeFault)) throw error;
      return this.#fail(id, known, error);
    }
  }

  /** Notes since when the DNS has told of the next key. */
  async #look(id: string, known: StoredCertificate): Promise<StoredCertificate> {
    const { world } = this.#home;
    const tlsa = await world.dns.query(`_25._tcp.${id}`, 'TLSA');
    if (tlsa.kind === 'error') return known;
    const isSeen = tellsOf(tlsa, keyHash(known.nextKey));
    if (isSeen === (known.nextSeenMs !== null) && known.names.length > 0) return known;
    const seen = { ...known, nextSeenMs: isSeen ? (known.nextSeenMs ?? world.nowMs()) : null };
    await this.#put(id, seen);
    return seen;
  }

  async #keyFor(id: string, known: StoredCertificate): Promise<'next' | 'current' | 'wait'> {
    const { config, world } = this.#home;
    // The first certificate: neither key has been shown, and the current one was published first.
    if (known.chain === null) return 'current';
    if (id !== config.hostname.toLowerCase()) return 'next';
    return chooseKey({
      tlsa: await world.dns.query(`_25._tcp.${id}`, 'TLSA'),
      nextHash: keyHash(known.nextKey),
      nextSeenMs: known.nextSeenMs,
      nowMs: world.nowMs(),
      expiresMs: endMs(known.chain),
    }).key;
  }

  /** Without the names that cannot be proven, when others can. */
  async #obtain({ names }: WantedCertificate, key: string) {
    const client = await this.#client();
    const solver = this.#solver();
    try {
      return {
        chain: await obtain(client, solver, { names, key }),
        names: [...names],
        trouble: null,
      };
    } catch (error) {
      if (!(error instanceof AcmeFault)) throw error;
      const { names: bad } = error;
      const good = names.filter((name) => !bad.includes(name));
      if (bad.length === 0 || good.length === 0 || good.length === names.length) throw error;
      const chain = await obtain(client, solver, { names: good, key });
      this.#home.log.warn({ event: 'certificate.partly', names: bad, why: error.message });
      return { chain, names: good, trouble: error };
    }
  }

  async #client(): Promise<AcmeClient> {
    const { config, store, world } = this.#home;
    const { directory, contact, eab_key_id: keyId, eab_key: secret } = config.acme;
    const client = new AcmeClient({
      world,
      directory,
      contact,
      key: await accountKey(store, directory, world.nowMs()),
      external: keyId === '' ? null : { keyId, key: secret },
      signal: this.#gone.signal,
    });
    await client.openAccount();
    return client;
  }

  #solver(): Solver {
    const { config, world } = this.#home;
    switch (config.acme.challenge) {
      case 'http-01':
        return httpSolver(this.#challenges);
      case 'tls-alpn-01':
        return alpnSolver(this.#challenges, world);
      case 'dns-01':
        return dnsSolver({ world, target: updateTarget(config), signal: this.#gone.signal });
      default:
        return config.acme.challenge satisfies never;
    }
  }

  async #fail(id: string, known: StoredCertificate, fault: AcmeFault): Promise<CertificateResult> {
    const { world, log, metrics } = this.#home;
    const nowMs = world.nowMs();
    const failures = known.failures + 1;
    const waitMs = Math.max(retryAfterMs(failures, world.random()), fault.retryAfterMs ?? 0);
    const trouble = troubleOf(fault, nowMs);
    await this.#put(id, { ...known, failures, nextTryMs: nowMs + waitMs, trouble });
    metrics.certificateOrders.inc({ result: fault.code });
    const { code, message: detail } = fault;
    const facts = { event: 'certificate.failed', id, code, detail, againS: waitMs / 1000 };
    const isPressing = known.chain === null || endMs(known.chain) - nowMs < 10 * dayMs;
    if (isPressing) log.error(facts);
    else log.warn(facts);
    return { id, result: 'failed', code, detail };
  }

  async #put(name: string, value: StoredCertificate): Promise<void> {
    const { store, world } = this.#home;
    await putCertificate(store, { name, value }, world.nowMs());
  }

  #tellExpiry(): void {
    const { tls, metrics, world } = this.#home;
    metrics.certificateExpires.reset();
    if (!(tls instanceof ServedCertificates)) return;
    for (const one of tls.certificates()) {
      const name = namesOf(one)[0] ?? one.subject;
      const restMs = Date.parse(one.validTo) - world.nowMs();
      metrics.certificateExpires.set({ name }, Math.floor(restMs / 1000));
    }
  }
}

async function newRecord(): Promise<StoredCertificate> {
  return {
    names: [],
    chain: null,
    key: await makeKey(),
    nextKey: await makeKey(),
    nextSeenMs: null,
    failures: 0,
    nextTryMs: 0,
    trouble: null,
  };
}

function isDueNow(known: StoredCertificate, wanted: WantedCertificate, nowMs: number): boolean {
  if (known.chain === null) return true;
  if (wanted.names.some((name) => !known.names.includes(name))) return true;
  return nowMs >= renewAtMs(new X509Certificate(known.chain));
}

const endMs = (chain: string): number => Date.parse(new X509Certificate(chain).validTo);

const troubleOf = ({ code, message }: AcmeFault, atMs: number) => ({
  code,
  detail: message.slice(0, 1000),
  atMs,
});

/** Changes when a file does. */
function markOf({ certificates, ...first }: Config['tls']): string {
  return [first, ...certificates]
    .flatMap((one) => [one.certificate_file, one.key_file])
    .map((file) => {
      const about = file === '' ? undefined : statSync(file, { throwIfNoEntry: false });
      return about === undefined ? '' : `${about.mtimeMs} ${about.size} ${about.ino}`;
    })
    .join('\n');
}
