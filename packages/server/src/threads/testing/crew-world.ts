/**
 * A whole home with several protocol threads, for tests: its log read line by line, and clients
 * that know which thread they came to.
 */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@merpati/store/contract.ts';
import { hashPassword } from '../../accounts/password.ts';
import { ServedCertificates } from '../../certificates/served.ts';
import { defaultConfig } from '../../config/read.ts';
import type { Home } from '../../home.ts';
import { RawImap } from '../../imap/testing/imap-world.ts';
import { openAuthority, type Authority } from '../../lab/authority.ts';
import { createLog } from '../../observe/log.ts';
import { writeMetrics } from '../../observe/metrics.ts';
import { RawPop3 } from '../../pop3/testing/pop3-world.ts';
import { realWorld } from '../../real-world.ts';
import { startHome, type ListeningAt, type Running } from '../../serve.ts';
import { testPassword, testSettings } from '../../testing/home.ts';
import type { MailProtocol } from '../protocols.ts';

export const you = 'you@merpati.test';
export const friend = 'friend@merpati.test';

export interface LogLine {
  readonly event: string;
  readonly session?: string;
  readonly [name: string]: unknown;
}

export interface CrewWorld {
  readonly running: Running;
  readonly home: Home;
  readonly store: Store;
  readonly authority: Authority;
  /** All that was logged, in its order. */
  readonly log: readonly LogLine[];
  /** The next line of that event; to be asked for before it can come. */
  logged(event: string): Promise<LogLine>;
  port(protocol: MailProtocol): number;
  /** One logged-in session of that user in each thread. */
  imapEverywhere(user?: string): Promise<RawImap[]>;
  /** Logged in, and in another thread than those. */
  pop3(user: string, elsewhere?: readonly string[]): Promise<PlacedPop3>;
  metric(pattern: RegExp): Promise<number>;
}

export interface PlacedPop3 {
  readonly raw: RawPop3;
  /** The answer to PASS. */
  readonly answer: string;
  readonly thread: string;
}

export interface CrewWorldOptions {
  readonly threads?: number;
  readonly config?: Parameters<typeof defaultConfig>[0];
  /** What is expected of `merpati_bugs_total` in the end. */
  readonly bugs?: number;
}

/** Connections are numbered by each thread for itself, and the first one has no prefix. */
export function threadOf(session: unknown): string {
  assert.ok(typeof session === 'string');
  return session.includes('-') ? session.slice(0, session.indexOf('-')) : '0';
}

/** Fulfilled when `look` finds something. */
export async function until<T>(look: () => T | Promise<T>, msMax = 20_000): Promise<T> {
  for (const startedMs = performance.now(); ; await delay(20)) {
    const found = await look();
    if (found) return found;
    assert.ok(performance.now() - startedMs < msMax, `in vain: ${String(look)}`);
  }
}

export async function startCrewWorld(
  t: TestContext,
  options: CrewWorldOptions = {},
): Promise<CrewWorld> {
  const { threads = 3, bugs = 0 } = options;
  const directory = mkdtempSync(join(tmpdir(), 'merpati-crew-'));
  const any = ['127.0.0.1:0'];
  const config = defaultConfig({
    hostname: 'mx.merpati.test',
    data: join(directory, 'data'),
    dns: { servers: ['127.0.0.1:1'], timeout_ms: 100 },
    dkim: { sign: false },
    ...options.config,
    listen: { smtp: any, submission: any, pop3: any, imap: any, imaps: any, http: [] },
  });
  const authority = await openAuthority(directory, Date.now());
  const names = [config.hostname, 'mail.merpati.test'];
  const issued = await authority.issue(names, Date.now());
  const lines = readLines();
  const world = realWorld(config.dns);
  const running = await startHome(config, world, {
    log: createLog({ level: 'info', to: { write: lines.write } }),
    tls: new ServedCertificates([issued], { nowMs: () => Date.now() }),
    threads,
    plainAllowed: true,
  });
  const { home } = running;
  t.after(async () => {
    await running.stop();
    rmSync(directory, { recursive: true });
    assert.equal((await home.metrics.bugs.get()).values[0]?.value ?? 0, bugs);
  });
  await populate(home.store);
  const port = (wanted: ListeningAt['protocol']) =>
    running.addresses.find(({ protocol }) => protocol === wanted)?.port ?? 0;
  return {
    running,
    home,
    store: home.store,
    authority,
    log: lines.all,
    logged: lines.next,
    port,
    imapEverywhere: (user = you) => imapEverywhere(port('imap'), { user, threads, lines }),
    pop3: (user, elsewhere = []) => pop3Elsewhere(port('pop3'), { user, elsewhere, lines }),
    async metric(pattern) {
      const text = await writeMetrics(home.metrics);
      return Number(pattern.exec(text)?.[1] ?? Number.NaN);
    },
  };
}

interface Lines {
  readonly all: readonly LogLine[];
  write(this: void, text: string): void;
  next(this: void, event: string): Promise<LogLine>;
}

/** Each must be one whole object. */
function readLines(): Lines {
  const all: LogLine[] = [];
  const events = new EventEmitter();
  events.setMaxListeners(0);
  return {
    all,
    write(text) {
      for (const line of text.trim().split('\n')) {
        const read = JSON.parse(line) as LogLine;
        all.push(read);
        events.emit(read.event, read);
      }
    },
    next: (event) => new Promise((resolve) => events.once(event, resolve)),
  };
}

async function populate(store: Store): Promise<void> {
  const nowMs = Date.now();
  const domain = { name: 'merpati.test', aliasOf: null, catchAll: null, createdMs: nowMs };
  await store.editDirectory({ kind: 'domain-put', domain });
  const credential = await hashPassword(testPassword);
  for (const address of [you, friend]) {
    const account = { address, settings: testSettings, credential, nowMs };
    assert.ok((await store.editDirectory({ kind: 'account-add', ...account })).ok);
  }
}

/** Which thread gets a connection is chance: more are opened until each has one. */
async function imapEverywhere(
  port: number,
  { user, threads, lines }: { user: string; threads: number; lines: Lines },
): Promise<RawImap[]> {
  const found = new Map<string, RawImap>();
  while (found.size < threads) {
    const raw = await RawImap.dial(port, null);
    await raw.line();
    const login = lines.next('login.ok');
    await raw.ask(`LOGIN ${user} ${testPassword}`);
    const thread = threadOf((await login).session);
    if (found.has(thread)) raw.socket.destroy();
    else found.set(thread, raw);
  }
  return [...found.values()];
}

async function pop3Elsewhere(
  port: number,
  { user, elsewhere, lines }: { user: string; elsewhere: readonly string[]; lines: Lines },
): Promise<PlacedPop3> {
  for (;;) {
    const raw = await RawPop3.dial(port, null);
    await raw.line();
    const login = lines.next('login.ok');
    const answer = await raw.login(user, testPassword);
    const thread = threadOf((await login).session);
    if (!elsewhere.includes(thread)) return { raw, answer, thread };
    await raw.ask('QUIT');
    raw.socket.destroy();
  }
}
