/** One measurement: a load against a contender, until the last message is where it shall be. */

import { setTimeout as sleep } from 'node:timers/promises';
import { mustRun } from '../tests/peers/machine.ts';
import type { Contender } from './contender.ts';
import type { Latency } from './generator.ts';
import type { Sent } from './load.ts';
import { readBusy } from './machine.ts';
import { cpuSeconds, ownCpuSeconds, ticksPerSecond } from './proc.ts';

export interface Measurement {
  readonly messages: number;
  /** Messages that have arrived per second, from the first connection to the last arrival. */
  readonly deliveredPerSecond: number;
  /** The same until the last 250: what is in a queue then counts too. */
  readonly acceptedPerSecond: number;
  /** Of the server, with all it has started, in milliseconds for each message. */
  readonly cpuMs: number;
  /** From the last octet sent to its 250. Only the generator knows. */
  readonly commitMs: Latency | null;
  readonly messageMs: Latency | null;
  /** Share of the machine's time that went to programs which have nothing to do with it, 0 … 1. */
  readonly foreignShare: number;
}

const pollMs = 5;
const drainTimeoutMs = 300_000;
/**
 * What a server does after the last message (checkpoints, renames) is paid by the messages, too.
 */
const settleMs = 700;

/** Longer than a server waits before it begins with what can wait: our index begins after 1.5 s. */
const idleWindowMs = 2500;
const idleShareMax = 0.03;
const idleTimeoutMs = 120_000;

/**
 * What a server does later of its own accord (our index) is neither paid by its messages nor at the
 * expense of who is measured next.
 */
async function untilIdle(contender: Contender): Promise<void> {
  const end = performance.now() + idleTimeoutMs;
  for (;;) {
    const before = cpuSeconds(contender.roots());
    await sleep(idleWindowMs);
    const share = (cpuSeconds(contender.roots()) - before) / (idleWindowMs / 1000);
    if (share <= idleShareMax) return;
    if (performance.now() > end) throw new Error(`${contender.name} does not come to rest`);
  }
}

/** Runs `load` and waits for `arrived`, by default an empty backlog. */
export async function measure(
  contender: Contender,
  load: () => Promise<Sent>,
  arrived: () => boolean | Promise<boolean> = () => contender.backlog() === 0,
): Promise<Measurement> {
  // Pages that others have written must not be flushed at this contender's expense.
  await mustRun('sync', []);
  const cpuBefore = cpuSeconds(contender.roots());
  const ownBefore = ownCpuSeconds();
  const before = readBusy();
  const start = performance.now();
  const sent = await load();
  const accepted = performance.now();
  if (sent.refused > 0) {
    throw new Error(`${contender.name} refused ${sent.refused}: ${sent.firstRefusal ?? ''}`);
  }
  while (!(await arrived())) {
    if (performance.now() - accepted > drainTimeoutMs)
      throw new Error(`${contender.name} is stuck`);
    await sleep(pollMs);
  }
  const delivered = performance.now();
  const machine = readBusy();
  const involved = cpuSeconds(contender.roots()) - cpuBefore + ownCpuSeconds() - ownBefore;
  const foreign = machine.busy - before.busy - involved * ticksPerSecond;
  await sleep(settleMs);
  const cpu = cpuSeconds(contender.roots()) - cpuBefore;
  await untilIdle(contender);
  // A generator's own start is none of the server's time; it tells its span.
  const startupMs = sent.report ? accepted - start - sent.report.seconds * 1000 : 0;
  return {
    messages: sent.messages,
    deliveredPerSecond: sent.messages / ((delivered - start - startupMs) / 1000),
    acceptedPerSecond: sent.messages / ((accepted - start - startupMs) / 1000),
    cpuMs: (cpu * 1000) / sent.messages,
    commitMs: sent.report?.commitMs ?? null,
    messageMs: sent.report?.messageMs ?? null,
    foreignShare: Math.max(foreign / Math.max(machine.all - before.all, 1), 0),
  };
}
