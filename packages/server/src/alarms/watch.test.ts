/** Alarms over real sockets: what raises one, who is told, what is held, how it ends. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AccountId } from '@merpati/store/ids.ts';
import type { Connection } from '../admin/connection.ts';
import type { AdminContext } from '../admin/operation.ts';
import { perform } from '../admin/perform.ts';
import { runHome } from '../serve.ts';
import { Dialogue } from '../testing/dialogue.ts';
import { testHome, testSettings, type TestHome } from '../testing/home.ts';
import { waitFor } from '../testing/smtp-home.ts';
import { createTestWorld } from '../testing/test-world.ts';
import { HourlyCounts } from './counts.ts';

const address = 'tono@merpati.test';
const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Setting {
  readonly made: TestHome;
  readonly tono: AccountId;
  readonly postmaster: AccountId;
  readonly call: Connection['call'];
  /** Answers the last reply's code, of MAIL, RCPT or the end of the message. */
  readonly send: (recipients: readonly string[]) => Promise<number>;
}

async function start(t: TestContext, limits = testSettings.limits): Promise<Setting> {
  const world = await createTestWorld({});
  const listen = { submissions: ['127.0.0.1:0'], http: [] };
  const config = { hostname: 'mx.merpati.test', listen };
  const made = await testHome({ config, world });
  await made.addDomain('merpati.test');
  const tono = await made.addAccount(address, { limits });
  const postmaster = await made.addAccount('admin@merpati.test');
  await made.addAlias('postmaster@merpati.test', 'admin@merpati.test');
  const running = await runHome(made.home);
  t.after(async () => {
    await running.stop();
    await world[Symbol.asyncDispose]();
  });
  const context: AdminContext = { homes: [made.home], lab: null, server: null };
  const port = running.addresses.find((one) => one.protocol === 'submissions')?.port ?? 0;
  return {
    made,
    tono,
    postmaster,
    call: async (name, input) => (await perform(context, name, input)) as never,
    async send(recipients) {
      using client = await Dialogue.open({ port, ca: made.ca });
      await client.say(`AUTH PLAIN ${base64(`\0${address}\0merpati`)}`, 235);
      client.send(`MAIL FROM:<${address}>`);
      const mail = await client.reply();
      if (mail.code !== 250) return mail.code;
      for (const one of recipients) await client.say(`RCPT TO:<${one}>`, 250);
      await client.say('DATA', 354);
      client.send(`From: ${address}\r\n\r\nHello\r\n.`);
      return (await client.reply()).code;
    },
  };
}

/** The pause, once the letters about it are there. */
async function paused({ made, tono, postmaster, call }: Setting, own: number) {
  const { home } = made;
  await waitFor(async () => ((await home.store.maildrop(tono)).length >= own ? true : null));
  const [letter] = await waitFor(async () => {
    const letters = await made.inbox(postmaster);
    return letters.length === 0 ? null : letters;
  });
  assert.match(String(letter), /^Subject: Sending is paused/m);
  assert.match(String(letter), /merpati account release tono@merpati\.test/);
  return (await call('account.show', { address })).paused;
}

test('too many failures: sending is paused until somebody releases it', async (t) => {
  const setting = await start(t);
  const { made, tono, call, send } = setting;
  const strangers = Array.from({ length: 31 }, (_, i) => `p${i}@nowhere.test`);
  assert.equal(await send([...strangers, 'admin@merpati.test']), 250);
  const inbox = await made.inbox(setting.postmaster);
  assert.equal(inbox.length, 1);
  const pause = await waitFor(async () => (await call('account.show', { address })).paused);
  assert.deepEqual([pause.reason, pause.count >= 30], ['failures', true]);
  assert.equal(await send(['admin@merpati.test']), 450);
  const letters = await waitFor(async () => {
    const found = (await made.inbox(tono)).map(String);
    return found.find((one) => one.includes('Sending is paused')) ?? null;
  });
  assert.match(letters, /refused by other servers/);
  assert.match(await made.home.metrics.registry.metrics(), /paused_total\{reason="failures"\} 1/);

  assert.equal((await call('account.release', { address })).address, address);
  assert.equal(await send(['admin@merpati.test']), 250);
  await assert.rejects(call('account.release', { address }), { code: 'account.not-paused' });
});

test('a program that goes on after the limit of the day', async (t) => {
  const setting = await start(t, { messagesPerDay: 1, newRecipientsPerDay: 100 });
  const { send } = setting;
  assert.equal(await send([address]), 250);
  for (let n = 0; n < 20; n += 1) assert.equal(await send([address]), 452);
  assert.equal((await paused(setting, 2))?.reason, 'over-limit');
  assert.equal(await send([address]), 450);
});

test('many people at once who were never written to before', async (t) => {
  const setting = await start(t, { messagesPerDay: 1000, newRecipientsPerDay: 100 });
  const { made, send } = setting;
  const many = Array.from({ length: 60 }, (_, i) => `a${i}@merpati.test`);
  for (const one of many) await made.addAlias(one, address);
  assert.equal(await send([address]), 250);
  assert.equal(await send(many.slice(0, 40)), 250);
  assert.equal(await send(many.slice(40)), 250);
  const pause = await paused(setting, 4);
  assert.equal(pause?.reason, 'new-recipients');
  assert.equal(pause?.count, 60);
});

test('an hour is counted, and forgotten', () => {
  const counts = new HourlyCounts<string>();
  const minuteMs = 60_000;
  assert.equal(counts.add('a', 2, 0), 2);
  assert.equal(counts.add('a', 3, 30 * minuteMs), 5);
  assert.equal(counts.add('b', 1, 30 * minuteMs), 1);
  assert.equal(counts.add('a', 0, 65 * minuteMs), 3);
  assert.equal(counts.add('a', 1, 500 * minuteMs), 1);
  assert.equal(counts.add('a', 1, 0), 2, 'a clock that goes back');
});
