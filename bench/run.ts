/**
 * `npm run bench`: Merpati beside Debian's Postfix and Dovecot, in one run, round by round in turn,
 * so that what else the machine does falls on all alike. Wants root, postfix and dovecot-lmtpd.
 * What is measured, and what came out: docs/performance.md. Options: see `usage`.
 */

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../tests/peers/machine.ts';
import type { Contender } from './contender.ts';
import { recipients, sender, sinkAddress } from './contender.ts';
import { startBare } from './contenders/bare.ts';
import { startMerpati } from './contenders/merpati.ts';
import { startPostfix, startPostfixRelay, startPostfixWithDovecot } from './contenders/postfix.ts';
import type { IdleResult } from './idle.ts';
import { idleConnections, idleConnectionsOfPeers, measureIdle, printIdle } from './idle.ts';
import { allowCores, runGenerator, runSmtpSource, startSink } from './load.ts';
import { busyShare, describeMachine, untilQuiet } from './machine.ts';
import type { Measurement } from './measure.ts';
import { measure } from './measure.ts';
import type { Cell, Result } from './report.ts';
import { isSameCell, printResults } from './report.ts';

const jsonFile = join(tmpdir(), 'merpati-bench.json');

const usage = `node bench/run.ts
  --rounds N       how often each cell is measured; medians are shown (3)
  --seconds S      how long one load lasts (2)
  --only LIST      of deliver,smtp-source,relay,idle (all)
  --sizes LIST     octets of a message (2048,51200,5242880)
  --sessions LIST  at the same time (1,10,50)
  --cores WHICH    apart: the generator has its core for itself (default); shared: servers may
                   use it, too
  --quiet SHARE    wait for quiet moments, and measure again when others have taken more than
                   this share of the machine, 0 … 1 (1: do not care)
  --alone          Merpati without the peers, while working on it
  --node LIST      options for Merpati's Node, such as --cpu-prof,--cpu-prof-dir=/tmp/profiles
  --json FILE      where every figure of every round goes (${jsonFile})`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: 'deliver,smtp-source,relay,idle' },
    sizes: { type: 'string', default: '2048,51200,5242880' },
    sessions: { type: 'string', default: '1,10,50' },
    cores: { type: 'string', default: 'apart' },
    quiet: { type: 'string', default: '1' },
    alone: { type: 'boolean', default: false },
    node: { type: 'string', default: '' },
    json: { type: 'string', default: jsonFile },
    help: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const foreignShareMax = Number(options.quiet);
const wanted = new Set(options.only.split(','));
const nodeOptions = options.node.split(',').filter((text) => text !== '');
const sizes = options.sizes.split(',').map(Number);
const sessionCounts = options.sessions.split(',').map(Number);

async function main(): Promise<void> {
  const machine = describeMachine(tmpdir());
  console.log(JSON.stringify({ ...machine, busy: await busyShare(1000) }));
  const results: Result[] = [];
  const idle: IdleResult[] = [];
  const versions: string[] = [];
  try {
    if (wanted.has('deliver') || wanted.has('smtp-source')) {
      await using field = await startField();
      versions.push(...field.contenders.map(({ version }) => version));
      await runDeliveries(field.contenders, results);
      await checkStored(field.contenders);
    }
    if (wanted.has('relay')) await runRelays(results);
    if (wanted.has('idle')) await runIdle(idle);
  } finally {
    // Also when a later part has failed: what was measured took minutes of a quiet machine.
    printResults(results);
    if (idle.length > 0) printIdle(idle);
    const record = { command: process.argv.slice(1), machine, versions, results, idle };
    writeFileSync(options.json, `${JSON.stringify(record, null, 1)}\n`);
    console.log(`\nEvery figure: ${options.json}`);
  }
}

interface Field extends AsyncDisposable {
  /** Ours first. */
  readonly contenders: readonly Contender[];
}

async function startField(): Promise<Field> {
  const stack = new AsyncDisposableStack();
  const contenders = [stack.use(await startMerpati({ nodeOptions }))];
  const peers = options.alone ? [] : [startPostfixWithDovecot, startPostfix, startBare];
  for (const start of peers) contenders.push(stack.use(await start()));
  for (const contender of contenders) await prepare(contender);
  return { contenders, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const warmUpSeconds = 6;
/** What each has accepted, to be found in its mailboxes in the end. */
const acceptedBy = new Map<Contender, number>();

/** Processes are started, code is compiled, mailboxes exist: as after an hour of work. */
async function prepare(contender: Contender): Promise<void> {
  await allowCores(contender.roots(), options.cores === 'shared' ? 'all' : 'others');
  for (const sessions of [10, 50]) {
    const cell: Cell = { scenario: 'deliver', load: '', sizeBytes: 2048, sessions };
    await once(contender, cell, warmUpSeconds);
  }
}

async function runDeliveries(contenders: readonly Contender[], results: Result[]): Promise<void> {
  const cells: Cell[] = [];
  for (const scenario of ['deliver', 'smtp-source'] as const) {
    if (!wanted.has(scenario)) continue;
    for (const sizeBytes of scenario === 'deliver' ? sizes : [2048]) {
      for (const sessions of sessionCounts) {
        const loads = scenario === 'deliver' ? [''] : [', one a session', ', one session'];
        for (const load of loads) cells.push({ scenario, load, sizeBytes, sessions });
      }
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const cell of cells) {
      for (const contender of contenders) {
        const measured = await undisturbed(() => once(contender, cell, seconds));
        record(results, cell, contender, measured);
      }
    }
  }
}

const attemptsMax = 12;
const quietWaitMsMax = 60_000;

/** The measurement in which others took least of the machine, the first one that is good enough. */
async function undisturbed(take: () => Promise<Measurement>): Promise<Measurement> {
  let best: Measurement | null = null;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (foreignShareMax < 1) await untilQuiet(foreignShareMax, quietWaitMsMax);
    const measured = await take();
    if (best === null || measured.foreignShare < best.foreignShare) best = measured;
    if (best.foreignShare <= foreignShareMax) break;
  }
  if (best === null) throw new Error('nothing was measured');
  return best;
}

async function once(contender: Contender, cell: Cell, lasting: number): Promise<Measurement> {
  const { port } = contender;
  const { sizeBytes, sessions } = cell;
  const measured = await measure(contender, async () => {
    if (cell.scenario === 'smtp-source') {
      const [recipient = ''] = recipients;
      const messages = Math.round(expectedRate(contender, cell) * lasting);
      const reuseConnection = cell.load === ', one session';
      const shape = { port, sessions, messages, sizeBytes, sender, recipient, reuseConnection };
      return await runSmtpSource(shape);
    }
    return await runGenerator({
      port,
      sessions,
      sizeBytes,
      sender,
      recipients,
      messagesPerSession: 10,
      seconds: lasting,
      messagesMax: Number.MAX_SAFE_INTEGER,
      pipelining: false,
    });
  });
  acceptedBy.set(contender, (acceptedBy.get(contender) ?? 0) + measured.messages);
  rates.set(rateKey(contender, cell), measured.deliveredPerSecond);
  return measured;
}

/** Loads that are counted, not timed, are sized by what the contender has done before. */
const rates = new Map<string, number>();
const firstRate = 250;

function rateKey(contender: Contender, cell: Cell): string {
  return [contender.name, cell.scenario, cell.load, cell.sizeBytes, cell.sessions].join();
}

function expectedRate(contender: Contender, cell: Cell): number {
  return rates.get(rateKey(contender, cell)) ?? firstRate;
}

function record(results: Result[], cell: Cell, contender: Contender, measured: Measurement): void {
  const known = results.find(
    (result) => result.contender === contender.name && isSameCell(result, cell),
  );
  if (known) known.rounds.push(measured);
  else results.push({ ...cell, contender: contender.name, rounds: [measured] });
  const { scenario, sizeBytes, sessions, load } = cell;
  const rate = Math.round(measured.deliveredPerSecond);
  console.log(
    `${scenario} ${sizeBytes} B × ${sessions}${load}: ${contender.name} ${rate}/s, ` +
      `${measured.cpuMs.toFixed(3)} ms CPU, others ${(measured.foreignShare * 100).toFixed(0)} %`,
  );
}

/** What was answered 250 is in the mailboxes, and nothing else. */
async function checkStored(contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) {
    const stored = await contender.stored();
    const accepted = acceptedBy.get(contender) ?? 0;
    if (stored !== accepted) {
      throw new Error(`${contender.name} has accepted ${accepted} and holds ${stored}`);
    }
  }
}

async function runRelays(results: Result[]): Promise<void> {
  const sinkPort = await freePort();
  await using stack = new AsyncDisposableStack();
  const contenders = [stack.use(await startMerpati({ sinkPort, nodeOptions }))];
  if (!options.alone) contenders.push(stack.use(await startPostfixRelay(sinkPort)));
  const cells = sessionCounts.map((sessions): Cell => ({
    scenario: 'relay',
    load: '',
    sizeBytes: 2048,
    sessions,
  }));
  for (const contender of contenders) {
    await allowCores(contender.roots(), options.cores === 'shared' ? 'all' : 'others');
    for (let i = 0; i < relayWarmUps; i += 1) {
      for (const cell of cells) await relayOnce(contender, cell, sinkPort);
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const cell of cells) {
      for (const contender of contenders) {
        const measured = await undisturbed(() => relayOnce(contender, cell, sinkPort));
        record(results, cell, contender, measured);
      }
    }
  }
}

const relayWarmUps = 2;

async function relayOnce(contender: Contender, cell: Cell, sinkPort: number): Promise<Measurement> {
  const messagesMax = Math.round(expectedRate(contender, cell) * seconds);
  await using sink = await startSink(sinkPort);
  const { port } = contender;
  const { sessions, sizeBytes } = cell;
  const measured = await measure(contender, () =>
    runGenerator({
      port,
      sessions,
      sizeBytes,
      sender,
      messagesMax,
      recipients: [sinkAddress],
      messagesPerSession: 10,
      seconds: 600,
      pipelining: false,
    }),
  );
  if (sink.count() !== measured.messages) {
    throw new Error(`${contender.name} took ${measured.messages}, sent on ${sink.count()}`);
  }
  rates.set(rateKey(contender, cell), measured.deliveredPerSecond);
  return measured;
}

async function runIdle(results: IdleResult[]): Promise<void> {
  {
    await using merpati = await startMerpati({ nodeOptions });
    results.push(await measureIdle(merpati, idleConnections));
  }
  if (options.alone) return;
  await using postfix = await startPostfix();
  results.push(await measureIdle(postfix, idleConnectionsOfPeers));
}

// Last, because the tables above must be there.
if (options.help) console.log(usage);
else await main();
