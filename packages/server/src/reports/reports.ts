/**
 * Everything about reports that goes on in a running server: counting, the daily reports to others,
 * and the reading of theirs.
 */

import { StoreUnavailable } from '@merpati/store/contract.ts';
import type { Home } from '../home.ts';
import { Arrivals } from './arrivals.ts';
import { Collector } from './collector.ts';
import { sendLimits } from './limits.ts';
import { Sender } from './sender.ts';

export interface Reports {
  /** What the timer does every minute: make durable, make and send what is due. */
  turn(): Promise<void>;
  /** Resolves when all reports that have come are read. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface ReportsOptions {
  /**
   * Of several threads with one store one makes and sends; all count, and read what they took.
   */
  readonly sends: boolean;
}

export async function startReports(home: Home, { sends }: ReportsOptions): Promise<Reports> {
  const collector = new Collector(home);
  const sender = new Sender(home);
  const arrivals = new Arrivals(home);
  home.reports = {
    tls: (outcome) => collector.tls(outcome),
    dmarc: (outcome) => collector.dmarc(outcome),
    arrived: (mail) => arrivals.arrived(mail),
  };
  if (sends) await arrivals.resume();

  let running: Promise<void> = Promise.resolve();
  const turn = async () => {
    await collector.flush();
    if (sends) await sender.turn();
  };
  const timed = () => {
    running = running.then(turn).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) home.metrics.bugs.inc();
      home.log.error({ event: 'report.trouble', err: error }, 'will be tried again in a minute');
    });
  };
  const timer = setInterval(timed, sendLimits.flushEveryMs);
  timer.unref();
  return {
    turn,
    idle: () => arrivals.idle(),
    async stop() {
      clearInterval(timer);
      home.reports = null;
      await running;
      await arrivals.close();
      await collector.flush().catch((error: unknown) => {
        home.log.error({ event: 'report.trouble', err: error }, 'some counts are lost');
      });
    },
  };
}
