/**
 * Sees to it that every domain has keys, that keys begin to sign when their records are in the DNS,
 * and that they make room for others in time.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Home } from '../home.ts';
import { readKeys, writeKeys, type DomainKeys } from './key-record.ts';
import { makeGeneration, nextId, type Generation } from './keys.ts';
import { lookFor } from './publication.ts';
import { publishKeys } from './publish-keys.ts';
import { advance, needsNew, type RotationPolicy } from './rotation.ts';

const dayMs = 86_400_000;

export function rotationPolicy({ config }: Pick<Home, 'config'>): RotationPolicy {
  const { dkim, queue, publish } = config;
  return {
    rotateAfterMs: dkim.rotate_after_days * dayMs,
    keepMs: (queue.expire_after_s + publish.ttl_s) * 1000,
  };
}

/** Keys of its own for a domain that has none. */
export async function ensureKeys(home: Home, domain: string): Promise<DomainKeys> {
  const keys = await readKeys(home.store, domain);
  return keys.generations.length > 0 ? keys : addGeneration(home, keys);
}

/** New keys, which sign as soon as their records are seen. Those that wait already are enough. */
export async function rotateKeys(home: Home, domain: string): Promise<DomainKeys> {
  const keys = await readKeys(home.store, domain);
  const isWaiting = keys.generations.some(({ state }) => state === 'waiting');
  return isWaiting ? keys : addGeneration(home, keys);
}

/** Those that wait sign from now on, seen or not: somebody knows better than we do. */
export async function activateKeys(home: Home, domain: string): Promise<DomainKeys> {
  const keys = await readKeys(home.store, domain);
  const waiting = keys.generations.filter(({ state }) => state === 'waiting');
  return step(home, keys, new Set(waiting.map(({ id }) => id)));
}

/** Looks into the DNS, and does what is due. */
export async function careForKeys(home: Home, domain: string): Promise<DomainKeys> {
  const keys = await ensureKeys(home, domain);
  let seen = await lookFor(home.world, domain, keys.generations);
  const due = keys.generations.filter(
    ({ id, state }) =>
      (state === 'waiting' && !seen.published.has(id)) ||
      (state === 'revoked' && !seen.gone.has(id)),
  );
  if (await publishKeys(home, domain, due)) {
    seen = await lookFor(home.world, domain, keys.generations);
  }
  const moved = await step(home, keys, seen.published, seen.gone);
  return needsNew(moved.generations, home.world.nowMs(), rotationPolicy(home))
    ? addGeneration(home, moved)
    : moved;
}

async function step(
  home: Home,
  keys: DomainKeys,
  published: ReadonlySet<string>,
  gone: ReadonlySet<string> = new Set(),
): Promise<DomainKeys> {
  const nowMs = home.world.nowMs();
  const generations = advance(keys.generations, { nowMs, published, gone }, rotationPolicy(home));
  if (generations === keys.generations) return keys;
  for (const one of generations) {
    const before = keys.generations.find(({ id }) => id === one.id);
    if (before?.state === one.state) continue;
    home.log.info({ event: 'dkim.keys', domain: keys.domain, generation: one.id, to: one.state });
  }
  return save(home, keys, generations);
}

async function addGeneration(home: Home, keys: DomainKeys): Promise<DomainKeys> {
  const nowMs = home.world.nowMs();
  const id = nextId(
    nowMs,
    keys.generations.map((one) => one.id),
  );
  const made = await makeGeneration(id, nowMs);
  home.log.info({ event: 'dkim.keys', domain: keys.domain, generation: id, to: 'waiting' });
  return save(home, keys, [...keys.generations, made]);
}

/** When somebody else was quicker, what they have written is as good. */
async function save(
  home: Home,
  keys: DomainKeys,
  generations: readonly Generation[],
): Promise<DomainKeys> {
  await writeKeys(home.store, { ...keys, generations }, home.world.nowMs());
  home.keyRing.forget();
  return readKeys(home.store, keys.domain);
}

const waits = {
  /** Somebody may be publishing records just now, and wants to see them taken. */
  waitingMs: 60_000,
  restMs: 3_600_000,
  /** Who has not published by then is looked at once an hour. */
  patienceMs: dayMs,
  stopMs: 1000,
} as const;

/** Domains that are cared for at a time: most of it is waiting for name servers. */
const atOnceMax = 8;

interface Care {
  /** When the keys of a domain were looked for. */
  readonly looked: Map<string, number>;
  readonly signal: AbortSignal;
}

/** One domain that fails does not keep the others from their turn. Answers whether one waits. */
async function careForAll(home: Home, care: Care): Promise<boolean> {
  const names = (await home.store.domains()).map(({ name }) => name);
  const known = new Set(names);
  for (const name of care.looked.keys()) if (!known.has(name)) care.looked.delete(name);
  let isWaiting = false;
  const queue = names.values();
  const work = async () => {
    for (const name of queue) isWaiting = (await careForOne(home, name, care)) || isWaiting;
  };
  await Promise.all(Array.from({ length: atOnceMax }, work));
  return isWaiting;
}

async function careForOne(home: Home, domain: string, care: Care): Promise<boolean> {
  const { looked, signal } = care;
  if (signal.aborted) return true;
  try {
    // It may have been removed meanwhile, and its keys with it.
    if ((await home.store.findDomain(domain)) === null) return false;
    const { generations } = await ensureKeys(home, domain);
    const nowMs = home.world.nowMs();
    const waiting = generations.filter(({ state }) => state === 'waiting');
    const isPatient = waiting.every(({ createdMs }) => nowMs - createdMs > waits.patienceMs);
    const nextMs = (looked.get(domain) ?? -waits.restMs) + waits.restMs - waits.waitingMs;
    if (isPatient && nowMs < nextMs) return false;
    looked.set(domain, nowMs);
    const cared = await careForKeys(home, domain);
    return cared.generations.some(({ state }) => state === 'waiting');
  } catch (error) {
    if (signal.aborted) return true; // the store has been closed
    home.log.error({ event: 'dkim.care', domain, err: error }, 'will be tried again');
    return true;
  }
}

/** In the background, until it is stopped; at once when keys or domains change. */
export function startKeyCare(home: Home): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const care: Care = { looked: new Map(), signal };
  let isAskedAgain = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  const turn = async () => {
    do {
      isAskedAgain = false;
      const isWaiting = await careForAll(home, care).catch((error: unknown) => {
        if (!signal.aborted)
          home.log.error({ event: 'dkim.care', err: error }, 'will be tried again');
        return true;
      });
      clearTimeout(timer);
      if (signal.aborted) return;
      timer = setTimeout(next, isWaiting ? waits.waitingMs : waits.restMs);
      timer.unref();
    } while (isAskedAgain);
  };
  const next = () => {
    if (signal.aborted) return;
    if (running === null) running = turn().finally(() => (running = null));
    else isAskedAgain = true;
  };
  if (home.config.dkim.sign) {
    home.keyRing.onForget = next;
    next();
  }
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      // Name servers that say nothing must not keep the server from its end.
      await Promise.race([running, delay(waits.stopMs, undefined, { ref: false })]);
    },
  };
}
