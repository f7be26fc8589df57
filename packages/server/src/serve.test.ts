/** A whole home: what its protocols do together. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { defaultConfig } from './config/read.ts';
import { silentLog } from './observe/log.ts';
import { realWorld } from './real-world.ts';
import { startHome } from './serve.ts';
import { Dialogue } from './testing/dialogue.ts';
import { testSettings } from './testing/home.ts';
import { hashPassword } from './accounts/password.ts';

test('stopping: who is idle hears it at once, in any protocol; a message is finished', async () => {
  const data = mkdtempSync(path.join(os.tmpdir(), 'merpati-serve-'));
  const any = ['127.0.0.1:0'];
  const listen = { smtp: any, pop3: any, http: any };
  const config = defaultConfig({ hostname: 'mx.merpati.test', data, listen });
  const running = await startHome(config, realWorld(config.dns), { log: silentLog() });
  const { store } = running.home;
  const nowMs = Date.now();
  const domain = { name: 'merpati.test', aliasOf: null, catchAll: null, createdMs: nowMs };
  await store.editDirectory({ kind: 'domain-put', domain });
  const [address, settings] = ['you@merpati.test', testSettings];
  const credential = await hashPassword('merpati');
  await store.editDirectory({ kind: 'account-add', address, settings, credential, nowMs });
  const portOf = (name: string) =>
    running.addresses.find((one) => one.protocol === name)?.port ?? 0;

  using sender = await Dialogue.open({ port: portOf('smtp') });
  await sender.envelope('rina@surat.test', address);
  await sender.say('DATA', 354);
  sender.raw('Subject: under way\r\n\r\n');
  const idle = connect(portOf('pop3'), '127.0.0.1');
  await once(idle, 'data');

  const stopped = running.stop();
  await once(idle.resume(), 'end', { signal: AbortSignal.timeout(3000) });
  idle.destroy();
  sender.raw('rest\r\n.\r\n');
  await sender.expect(250);
  await stopped;
  const bugs = await running.home.metrics.bugs.get();
  assert.equal(bugs.values[0]?.value ?? 0, 0);
  rmSync(data, { recursive: true });
});
