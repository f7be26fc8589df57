/**
 * The one duplicate that cannot be helped: we are killed after the other server has taken the
 * message and before that is written down. It comes twice then, never more, and its Message-ID and
 * trace id show that it is the same one.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startScriptedSmtp } from '@merpati/client/testing/scripted-smtp.ts';
import { Dialogue } from '@merpati/server/testing/dialogue.ts';
import { waitFor } from './peers/machine.ts';
import { Merpati } from './peers/merpati.ts';
import { requireProgram } from './programs.ts';

test('killed between the 250 of the other server and our commit', async (t) => {
  if (!requireProgram(t, 'openssl')) return;
  await using other = await startScriptedSmtp();
  await using server = await Merpati.start({
    accounts: { 'you@merpati.test': 'merpati' },
    aliases: { 'away@merpati.test': ['rina@surat.test'] },
    routes: { 'surat.test': other.port },
  });
  let lives = 1;
  other.on = async ({ verb }) => {
    if (verb === 'MESSAGE' && lives === 1) {
      lives = 2;
      await server.crash();
    }
    return undefined;
  };
  using sender = await Dialogue.open({ port: server.ports.smtp });
  const text = 'Message-ID: <one@lain.test>\r\nSubject: once\r\n\r\nhello\r\n';
  const { lines } = await sender.deliver('tono@lain.test', 'away@merpati.test', text);
  const id = /Ok: ([0-9a-z]{10})/.exec(lines.join())?.[1] ?? 'no journey';
  await waitFor('the first copy', async () => other.messages.length === 1);

  await server.restart();
  await waitFor('the second copy', async () => other.messages.length === 2);
  await waitFor('an empty queue', async () => {
    const connection = await server.control();
    const { rows } = await connection.call('queue.list', {});
    await connection.close();
    return rows.length === 0;
  });
  assert.deepEqual(await attempts(server, id), [
    'queue.interrupted 1 rina@surat.test',
    'smtp.accepted 1 rina@surat.test',
  ]);
  // A third life has nothing left to send.
  await server.crash();
  await server.restart();
  assert.equal(await server.bugs(), 0);
  await server.stop();

  const copies = other.messages.map(({ body }) => body.toString());
  assert.equal(copies.length, 2);
  assert.equal(copies[0], copies[1]);
  assert.match(copies[0] ?? '', new RegExp(`^Received: [^;]* id ${id}\\s[^;]*;`));
  assert.ok(copies[0]?.endsWith(text));
});

test('killed while the other server is listening: the journey says so at once', async (t) => {
  if (!requireProgram(t, 'openssl')) return;
  await using other = await startScriptedSmtp();
  await using server = await Merpati.start({
    accounts: { 'you@merpati.test': 'merpati' },
    aliases: { 'away@merpati.test': ['rina@surat.test', 'dewi@surat.test'] },
    routes: { 'surat.test': other.port },
  });
  const asked = Promise.withResolvers<void>();
  other.on = ({ verb }) => {
    if (verb !== 'DATA') return undefined;
    asked.resolve();
    return 'hang';
  };
  using sender = await Dialogue.open({ port: server.ports.smtp });
  const { lines } = await sender.deliver('tono@lain.test', 'away@merpati.test', 'S: x\r\n\r\n');
  const id = /Ok: ([0-9a-z]{10})/.exec(lines.join())?.[1] ?? 'no journey';
  await asked.promise;
  await server.crash();
  await server.restart();
  const broken = ['queue.interrupted 1 dewi@surat.test', 'queue.interrupted 1 rina@surat.test'];
  assert.deepEqual((await attempts(server, id)).toSorted(), broken);
  assert.equal(await server.bugs(), 0);
  await server.crash(); // it would wait for an answer
});

/** What the journey says of attempts: how they ended, their number, and whose they were. */
async function attempts(server: Merpati, id: string): Promise<string[]> {
  const connection = await server.control();
  const { events } = await connection.call('journey.show', { id });
  await connection.close();
  return events
    .filter(({ code }) => code === 'queue.interrupted' || code === 'smtp.accepted')
    .map(({ code, attempt, rcpt }) => `${code} ${attempt} ${rcpt}`);
}
