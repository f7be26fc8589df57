/**
 * What processes cost, from /proc: processor time of a server with everything it has started, and
 * memory. Linux only.
 */

import { readFileSync } from 'node:fs';
import { processTree } from '../tests/peers/machine.ts';

/** USER_HZ: a constant of the kernel's interface, 100 on every Linux of these days. */
export const ticksPerSecond = 100;

/**
 * User and system time of these processes and all their descendants, in seconds: of the living, and
 * of the dead by way of the parent that waited for them.
 */
export function cpuSeconds(roots: readonly number[]): number {
  const pids = new Set(roots.flatMap(processTree));
  let ticks = 0;
  for (const pid of pids) ticks += readTicks(readProc(pid, 'stat'));
  return ticks / ticksPerSecond;
}

/** utime + stime + cutime + cstime of a line of /proc/PID/stat. proc(5). */
export function readTicks(stat: string): number {
  // The name in parentheses may hold anything, spaces and parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  let ticks = 0;
  for (const field of fields.slice(11, 15)) ticks += Number(field);
  return ticks;
}

/** Of this process and of all children that have ended. */
export function ownCpuSeconds(): number {
  return readTicks(readProc(process.pid, 'stat')) / ticksPerSecond;
}

export interface Memory {
  /** Resident pages, shared ones counted in every process. */
  readonly rssBytes: number;
  /** The same with shared pages divided among those who share them. */
  readonly pssBytes: number;
}

export function memory(roots: readonly number[]): Memory {
  let rssBytes = 0;
  let pssBytes = 0;
  for (const pid of new Set(roots.flatMap(processTree))) {
    const rollup = readProc(pid, 'smaps_rollup');
    rssBytes += kilobytes(rollup, 'Rss') * 1024;
    pssBytes += kilobytes(rollup, 'Pss') * 1024;
  }
  return { rssBytes, pssBytes };
}

function kilobytes(rollup: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // It has ended meanwhile: its parent has its time now.
    return '';
  }
}
