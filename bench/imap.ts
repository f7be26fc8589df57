/**
 * `node bench/imap.ts`: a large mailbox, read by IMAP from us and from Debian's Dovecot (maildir
 * and sdbox) in one run, row by row in turn, over TLS. Wants root and dovecot-imapd. What came out:
 * docs/performance.md. Options: see `usage`.
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mustRun } from '../tests/peers/machine.ts';
import { password, startDovecot, startMerpati, user } from './imap/contenders.ts';
import type { ImapContender } from './imap/contenders.ts';
import { measureIdle } from './imap/idle.ts';
import { makeMessage } from './imap/mailbox.ts';
import { rows } from './imap/rows.ts';
import type { Row } from './imap/rows.ts';
import { Wire } from './imap/wire.ts';
import { allowCores } from './load.ts';
import { describeMachine } from './machine.ts';
import { cpuSeconds } from './proc.ts';
import { median } from './statistics.ts';

const usage = `node bench/imap.ts
  --messages N     in the mailbox (100000)
  --rounds N       how often each row is measured warm; medians are shown (5)
  --contenders L   of merpati,maildir,sdbox (all)
  --rows TEXT      only rows whose name holds this
  --skip LIST      of cold,append,login,idle
  --idle N         idle connections (5000)
  --json FILE      every figure`;

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    contenders: { type: 'string', default: 'merpati,maildir,sdbox' },
    rows: { type: 'string', default: '' },
    skip: { type: 'string', default: '' },
    idle: { type: 'string', default: '5000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const messages = Number(options.messages);
const rounds = Number(options.rounds);
const skipped = new Set(options.skip.split(','));

interface Figure {
  readonly contender: string;
  readonly row: string;
  readonly unit: 'ms' | '/s' | 'KB';
  readonly value: number;
}

const figures: Figure[] = [];

function note(figure: Figure): void {
  figures.push(figure);
  const value = figure.value < 10 ? figure.value.toFixed(2) : Math.round(figure.value);
  console.log(`${figure.row}: ${figure.contender} ${value} ${figure.unit}`);
}

async function enter(contender: ImapContender): Promise<Wire> {
  const wire = await Wire.open(contender.port());
  await wire.login(user, password);
  return wire;
}

const batch = 100;
const appendedAlone = 1000;

function appendPieces(first: number, count: number): (string | Uint8Array)[] {
  const pieces: (string | Uint8Array)[] = [];
  for (let number = first; number < first + count; number += 1) {
    const message = makeMessage(number);
    const flags = number % 4 === 0 ? '' : ' (\\Seen)';
    pieces.push(`${number === first ? 'APPEND INBOX' : ''}${flags} {${message.length}+}\r\n`);
    pieces.push(message);
  }
  return pieces;
}

/** The last messages come one by one, as clients send them; the rest in batches. */
async function fill(contender: ImapContender): Promise<void> {
  let wire = await enter(contender);
  const together = Math.max(0, messages - appendedAlone);
  for (let first = 0; first < together; first += batch) {
    await wire.command(...appendPieces(first, Math.min(batch, together - first)));
  }
  await wire.end();
  await contender.filled();
  wire = await enter(contender);
  const start = performance.now();
  for (let number = together; number < messages; number += 1) {
    await wire.command(...appendPieces(number, 1));
  }
  const seconds = (performance.now() - start) / 1000;
  note({
    contender: contender.name,
    row: 'APPEND',
    unit: '/s',
    value: (messages - together) / seconds,
  });
  await wire.end();
}

async function perform(wire: Wire, commands: readonly string[]): Promise<number> {
  let ms = 0;
  for (const command of commands) {
    const isPreparation = command === 'UNSELECT';
    const answer = await wire.command(command);
    if (!isPreparation) ms += answer.ms;
  }
  return ms;
}

/** The server is started anew and the disk's cache emptied: the row's first time ever after. */
async function measureCold(contender: ImapContender, row: Row): Promise<void> {
  await contender.restart();
  await mustRun('sh', ['-c', 'sync; echo 3 > /proc/sys/vm/drop_caches']);
  const wire = await enter(contender);
  if (row.name !== 'SELECT') await wire.command('SELECT INBOX');
  const commands = row.commands(messages).filter((command) => command !== 'UNSELECT');
  const value = await perform(wire, commands);
  note({ contender: contender.name, row: `${row.name}, cold`, unit: 'ms', value });
  await wire.end();
}

async function measureWarm(contenders: readonly ImapContender[], row: Row): Promise<void> {
  const times = new Map<ImapContender, number[]>();
  const cpuMs = new Map<ImapContender, number>();
  const wires = new Map<ImapContender, Wire>();
  for (const contender of contenders) {
    const wire = await enter(contender);
    await wire.command('SELECT INBOX');
    wires.set(contender, wire);
  }
  const repetitions = row.isLong === true ? Math.min(rounds, 2) : rounds;
  for (let round = 0; round <= repetitions; round += 1) {
    for (const [contender, wire] of wires) {
      const before = cpuSeconds([contender.pid()]);
      const ms = await perform(wire, row.commands(messages));
      const spentMs = (cpuSeconds([contender.pid()]) - before) * 1000;
      if (round > 0) cpuMs.set(contender, (cpuMs.get(contender) ?? 0) + spentMs);
      if (row.undo !== undefined) await perform(wire, row.undo(messages));
      if (round === 0) continue; // the first time fills caches
      times.set(contender, [...(times.get(contender) ?? []), ms]);
    }
  }
  for (const [contender, wire] of wires) {
    note({
      contender: contender.name,
      row: row.name,
      unit: 'ms',
      value: median(times.get(contender) ?? []),
    });
    // On a busy machine this is what can be believed; ticks of 10 ms.
    note({
      contender: contender.name,
      row: `${row.name}, CPU`,
      unit: 'ms',
      value: (cpuMs.get(contender) ?? 0) / repetitions,
    });
    await wire.end();
  }
}

const logins = 200;

async function measureLogins(contender: ImapContender): Promise<void> {
  const start = performance.now();
  for (let count = 0; count < logins; count += 1) {
    const wire = await enter(contender);
    await wire.command('LOGOUT');
    wire[Symbol.dispose]();
  }
  const value = logins / ((performance.now() - start) / 1000);
  note({ contender: contender.name, row: 'LOGIN', unit: '/s', value });
}

/** Everything that happens after the last message has been indexed. */
async function settle(contender: ImapContender): Promise<void> {
  const wire = await enter(contender);
  await wire.command('SELECT INBOX');
  await wire.command('SEARCH TEXT zamrud');
  await wire.end();
  await sleep(1000);
}

async function main(): Promise<void> {
  console.log(JSON.stringify(describeMachine('/tmp')));
  const wanted = new Set(options.contenders.split(','));
  await using stack = new AsyncDisposableStack();
  const contenders: ImapContender[] = [];
  if (wanted.has('merpati')) contenders.push(stack.use(await startMerpati()));
  for (const format of ['maildir', 'sdbox'] as const) {
    if (wanted.has(format)) contenders.push(stack.use(await startDovecot(format)));
  }
  for (const contender of contenders) {
    await allowCores([contender.pid()], 'others');
    await fill(contender);
  }
  const measured = rows.filter(({ name }) => name.includes(options.rows));
  if (!skipped.has('cold')) {
    for (const row of measured.filter(({ isCold }) => isCold === true)) {
      for (const contender of contenders) await measureCold(contender, row);
    }
  }
  for (const contender of contenders) await settle(contender);
  for (const row of measured) await measureWarm(contenders, row);
  if (!skipped.has('login')) for (const contender of contenders) await measureLogins(contender);
  if (!skipped.has('idle')) {
    for (const contender of contenders) {
      for (const figure of await measureIdle(contender, Number(options.idle))) {
        note({ contender: contender.name, ...figure });
      }
    }
  }
  printTable(contenders.map(({ name }) => name));
  if (options.json !== undefined) {
    const record = { command: process.argv.slice(1), machine: describeMachine('/tmp'), figures };
    writeFileSync(options.json, `${JSON.stringify(record, null, 1)}\n`);
  }
}

function printTable(names: readonly string[]): void {
  console.log(`\n| row | ${names.join(' | ')} | × best other |`);
  console.log(`| --- |${' --- |'.repeat(names.length + 1)}`);
  for (const row of new Set(figures.map((figure) => figure.row))) {
    const values = names.map((name) =>
      figures.find((figure) => figure.row === row && figure.contender === name),
    );
    const [own, ...others] = values.map((figure) => figure?.value);
    const known = others.filter((value) => value !== undefined);
    const unit = values[0]?.unit;
    const best = unit === '/s' ? Math.max(...known) : Math.min(...known);
    const ratio = own === undefined || known.length === 0 ? '' : (own / best).toFixed(2);
    const cells = values.map((figure) =>
      figure === undefined
        ? ''
        : `${figure.value.toFixed(figure.value < 10 ? 2 : 0)} ${figure.unit}`,
    );
    console.log(`| ${row} | ${cells.join(' | ')} | ${ratio} |`);
  }
}

if (options.help) console.log(usage);
else await main();
