/**
 * Runs dovecot/imaptest, its scripted tests or its stress, against our server or Debian's Dovecot:
 * `node tests/imaptest.ts PATH/imaptest [--tests FOLDER] [--stress SECONDS] [--clients N]
 * [--threads N] [--peer dovecot] [--log FILE]`. imaptest is built elsewhere and none of it lies
 * here; its stress keeps a model of the mailbox, and says where the server and the model disagree.
 * At the end our store is checked as by `store check --deep`.
 */

import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLog } from '@merpati/server/observe/log.ts';
import { writeMetrics } from '@merpati/server/observe/metrics.ts';
import { runHome } from '@merpati/server/serve.ts';
import { testHome } from '@merpati/server/testing/home.ts';
import { Dovecot } from './peers/dovecot.ts';
import { Folder } from './peers/machine.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string' },
    stress: { type: 'string' },
    clients: { type: 'string', default: '50' },
    threads: { type: 'string', default: '1' },
    peer: { type: 'string', default: 'merpati' },
    log: { type: 'string', default: 'imaptest.log' },
  },
});
const [program] = positionals;
if (program === undefined) {
  console.error('usage: node tests/imaptest.ts PATH/imaptest [--stress SECONDS] [--peer dovecot]');
  process.exit(2);
}

const password = 'merpati';
const users = Array.from({ length: 3 }, (_, index) => `u${index + 1}@merpati.test`);

using folder = new Folder('imaptest');
const peer = await startPeer();
const mbox = folder.file('stress.mbox');
writeFileSync(mbox, stressMessages());
const place = ['host=127.0.0.1', `port=${peer.port}`, `pass=${password}`, `mbox=${mbox}`];
const code = await run([
  ...place,
  ...(values.stress === undefined
    ? ['user=u1@merpati.test', `test=${values.tests ?? join(dirname(program), 'tests')}`]
    : [
        // All at one mailbox: the end of one mailbox's checkpoint wakes clients of all of them,
        // and imaptest then stops at its own assertions.
        'user=u1@merpati.test',
        `clients=${values.clients}`,
        `secs=${values.stress}`,
        'msgs=30',
        'checkpoint=10',
        'no_pipelining',
      ]),
]);
const { bugs, findings } = await peer.stop();
if (bugs > 0) console.log(`merpati_bugs_total is ${bugs}: see ${values.log}.server`);
for (const finding of findings) console.log(`store check: ${finding}`);
process.exit(code === 0 && bugs === 0 && findings.length === 0 ? 0 : 1);

interface Ended {
  /** The counter of what must not happen. */
  readonly bugs: number;
  /** Of the store, read to the last octet. */
  readonly findings: readonly string[];
}

interface Peer {
  readonly port: number;
  stop(): Promise<Ended>;
}

async function startPeer(): Promise<Peer> {
  if (values.peer === 'dovecot') {
    const accounts = Object.fromEntries(users.map((address) => [address, password]));
    const settings = 'mail_max_userip_connections = 1000';
    const dovecot = await Dovecot.start({ users: accounts, imap: true, settings });
    return {
      port: dovecot.ports.imap,
      async stop() {
        await dovecot[Symbol.asyncDispose]();
        return { bugs: 0, findings: [] };
      },
    };
  }
  const log = createLog({ level: 'warn', to: { file: `${values.log}.server` } });
  const listen = { imap: ['127.0.0.1:0'], http: [] };
  const limits = { connections_per_ip_max: 1000 };
  const threads = Number(values.threads);
  const made = await testHome({ config: { listen, limits }, log, threads });
  await made.addDomain('merpati.test');
  for (const address of users) await made.addAccount(address);
  const running = await runHome(made.home, { plainAllowed: true });
  return {
    port: running.addresses[0]?.port ?? 0,
    async stop() {
      const counted = await writeMetrics(made.home.metrics);
      const bugs = Number(/^merpati_bugs_total (\d+)$/m.exec(counted)?.[1]);
      const checked = await made.home.store.check({ deep: true });
      const findings = checked.findings.map((finding) => JSON.stringify(finding));
      console.log(`store check --deep: ${JSON.stringify(checked.counted)}`);
      // What went wrong is looked at afterwards; without it disposing asserts that nothing did.
      await running.stop();
      if (bugs === 0 && findings.length === 0) await made[Symbol.asyncDispose]();
      else console.log(`the store is kept in ${made.directory}`);
      return { bugs, findings };
    },
  };
}

/** All that it says goes to the log, its end to the terminal. */
async function run(args: readonly string[]): Promise<number> {
  const log = openSync(values.log, 'w');
  const child = spawn(program ?? '', args, {
    stdio: ['ignore', log, log],
    // Where Debian keeps the libraries that it is linked with.
    env: { ...process.env, LD_LIBRARY_PATH: '/usr/lib/dovecot' },
  });
  const ended = await new Promise<number>((resolve) => {
    child.on('exit', (status) => resolve(status ?? 1));
  });
  closeSync(log);
  const said = readFileSync(values.log, 'utf8');
  console.log(said.split('\n').slice(-12).join('\n'));
  // Its stress ends with 0 whatever it found.
  const errors = said.match(/Error: .*/g) ?? [];
  for (const error of errors) console.log(error);
  return errors.length > 0 ? 1 : ended;
}

/** Enough messages of different sizes; imaptest makes its own changes to them. */
function stressMessages(): string {
  return Array.from({ length: 100 }, (_, index) => {
    const head = [
      `From rina@surat.test Sat Nov 21 09:00:${String(index % 60).padStart(2, '0')} 2026`,
      `Date: Sat, 21 Nov 2026 09:00:${String(index % 60).padStart(2, '0')} +0700`,
      'From: Rina <rina@surat.test>',
      'To: you@merpati.test',
      `Subject: Message ${index}`,
      `Message-ID: <${index}@surat.test>`,
    ];
    return `${head.join('\n')}\n\n${`A line of message ${index}.\n`.repeat(1 + index * 3)}\n`;
  }).join('');
}
