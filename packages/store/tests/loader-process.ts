/** Starting `load.ts` and hearing what it says, until its sudden end. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { note, type Known } from './workload.ts';

const loader = join(import.meta.dirname, 'load.ts');

/**
 * Runs a loader on the store. `onStart` and `onReady` are given a way to kill it; what it says goes
 * into `known`. Resolves after its end, which must be by SIGKILL unless `mayFail`.
 */
export async function runLoader(
  directory: string,
  known: Map<number, Known>,
  how: {
    readonly onStart?: (kill: () => void) => void;
    readonly onReady: (kill: () => void) => void;
    readonly mayFail?: boolean;
  },
): Promise<void> {
  const unanswered = [...known].filter(([, each]) => each.state === 'begun');
  const first = Math.max(0, ...known.keys()) + 1;
  const args = [loader, directory, `${first}`, ...unanswered.map(([serial]) => `${serial}`)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => {
    complaint += data.toString();
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_code, signal) => resolve(signal));
  });
  const kill = () => void child.kill('SIGKILL');
  how.onStart?.(kill);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') how.onReady(kill);
    else note(known, line);
  }
  const signal = await ended;
  if (how.mayFail !== true) assert.equal(signal, 'SIGKILL', `it ended by itself: ${complaint}`);
}
