/** Starts what makes mail, each on the core given to it, and the sink that swallows it. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Daemon, Folder, greets, mustRun, processTree, waitFor } from '../tests/peers/machine.ts';
import type { GeneratorOptions, GeneratorReport } from './generator.ts';

/** The last core is the generator's. */
const generatorCore = availableParallelism() - 1;
const allCores = `0-${generatorCore}`;
const otherCores = generatorCore > 1 ? `0-${generatorCore - 1}` : '0';

/** What a load reports, whichever program made it. */
export interface Sent {
  readonly messages: number;
  readonly refused: number;
  readonly firstRefusal: string | null;
  readonly report: GeneratorReport | null;
}

const programTimeoutMs = 600_000;

export async function runGenerator(options: GeneratorOptions): Promise<Sent> {
  const program = join(import.meta.dirname, 'generator.ts');
  const { stdout } = await mustRun(
    'taskset',
    ['-c', String(generatorCore), process.execPath, program, JSON.stringify(options)],
    { timeoutMs: programTimeoutMs },
  );
  const report = JSON.parse(stdout) as GeneratorReport;
  const { accepted, refused, firstRefusal } = report;
  return { messages: accepted, refused, firstRefusal, report };
}

export interface SmtpSourceOptions {
  readonly port: number;
  readonly sessions: number;
  readonly messages: number;
  readonly sizeBytes: number;
  readonly sender: string;
  readonly recipient: string;
  /** false: a connection for each message, the program's own default. */
  readonly reuseConnection: boolean;
}

/** Its header fields; `-l` does not count them. */
const smtpSourceHeadBytes = 190;

/** It ends at the first refusal with an exit code, which is thrown here. */
export async function runSmtpSource(options: SmtpSourceOptions): Promise<Sent> {
  const { port, sessions, messages, sizeBytes, sender, recipient, reuseConnection } = options;
  const shape = `-s ${sessions} -m ${messages} -l ${sizeBytes - smtpSourceHeadBytes}`;
  const words = `-M generator.test -f ${sender} -t ${recipient} 127.0.0.1:${port}`;
  const program = `smtp-source ${shape} ${reuseConnection ? '-d' : ''}`;
  const command = `-c ${generatorCore} ${program} ${words}`;
  await mustRun('taskset', command.split(/ +/), { timeoutMs: programTimeoutMs });
  return { messages, refused: 0, firstRefusal: null, report: null };
}

export interface Sink extends AsyncDisposable {
  /** Messages that it has taken. */
  count(): number;
}

/**
 * Postfix's sink: takes everything and keeps nothing. Its own way to end after a number of messages
 * (-M) cuts off the last reply; its counter goes to a file because reading it would cost.
 */
export async function startSink(port: number): Promise<Sink> {
  const folder = new Folder('sink');
  const file = folder.file('counter');
  const command =
    `exec taskset -c ${generatorCore} smtp-sink -u nobody -c -m 2000 127.0.0.1:${port} 1000 ` +
    `>${file}`;
  const sink = new Daemon('sh', ['-c', command]);
  await waitFor('smtp-sink', () => greets(port), 5000);
  return {
    count: () => Number(/.*mesg=(\d+)/s.exec(readFileSync(file, 'utf8'))?.[1] ?? 0),
    async [Symbol.asyncDispose]() {
      await sink[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Where these processes and all they have started may run. */
export async function allowCores(roots: readonly number[], which: 'all' | 'others') {
  const cores = which === 'all' ? allCores : otherCores;
  for (const pid of roots.flatMap(processTree)) {
    await mustRun('taskset', ['-acp', cores, String(pid)]);
  }
}
