/**
 * The protocol threads beside the first one: started, started again when one dies, told of new
 * certificates, asked for their counts, and stopped.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { inviteToStore } from '@merpati/store/sqlite/join/join.ts';
import { ServedCertificates } from '../certificates/served.ts';
import { writeListenAddress } from '../config/listen-address.ts';
import type { Home } from '../home.ts';
import type { LogLevel } from '../observe/log.ts';
import { addCounts, type MetricsSnapshot } from '../observe/metrics.ts';
import { clearTable, type ConnectionTables } from './counted-connections.ts';
import { Member } from './member.ts';
import type { Shown, ThreadStart } from './messages.ts';
import type { MailProtocol, RunningProtocols } from './protocols.ts';

/** Waits before a thread is started again: at once, and longer and longer when it dies at once. */
const restartWaitsMs = [0, 1000, 5000, 30_000] as const;
/** One that has lived so long has nothing to do with how the last one died. */
const soundAfterMs = 60_000;

export interface CrewOptions {
  readonly tables: ConnectionTables;
  /** Where the first thread listens. */
  readonly addresses: RunningProtocols['addresses'];
  readonly plainAllowed: boolean;
}

export class Crew {
  readonly #home: Home;
  readonly #options: CrewOptions;
  readonly #members = new Map<number, Member>();
  /** What threads had counted that are no more. */
  #departed: Promise<MetricsSnapshot> = Promise.resolve([]);
  readonly #keeping: Promise<void>[] = [];
  readonly #stopping = new AbortController();

  private constructor(home: Home, options: CrewOptions) {
    this.#home = home;
    this.#options = options;
  }

  /** Resolves when all of them listen. On failure nothing is left behind. */
  static async start(home: Home, options: CrewOptions): Promise<Crew> {
    const crew = new Crew(home, options);
    home.shared.certificatesShown = () => crew.#show();
    home.metrics.others = () => crew.#count();
    try {
      for (let number = 1; number < options.tables.threads; number += 1) crew.#begin(number);
      await Promise.all([...crew.#members.values()].map((member) => member.listening));
    } catch (error) {
      await crew.stop();
      throw error;
    }
    for (const [number, member] of crew.#members) crew.#keeping.push(crew.#keep(number, member));
    return crew;
  }

  /** The threads that are there now. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Sessions are told, what is under way may finish; then the threads are gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.members.map((member) => member.stop()));
    await Promise.all(this.#keeping);
  }

  #begin(number: number): Member {
    const member = new Member(this.#home, this.#startOf(number));
    this.#members.set(number, member);
    return member;
  }

  /** As long as the server runs there is a thread of this number. */
  async #keep(number: number, first: Member): Promise<void> {
    const { log, metrics } = this.#home;
    let member = first;
    for (let failures = 0; ;) {
      const begunMs = performance.now();
      const cause = await member.ended;
      this.#members.delete(number);
      const { counted } = member;
      this.#departed = this.#departed.then((sum) => addCounts(sum, counted));
      clearTable(this.#options.tables, number);
      if (this.#stopping.signal.aborted) return;
      if (cause !== null) metrics.bugs.inc();
      metrics.threadRestarts.inc();
      log.error({ event: 'thread.died', thread: number, err: cause }, 'it is started again');
      failures = performance.now() - begunMs > soundAfterMs ? 0 : failures;
      const waitMs = restartWaitsMs[Math.min(failures, restartWaitsMs.length - 1)];
      failures += 1;
      await delay(waitMs, null, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      member = this.#begin(number);
      void member.listening.then(
        () => log.info({ event: 'thread.started', thread: number }),
        () => {}, // its end says why
      );
    }
  }

  #startOf(number: number): ThreadStart {
    const { config, store, shared, log } = this.#home;
    const { tables, plainAllowed } = this.#options;
    return {
      config: { ...config, listen: this.#listen() },
      number,
      store: inviteToStore(store),
      tables,
      loginSecret: shared.loginSecret,
      shown: this.#shown(),
      logLevel: log.level as LogLevel,
      plainAllowed,
    };
  }

  /** The ports of mail as the first thread has them; all else is the first thread's alone. */
  #listen(): Home['config']['listen'] {
    const at = (wanted: MailProtocol) =>
      this.#options.addresses
        .filter(({ protocol }) => protocol === wanted)
        .map((listening) => writeListenAddress(listening));
    return {
      smtp: at('smtp'),
      submission: at('submission'),
      submissions: at('submissions'),
      pop3: at('pop3'),
      pop3s: at('pop3s'),
      imap: at('imap'),
      imaps: at('imaps'),
      https: [],
      acme: [],
      http: [],
    };
  }

  #shown(): Shown | null {
    const { tls } = this.#home;
    return tls instanceof ServedCertificates ? tls.shown : null;
  }

  #show(): void {
    for (const member of this.members) member.show(this.#shown());
  }

  async #count(): Promise<readonly MetricsSnapshot[]> {
    const counted = await Promise.all(this.members.map((member) => member.count()));
    return [await this.#departed, ...counted];
  }
}
