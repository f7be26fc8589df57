/** What the figures were taken on: a figure without it says nothing. */

import { closeSync, fdatasyncSync, openSync, readFileSync, statfsSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { Folder } from '../tests/peers/machine.ts';
import { median } from './statistics.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly folder: string;
  /** Median of appending 4 KiB and fdatasync(2), in milliseconds. */
  readonly syncMs: number;
}

const tmpfsMagic = 0x01021994;

/** Throws when the folder lies in memory, where nothing is durable and all figures lie. */
export function describeMachine(folder: string): Machine {
  if (statfsSync(folder).type === tmpfsMagic) {
    throw new Error(`${folder} is in memory: set TMPDIR to a folder on a disk`);
  }
  return {
    cpu: cpus()[0]?.model.trim() ?? '',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.version,
    folder,
    syncMs: syncMs(),
  };
}

export function syncMs(): number {
  using folder = new Folder('sync');
  const file = openSync(folder.file('probe'), 'w');
  const block = Buffer.alloc(4096, 1);
  const times: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    const start = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  return median(times);
}

/** How busy the machine is: the share of all cores' time, 0 … 1, over `ms`. */
export async function busyShare(ms: number): Promise<number> {
  const before = readBusy();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = readBusy();
  return (after.busy - before.busy) / Math.max(after.all - before.all, 1);
}

/** Waits for a moment in which nothing else runs; at most `waitMsMax`. */
export async function untilQuiet(busyShareMax: number, waitMsMax: number): Promise<void> {
  const end = performance.now() + waitMsMax;
  while ((await busyShare(500)) > busyShareMax && performance.now() < end);
}

/** What all processes have spent since the machine was started, in the kernel's ticks. */
export function readBusy(): { readonly busy: number; readonly all: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, count) => sum + count, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: all - idle, all };
}
