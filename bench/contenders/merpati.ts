/**
 * Merpati as `merpati serve` runs it, with default settings: a process of its own, its log in a
 * file. Relaying without a login is what it refuses, so mail for the sink comes by an alias that
 * leads there.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectControl } from '@merpati/server/admin/control-client.ts';
import { controlSocketFile } from '@merpati/server/admin/control-socket-name.ts';
import type { Connection } from '@merpati/server/admin/connection.ts';
import { storePaths } from '@merpati/store/sqlite/segments/files.ts';
import { Folder, freePort, greets, waitFor } from '../../tests/peers/machine.ts';
import type { Contender } from '../contender.ts';
import { domain, recipients, sinkAddress, sinkDomain } from '../contender.ts';

export interface MerpatiOptions {
  /** Mail for the sink's domain goes to this port. */
  readonly sinkPort?: number;
  /** For Node, while looking for what costs: `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

const startMsMax = 20_000;
const stopMsMax = 60_000;
const root = join(import.meta.dirname, '../..');

export async function startMerpati(options: MerpatiOptions = {}): Promise<Contender> {
  const folder = new Folder('bench');
  const port = await freePort();
  const data = folder.file('data');
  const config = folder.file('merpati.toml');
  writeFileSync(config, writeConfig({ port, data, sinkPort: options.sinkPort ?? null }));
  const log = openSync(folder.file('log'), 'w');
  const child = spawn(
    process.execPath,
    [
      ...(options.nodeOptions ?? []),
      join(root, 'packages/server/bin/merpati.js'),
      'serve',
      '--config',
      config,
    ],
    { stdio: ['ignore', log, log] },
  );
  const ended = once(child, 'exit');
  try {
    await waitFor('Merpati', () => child.exitCode !== null || greets(port), startMsMax);
    // With several threads the port is open before all of them have begun.
    const reached = () => connectControl(controlSocketFile(data));
    const control = await waitFor('its control socket', reached, startMsMax);
    await populate(control);
    await control.close();
  } catch (error) {
    child.kill();
    throw new Error(`Merpati did not start: ${readFileSync(folder.file('log'), 'utf8')}`, {
      cause: error,
    });
  }
  const database = new DatabaseSync(storePaths(data).database, { readOnly: true });
  const anyQueued = database.prepare('SELECT EXISTS (SELECT 1 FROM queue) AS found');
  const allStored = database.prepare('SELECT sum(messages) AS count FROM account');
  return {
    name: 'Merpati',
    port,
    version: `Merpati on Node ${process.version}`,
    roots: () => [child.pid ?? 0],
    backlog: () => Number(anyQueued.get()?.['found']),
    stored: async () => Number(allStored.get()?.['count']),
    async [Symbol.asyncDispose]() {
      database.close();
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(timer);
      folder[Symbol.dispose]();
    },
  };
}

async function populate(control: Connection): Promise<void> {
  await control.call('domain.put', { name: domain, mode: 'add' });
  for (const address of recipients) await control.call('account.add', { address });
  const targets = [`anyone@${sinkDomain}`];
  await control.call('alias.put', { address: sinkAddress, targets, mode: 'add' });
}

function writeConfig(made: {
  readonly port: number;
  readonly data: string;
  readonly sinkPort: number | null;
}): string {
  const way = `host = "127.0.0.1"\nport = ${made.sinkPort}\n`;
  const route = `[[routes]]\ndomain = "${sinkDomain}"\n${way}`;
  return `hostname = "mx.${domain}"
data = "${made.data}"
${made.sinkPort === null ? '' : route}
[listen]
smtp = ["127.0.0.1:${made.port}"]
http = []

# Neither do the others here.
[checks]
authentication = "off"
`;
}
