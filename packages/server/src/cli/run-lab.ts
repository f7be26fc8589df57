/** Runs a lab in this terminal: ports, first message, how to connect, and a clean end. */

import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { connectControl } from '../admin/control-client.ts';
import { controlSocketFile } from '../admin/control-socket-name.ts';
import { defaultConfig } from '../config/read.ts';
import { verdictMark, verdictText } from '../journey/render.ts';
import { fetchAsFriend, sendFirstMessage } from '../lab/first-message.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import {
  busyPorts,
  freeBlock,
  labPorts,
  portsFromMax,
  portsFromUsual,
  startAnywhere,
  type LabPorts,
} from '../lab/ports.ts';
import { createLog } from '../observe/log.ts';
import { productVersion } from '../observe/version.ts';
import { realWorld } from '../real-world.ts';
import type { Cli } from './cli.ts';
import { renderOptions } from './commands/journey.ts';
import { exitCodes } from './exit.ts';
import { Failure, usage } from './failure.ts';
import { bytes, duration } from './figures.ts';
import { connectHints } from './lab-hints.ts';
import { openLabPlace, type LabPlace } from './lab-place.ts';
import { say } from './language.ts';
import { showLive } from './live-journey.ts';
import { currentLab } from './places.ts';
import { ownCommand } from './own-command.ts';
import { journeyIn } from './submitted.ts';

export interface LabStart {
  readonly portsFrom?: string;
  readonly once?: boolean;
  readonly empty?: boolean;
  readonly address?: string;
}

const here = '127.0.0.1';

export async function runLab(cli: Cli, given: LabStart): Promise<void> {
  const startedMs = performance.now();
  const ports = given.portsFrom === 'free' ? null : await choosePorts(cli, given);
  const place = openLabPlace(cli.globals.data);
  const told = toldToStop();
  let lab: Lab | null = null;
  try {
    const startAt = (at: LabPorts) => start(cli, given, { place, ports: at });
    lab = await (ports === null ? startAnywhere(Math.random, here, startAt) : startAt(ports));
    place.announce();
    showServers(cli, lab, performance.now() - startedMs);
    if (given.empty !== true) await showFirstMessage(cli, lab, place.folder);
    if (given.once === true) return;
    for (const line of connectHints(cli.output.paint, lab, place)) cli.output.line(line);
    await told;
  } finally {
    await lab?.stop();
    place.leave();
  }
  cli.output.note(
    place.isKept
      ? say(`Stopped. The mail is in ${place.folder}`, `Berhenti. Emailnya ada di ${place.folder}`)
      : say('Stopped, and its mail is gone.', 'Berhenti, dan emailnya sudah dihapus.'),
  );
}

function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve());
    }
  });
}

function start(
  cli: Cli,
  given: LabStart,
  { place, ports }: { readonly place: LabPlace; readonly ports: LabPorts },
): Promise<Lab> {
  const to = { file: path.join(place.folder, 'lab.log') };
  const level = cli.globals.verbose ? 'debug' : 'info';
  return startLab({
    folder: place.folder,
    ports,
    real: realWorld(defaultConfig({}).dns),
    log: (server) => createLog({ level, to, server }),
    version: productVersion(),
    ...(given.address === undefined ? {} : { alsoAt: given.address }),
  });
}

async function choosePorts(cli: Cli, given: LabStart): Promise<LabPorts> {
  const what = say('cannot start the lab', 'lab tidak bisa dimulai');
  const from = given.portsFrom === undefined ? portsFromUsual : Number(given.portsFrom);
  if (!Number.isInteger(from) || from < 1024 || from > portsFromMax) {
    const why = say(
      `"${given.portsFrom}" is no start of a block`,
      `"${given.portsFrom}" bukan awal blok`,
    );
    throw usage(what, why, `--ports-from 1024…${portsFromMax} | free`);
  }
  const ports = labPorts(from);
  const busy = await busyPorts(ports, here);
  if (busy.length === 0) return ports;
  return offerOther(cli, what, { busy, from });
}

/** Says who has the ports, and offers the next block: on a terminal by a question. */
async function offerOther(
  cli: Cli,
  what: string,
  { busy, from }: { readonly busy: readonly number[]; readonly from: number },
): Promise<LabPorts> {
  const other = await freeBlock(from, here);
  const isLab = await labRuns();
  const list = busy.slice(0, 4).join(', ');
  const more = busy.length > 4 ? ', …' : '';
  const why = isLab
    ? say('your lab is running already', 'lab Anda sudah berjalan')
    : say(`ports ${list}${more} are in use`, `port ${list}${more} sedang dipakai`);
  const command = `merpati lab --ports-from ${other ?? portsFromMax}`;
  if (other === null || cli.globals.yes || !process.stdin.isTTY || !process.stderr.isTTY) {
    const use = isLab ? say('Use it: merpati --lab …', 'Pakai saja: merpati --lab …') : '';
    const next =
      other === null ? use : `${use}\n${say('On other ports', 'Di port lain')}: ${command}`;
    if (other !== null && cli.globals.yes) return labPorts(other);
    throw new Failure('lab.ports', 'conflict', { what, why, next: next.trim() });
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const question = say(
    `${why}. Start on other ports, from ${other} on? [Y/n] `,
    `${why}. Mulai di port lain, dari ${other}? [Y/t] `,
  );
  const answer = await asking.question(question);
  asking.close();
  if (/^[nt]/i.test(answer.trim())) throw new Failure('lab.ports', 'conflict', { what, why });
  return labPorts(other);
}

async function labRuns(): Promise<boolean> {
  const folder = currentLab(process.env);
  const connection = folder === null ? null : await connectControl(controlSocketFile(folder));
  return connection !== null;
}

function showServers(cli: Cli, lab: Lab, tookMs: number): void {
  const { output } = cli;
  const { paint } = output;
  const done = (what: string, text: string) =>
    output.line(`  ${paint.ok('✓')} ${what.padEnd(16)} ${text}`);
  const title = say(
    'Two mail servers, a DNS and two people, all on this machine',
    'Dua server email, satu DNS, dan dua orang, semuanya di mesin ini',
  );
  output.line(`${paint.bold('merpati lab')}  ${title}`);
  output.line('');
  for (const [i, home] of lab.context.homes.entries()) {
    const ports = lab.ports.servers[i] ?? lab.ports.servers[0];
    const { smtp, submission, submissions, imap, imaps, pop3, pop3s } = ports;
    const sends = `SMTP ${smtp}  submission ${submission}/${submissions}`;
    done(home.config.hostname, `${sends}  IMAP ${imap}/${imaps}  POP3 ${pop3}/${pop3s}`);
  }
  done('DNS', `${here}:${lab.ports.dns}`);
  const [you, friend] = lab.accounts;
  const and = say('and', 'dan');
  const password = say('password', 'kata sandi');
  done(say('accounts', 'akun'), `${you.address} ${and} ${friend.address}`);
  done('', `${password} ${you.password}`);
  output.line(
    `    ${paint.muted(say(`up in ${duration(tookMs)}`, `siap dalam ${duration(tookMs)}`))}`,
  );
  output.line('');
}

function firstText(): string {
  const lines = say(
    'Hello,||this came the whole way:|submission, queue, DNS, SMTP, mailbox.|By pigeon.|',
    'Halo,||email ini menempuh semua langkah:|serah, antre, DNS, SMTP, kotak masuk.|– Merpati|',
  );
  return lines.replaceAll('|', '\n');
}

async function showFirstMessage(cli: Cli, lab: Lab, folder: string): Promise<void> {
  const { output } = cli;
  const [you, friend] = lab.accounts;
  const subject = say('Hello from Merpati', 'Halo dari Merpati');
  output.line(`${output.paint.bold(`"${subject}"`)}  ${you.address} → ${friend.address}`);
  const reply = await sendFirstMessage(lab, {
    subject,
    text: firstText(),
    attachmentName: 'merpati.png',
  });
  const id = journeyIn(reply);
  if (id === null) throw new Error(`no journey in the answer "${reply}"`);
  const what = say('cannot follow the first message', 'tidak bisa mengikuti email pertama');
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), 20_000);
  const options = { ...renderOptions(cli), command: ownCommand(true) };
  const verdict = await showLive({
    recipients: [friend.address],
    events: lab.connection.stream('journey.tail', { id }, gone.signal),
    options,
    print: (line) => output.line(line),
  });
  clearTimeout(timer);
  gone.abort();
  if (verdict?.kind !== 'inbox') {
    process.exitCode = exitCodes.timedOut;
    throw new Failure('lab.first-message', 'timedOut', {
      what,
      why: say('it has not arrived in 20 s', 'belum sampai dalam 20 dtk'),
      next: `${say('The log', 'Lognya')}: ${path.join(folder, 'lab.log')}`,
    });
  }
  const fetched = await fetchAsFriend(lab, path.join(folder, 'friend'));
  const sentence = `${verdictMark(verdict)} ${verdictText(verdict, options)}`;
  output.line('');
  output.line(output.paint.bold(output.paint.ok(sentence)));
  const { stored } = fetched;
  const size = bytes(stored.reduce((sum, one) => sum + one.octets, 0));
  const found = say(`fetched by POP3: ${size} into`, `diambil lewat POP3: ${size} ke`);
  output.line(`   ${found} ${path.join(folder, 'friend')}`);
}
