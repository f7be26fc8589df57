/** A server of three protocol threads as an operator has it: a process with signals and a log. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { Dialogue } from '@merpati/server/testing/dialogue.ts';
import { Folder, makeCertificate, waitFor } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';

const settings = '[threads]\nprotocol = 3';

/** What the port shows, asked so often that every thread has been. */
async function shown(port: number, times: number): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let count = 0; count < times; count += 1) {
    const socket = connect({ port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    seen.add(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  }
  return seen;
}

test('SIGHUP, metrics, SIGTERM and one log, in all threads', async () => {
  await using merpati = await Merpati.start({ settings });
  const { ports, certificate } = merpati;
  const response = async () => (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text();

  using folder = new Folder('another-certificate');
  const other = await makeCertificate(folder.path, ['mx.merpati.test']);
  const { fingerprint256 } = new X509Certificate(readFileSync(other.certificateFile));
  assert.ok(!(await shown(ports.imaps, 5)).has(fingerprint256));
  copyFileSync(other.certificateFile, certificate.certificateFile);
  copyFileSync(other.keyFile, certificate.keyFile);
  process.kill(merpati.pid, 'SIGHUP');
  await waitFor('the reload', () => merpati.said.includes('tls.reloaded') || null);
  assert.deepEqual([...(await shown(ports.imaps, 20))], [fingerprint256]);

  const senders: Dialogue[] = [];
  for (let count = 0; count < 20; count += 1) {
    const sender = await Dialogue.open({ port: ports.smtp });
    await sender.envelope('rina@surat.test', 'you@merpati.test');
    await sender.say('DATA', 354);
    sender.raw('Subject: under way\r\n\r\n');
    senders.push(sender);
  }
  const open = /^merpati_connections\{protocol="smtp"\} (\d+)$/m;
  assert.equal(open.exec(await response())?.[1], '20');
  assert.match(await response(), /^merpati_bugs_total 0$/m);

  const stopped = merpati.stop();
  await waitFor('the stop', () => merpati.said.includes('server.stopping') || null);
  for (const sender of senders) sender.raw('rest\r\n.\r\n');
  for (const sender of senders) await sender.expect(250);
  await stopped;
  for (const sender of senders) sender[Symbol.dispose]();
  const lines = merpati.said.trim().split('\n');
  const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
  assert.equal(events.filter((event) => event === 'message.accepted').length, 20);
  assert.equal(events.at(-1), 'server.stopped');
  const started = lines.find((line) => line.includes('server.started')) ?? '{}';
  assert.equal((JSON.parse(started) as { threads?: number }).threads, 3);
});
