/**
 * A protocol thread beside the first one: joins the store and speaks the protocols of mail on the
 * same ports. What one thread alone does (queue, care, web, control socket) stays with the first.
 */

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { joinStore } from '@merpati/store/sqlite/join/join.ts';
import { createAuthenticator } from '../accounts/authenticate.ts';
import { ServedCertificates } from '../certificates/served.ts';
import { TicketKeys } from '../certificates/ticket-keys.ts';
import type { Home } from '../home.ts';
import { createLog } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { realWorld } from '../real-world.ts';
import { startReports } from '../reports/reports.ts';
import { createKeyRing } from '../signing/key-ring.ts';
import type { World } from '../world.ts';
import { Asking, askedShared } from './asked-shared.ts';
import { beginThread } from './begin-thread.ts';
import type { FromFirst, Shown, ThreadStart } from './messages.ts';
import { startProtocols } from './protocols.ts';

if (parentPort !== null) await run(parentPort, workerData as ThreadStart);

async function run(port: MessagePort, start: ThreadStart): Promise<void> {
  const asking = new Asking(port);
  const home = joinHome(start, asking);
  const stopped = Promise.withResolvers<void>();
  port.on('message', (message: FromFirst) => hear(message, { home, asking, stopped }));
  const reports = await startReports(home, { sends: false });
  const { plainAllowed } = start;
  const protocols = await startProtocols(home, createAuthenticator([home]), { plainAllowed });
  asking.tell({ kind: 'listening' });
  await stopped.promise;
  await protocols.stop();
  await reports.stop();
  await home.store.close();
  port.close();
}

function joinHome(start: ThreadStart, asking: Asking): Home {
  const { config, number, tables } = start;
  beginThread({ number, of: tables.threads });
  const world = realWorld(config.dns);
  const store = joinStore(start.store);
  const to = { write: (lines: string) => asking.tell({ kind: 'log', lines }) };
  return {
    config,
    world,
    store,
    log: createLog({ level: start.logLevel, to }),
    metrics: createMetrics(),
    tls: certificates(start.shown, world),
    certificates: null,
    wakeQueue: () => asking.tell({ kind: 'wake-queue' }),
    shared: askedShared(start, asking),
    keyRing: createKeyRing(store, () => world.nowMs()),
    alarms: {
      sent: (account, journey) => asking.tell({ kind: 'sent', account, journey }),
      overLimit: (account, journey) => asking.tell({ kind: 'over-limit', account, journey }),
      settled: () => {}, // by the queue, which is the first thread's
    },
    reports: null,
    faults: new Set(),
  };
}

function certificates(shown: Shown | null, world: World): ServedCertificates | null {
  if (shown === null) return null;
  const nowMs = () => world.nowMs();
  const tickets = new TicketKeys(nowMs(), shown.seed);
  return new ServedCertificates(shown.pairs, { nowMs, tickets });
}

function hear(
  message: FromFirst,
  {
    home,
    asking,
    stopped,
  }: {
    readonly home: Home;
    readonly asking: Asking;
    readonly stopped: { resolve(): void };
  },
): void {
  switch (message.kind) {
    case 'answer':
      asking.answered(message.id, message.answer);
      return;
    case 'show':
      home.tls = certificates(message.shown, home.world);
      return;
    case 'count':
      void home.metrics.registry
        .getMetricsAsJSON()
        .then((snapshot) => asking.tell({ kind: 'metrics', id: message.id, snapshot }));
      return;
    case 'stop':
      stopped.resolve();
      return;
    default:
      message satisfies never;
  }
}
