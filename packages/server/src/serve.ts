/**
 * One mail server, put together: its store, its certificate, and everything that listens or works
 * in the background. The lab puts together several; production one.
 */

import type { Logger } from 'pino';
import { openStore, type SalvageReport } from '@merpati/store/sqlite/open.ts';
import { SendingWatch } from './alarms/watch.ts';
import { createAuthenticator, type Authenticator } from './accounts/authenticate.ts';
import { Challenges } from './certificates/challenges.ts';
import { serve } from './certificates/from-files.ts';
import { CertificateKeeper } from './certificates/keeper.ts';
import { pairsToShow } from './certificates/shown.ts';
import { checkedListenAddress } from './config/listen-address.ts';
import type { Config } from './config/schema.ts';
import type { Certificates, Fault, Home } from './home.ts';
import { startHttp, type HttpServer } from './http/health.ts';
import { startWeb } from './http/web.ts';
import { createMetrics } from './observe/metrics.ts';
import { startQueue } from './queue/runner.ts';
import { startReports } from './reports/reports.ts';
import { startKeyCare } from './signing/key-care.ts';
import { createKeyRing } from './signing/key-ring.ts';
import { beginThread } from './threads/begin-thread.ts';
import { CountedConnections, createTables } from './threads/counted-connections.ts';
import { Crew } from './threads/crew.ts';
import { ownShared } from './threads/own-shared.ts';
import { startProtocols } from './threads/protocols.ts';
import type { World } from './world.ts';

export interface HomeOptions {
  readonly log: Logger;
  readonly faults?: ReadonlySet<Fault>;
  /** Instead of the files that the configuration names. */
  readonly tls?: Certificates;
  /** How many threads will speak the protocols; default 1. */
  readonly threads?: number;
  /** Build a damaged database anew from what can be read of it, and tell here what came of it. */
  readonly onSalvaged?: (report: SalvageReport) => void;
}

/** Opens the store and reads the certificate; nothing listens yet. */
export async function openHome(config: Config, world: World, options: HomeOptions): Promise<Home> {
  const { log, onSalvaged, threads = 1 } = options;
  if (threads > 1) beginThread({ number: 0, of: threads });
  const store = await openStore({
    directory: config.data,
    nowMs: world.nowMs(),
    salvage: onSalvaged !== undefined,
    // A repair may have asked for it, and then nobody waits to hear.
    onSalvaged(report) {
      const { kept, rows, torn, lost } = report;
      log.error({ event: 'store.rebuilt', kept, rows, torn, lost: lost.length });
      onSalvaged?.(report);
    },
  });
  return {
    config,
    world,
    store,
    log,
    metrics: createMetrics(),
    tls: options.tls ?? serve(await pairsToShow({ config, store, world }), world),
    certificates: null,
    wakeQueue: () => {},
    shared: ownShared(config, threads > 1 ? createTables(threads) : null),
    keyRing: createKeyRing(store, () => world.nowMs()),
    alarms: null,
    reports: null,
    faults: options.faults ?? new Set(),
  };
}

export interface RunOptions {
  /** By default the accounts of this home alone may log in. */
  readonly authenticator?: Authenticator;
  /** POP3 and IMAP without TLS from this machine, for the lab. */
  readonly plainAllowed?: boolean;
}

export interface Running {
  readonly home: Home;
  /** Where it really listens (port 0 in the configuration takes any). */
  readonly addresses: readonly ListeningAt[];
  /** The other threads that speak the protocols, when there are any. */
  readonly crew: Crew | null;
  /** Takes nothing new, finishes what is under way, closes the store. */
  stop(): Promise<void>;
}

export interface ListeningAt {
  readonly protocol:
    | 'smtp'
    | 'submission'
    | 'submissions'
    | 'pop3'
    | 'pop3s'
    | 'imap'
    | 'imaps'
    | 'https'
    | 'acme'
    | 'http';
  readonly address: string;
  readonly port: number;
}

/**
 * Everything that listens or works in the background. On failure nothing is left behind but the
 * home.
 */
export async function runHome(home: Home, options: RunOptions = {}): Promise<Running> {
  const authenticator = options.authenticator ?? createAuthenticator([home]);
  const stops: (() => Promise<void> | void)[] = [];
  const addresses: ListeningAt[] = [];
  let isServing = true;
  let crew: Crew | null = null;
  const stop = async () => {
    isServing = false;
    for (const step of stops.toReversed()) await step();
  };
  try {
    const reports = await startReports(home, { sends: true });
    stops.push(() => reports.stop());
    const alarms = new SendingWatch(home);
    home.alarms = alarms;
    stops.push(() => alarms.stop());
    const queue = startQueue(home);
    stops.push(() => queue.stop());
    for (const http of await listenHttp(home, { isServing: () => isServing })) {
      stops.push(() => http.stop());
      addresses.push({ protocol: 'http', address: http.address, port: http.port });
    }
    stops.push(startPeriodicWork(home));
    const keyCare = startKeyCare(home);
    stops.push(() => keyCare.stop());
    const plainAllowed = options.plainAllowed ?? false;
    // Together: a long message under way must not keep the news from everybody else.
    const speaking: { stop(): Promise<void> }[] = [];
    stops.push(async () => void (await Promise.all(speaking.map((one) => one.stop()))));
    const protocols = await startProtocols(home, authenticator, { plainAllowed });
    speaking.push(protocols);
    const challenges = new Challenges();
    const web = await startWeb(home, challenges);
    speaking.push(web);
    addresses.push(...protocols.addresses, ...web.addresses);
    const { connections } = home.shared;
    if (connections instanceof CountedConnections) {
      const { tables } = connections;
      crew = await Crew.start(home, { tables, addresses: protocols.addresses, plainAllowed });
      speaking.push(crew);
    }
    const keeper = new CertificateKeeper(home, challenges);
    home.certificates = keeper;
    stops.push(() => keeper.stop());
    keeper.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const { of: threads } = home.shared.thread;
  const { hostname: host } = home.config;
  home.log.info({ event: 'server.started', host, threads, listen: addresses });
  return {
    home,
    addresses,
    crew,
    async stop() {
      home.log.info({ event: 'server.stopping' });
      await stop();
      await home.store.close();
      home.log.info({ event: 'server.stopped' });
    },
  };
}

/** A home opened and run, for who needs no more than one. */
export async function startHome(
  config: Config,
  world: World,
  options: HomeOptions & RunOptions,
): Promise<Running> {
  const home = await openHome(config, world, options);
  try {
    return await runHome(home, options);
  } catch (error) {
    await home.store.close();
    throw error;
  }
}

async function listenHttp(
  home: Home,
  health: { readonly isServing: () => boolean },
): Promise<HttpServer[]> {
  const servers: HttpServer[] = [];
  try {
    for (const text of home.config.listen.http) {
      const listen = checkedListenAddress(text);
      servers.push(await startHttp(home, health, { ...listen, address: listen.address ?? '::' }));
    }
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * Once an hour: what POP3 devices took and whose time is over goes for good, and so do old
 * journeys.
 */
function startPeriodicWork(home: Home): () => void {
  const work = async () => {
    const nowMs = home.world.nowMs();
    try {
      const purged = await home.store.purgeDownloaded(nowMs);
      await home.store.purgeRecords(nowMs);
      const keepMs = home.config.journey.keep_days * dayMs;
      const pruned = await home.store.pruneJourneys(nowMs - keepMs);
      if (purged + pruned > 0) home.log.info({ event: 'store.pruned', purged, journeys: pruned });
    } catch (error) {
      home.log.error({ event: 'store.prune', err: error }, 'will be tried again in an hour');
    }
  };
  void work();
  const timer = setInterval(() => void work(), hourMs);
  timer.unref();
  return () => clearInterval(timer);
}
