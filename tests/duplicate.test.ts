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
