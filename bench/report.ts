/** Results as tables: medians of the rounds, and what they are in terms of the peers. */

import type { Measurement } from './measure.ts';
import { median, short } from './statistics.ts';

/** One row of a table: the same load for every contender. */
export interface Cell {
  readonly scenario: 'deliver' | 'smtp-source' | 'relay';
  readonly load: string;
  readonly sizeBytes: number;
  readonly sessions: number;
}

export interface Result extends Cell {
  readonly contender: string;
  readonly rounds: Measurement[];
}

const titles: Readonly<Record<Cell['scenario'], string>> = {
  deliver: 'Into the mailbox, durably (own generator, 10 messages a session)',
  'smtp-source': 'Into one mailbox, durably (smtp-source)',
  relay: 'On to the next server (smtp-sink)',
};

export function printResults(results: readonly Result[]): void {
  for (const scenario of ['deliver', 'smtp-source', 'relay'] as const) {
    const rows = results.filter((result) => result.scenario === scenario);
    if (rows.length === 0) continue;
    console.log(`\n${titles[scenario]}`);
    console.log(makeTable(rows));
  }
}

const sizeNames: Readonly<Record<number, string>> = {
  2048: '2 KB',
  51_200: '50 KB',
  5_242_880: '5 MB',
};

/** Markdown, so that it can be pasted into docs/performance.md. */
export function makeTable(results: readonly Result[]): string {
  const contenders = [...new Set(results.map((result) => result.contender))];
  const [ours = ''] = contenders;
  const peers = contenders.slice(1);
  const lines = [
    row([
      'message',
      'sessions',
      ...contenders.flatMap((name) => [`${name} /s`, 'ms CPU each']),
      ...peers.flatMap((name) => [`× ${name}`, '× its CPU']),
      '250 after ms, p50 / p99',
    ]),
  ];
  lines.push(row(Array.from({ length: lines[0]?.split(' | ').length ?? 0 }, () => '---')));
  for (const cell of distinctCells(results)) {
    const of = (name: string): Result | undefined =>
      results.find((result) => result.contender === name && isSameCell(result, cell));
    const own = of(ours);
    lines.push(
      row([
        `${sizeNames[cell.sizeBytes] ?? `${cell.sizeBytes} B`}${cell.load}`,
        String(cell.sessions),
        ...contenders.flatMap((name) => [short(rate(of(name))), short(cpu(of(name)))]),
        ...peers.flatMap((name) => [
          short(rate(own) / rate(of(name))),
          short(cpu(own) / cpu(of(name))),
        ]),
        latencies(own),
      ]),
    );
  }
  return lines.join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function distinctCells(results: readonly Result[]): Cell[] {
  const cells: Cell[] = [];
  for (const result of results) {
    if (!cells.some((cell) => isSameCell(cell, result))) cells.push(result);
  }
  return cells;
}

export function isSameCell(a: Cell, b: Cell): boolean {
  return (
    a.scenario === b.scenario &&
    a.load === b.load &&
    a.sizeBytes === b.sizeBytes &&
    a.sessions === b.sessions
  );
}

function rate(result: Result | undefined): number {
  return median(result?.rounds.map((round) => round.deliveredPerSecond) ?? []);
}

function cpu(result: Result | undefined): number {
  return median(result?.rounds.map((round) => round.cpuMs) ?? []);
}

function latencies(result: Result | undefined): string {
  const known = result?.rounds.flatMap((round) => round.commitMs ?? []) ?? [];
  if (known.length === 0) return '–';
  const p50 = median(known.map((latency) => latency.p50));
  const p99 = median(known.map((latency) => latency.p99));
  return `${short(p50)} / ${short(p99)}`;
}
