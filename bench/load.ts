/** The two sources of load, each a process of its own on its own core. */

import { join } from 'node:path';
import { mustRun } from '../tests/peers/machine.ts';
import type { Load, LoadResult } from './generator.ts';

/** The last core is the generator's; the servers use whatever is left, and that one too. */
export const generatorCore = '1';

export async function runGenerator(load: Load): Promise<LoadResult> {
  const script = join(import.meta.dirname, 'generator.ts');
  const command = ['-c', generatorCore, process.execPath, script, JSON.stringify(load)];
  const { stdout } = await mustRun('taskset', command, { timeoutMs: 600_000 });
  return JSON.parse(stdout) as LoadResult;
}

export interface SourceLoad {
  readonly port: number;
  readonly sessions: number;
  readonly messages: number;
  readonly size: number;
  readonly from: string;
  readonly to: string;
}

/** Postfix's smtp-source over kept connections: all messages of a session on one. Seconds. */
export async function runSmtpSource(load: SourceLoad): Promise<number> {
  const start = performance.now();
  await mustRun(
    'taskset',
    [
      ...['-c', generatorCore, 'smtp-source', '-d', '-s', String(load.sessions)],
      ...['-m', String(load.messages), '-l', String(load.size), '-f', load.from, '-t', load.to],
      `127.0.0.1:${load.port}`,
    ],
    { timeoutMs: 600_000 },
  );
  return (performance.now() - start) / 1000;
}
