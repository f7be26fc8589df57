/**
 * Killed while it serves: SIGKILL at random moments under SMTP load, over and over. Afterwards
 * every message that was answered 250 is there, once, octet for octet; none that was not answered
 * is torn; what was to be sent on still waits; `store check --deep` finds nothing.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from './fuzz/mutate.ts';
import { readInbox } from './peers/inbox.ts';
import { runProgram } from './peers/machine.ts';
import { Merpati } from './peers/merpati.ts';
import { checkMessage, SmtpLoad } from './peers/smtp-load.ts';
import type { Sent } from './peers/smtp-load.ts';
import { requireProgram } from './programs.ts';
import { root } from './tidy/tree.ts';

/** Half a second each, nearly all of it the start; the store by itself is killed 204 times. */
const rounds = Number(process.env['TEST_CRASH_ROUNDS'] ?? 60);
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);
const users = ['a', 'b', 'c', 'd'].map((name) => `${name}@merpati.test`);
/** Leads to another server, which is down: its messages stay in the queue. */
const away = 'away@merpati.test';

/** Mostly letters, now and then one that goes through a spool file. */
const sizeOf = (number: number): number =>
  number % 97 === 0 ? 1_500_000 : 400 + (number % 50) * 90;

test(`${rounds} times killed under load, TEST_SEED=${seed}`, async (t) => {
  if (!requireProgram(t, 'openssl')) return;
  const random = createRandom(seed);
  await using server = await Merpati.start({
    accounts: Object.fromEntries(users.map((address) => [address, 'merpati'])),
    aliases: { [away]: ['someone@down.test'] },
    routes: { 'down.test': 9 },
    settings: '[queue]\nretry_after_s = [3600]\n',
  });
  const accepted: Sent[] = [];
  let firstNumber = 1;
  for (let round = 1; round <= rounds; round += 1) {
    const { smtp: port } = server.ports;
    const recipients = [...users, away];
    const load = new SmtpLoad({ port, sessions: 6, recipients, firstNumber, sizeOf });
    await load.until(1 + random.below(30));
    await sleep(random.below(15));
    await server.crash();
    await load.end();
    accepted.push(...load.accepted);
    assert.deepEqual(load.refused, []);
    firstNumber = load.nextNumber;
    await server.restart();
  }
  t.diagnostic(`${firstNumber - 1} messages begun, ${accepted.length} answered 250`);
  for (const user of users) await assertInbox(server, user, accepted);
  await assertQueue(server, accepted);
  assert.equal(await server.bugs(), 0);
  await server.stop();
  const command = join(root, 'packages/server/bin/merpati.js');
  const checked = await runProgram(process.execPath, [
    ...[command, 'store', 'check', '--deep', '--config', server.configFile],
  ]);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
});

async function assertInbox(
  server: Merpati,
  user: string,
  accepted: readonly Sent[],
): Promise<void> {
  const expected = accepted.filter(({ recipient }) => recipient === user);
  const found = new Map<number, number>();
  for (const message of await readInbox(server, { user })) {
    const { number, isWhole } = checkMessage(message, sizeOf);
    assert.ok(isWhole, `message ${number} of ${user} is not what was sent`);
    found.set(number, (found.get(number) ?? 0) + 1);
  }
  const lost = expected.filter(({ number }) => !found.has(number));
  const doubled = [...found].filter(([, times]) => times > 1);
  assert.deepEqual({ lost, doubled }, { lost: [], doubled: [] }, user);
}

async function assertQueue(server: Merpati, accepted: readonly Sent[]): Promise<void> {
  const connection = await server.control();
  const { rows } = await connection.call('queue.list', { limit: 10_000 });
  await connection.close();
  const waiting = Map.groupBy(rows, ({ journey }) => journey);
  for (const { recipient, reply, number } of accepted) {
    if (recipient !== away) continue;
    const journey = /Ok: (\w+)/.exec(reply)?.[1] ?? '';
    assert.equal(waiting.get(journey)?.length, 1, `message ${number}: ${reply}`);
  }
}
