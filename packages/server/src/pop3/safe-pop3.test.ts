import assert from 'node:assert/strict';
import test from 'node:test';
import type { RecordedEvent } from '@merpati/store/journey.ts';
import { makeAppPassword } from '../accounts/password.ts';
import { pop3Words } from '../journey/words-pop3.ts';
import { type Pop3World, startPop3World, you } from './testing/pop3-world.ts';

const rice = 'Subject: Rice\r\n\r\nReady.\r\n';

async function read(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const octets of content) assert.ok(octets.length > 0);
}

async function readEvents(world: Pop3World): Promise<readonly RecordedEvent[]> {
  const [head] = await world.store.journeys({ limit: 1 });
  assert.ok(head);
  const journey = await world.store.journey(head.id);
  return journey?.events.filter(({ stage }) => stage === 'read') ?? [];
}

test('what a device deletes is kept, told and restored under its old unique-id', async (t) => {
  const world = await startPop3World(t);
  const account = world.account(you);
  await world.deliver(you, rice);
  const first = await world.login();
  const [uidl] = [...(await first.uidl()).values()];
  await read(await first.retr(1));
  await first.dele(1);
  await first.quit();

  assert.deepEqual(await world.store.maildrop(account), []);
  const [kept] = await world.store.downloaded(account);
  assert.ok(kept);
  assert.equal(kept.address, '127.0.0.1');
  assert.equal(kept.device, 'POP3');
  assert.equal(kept.keepUntilMs - kept.atMs, 30 * 86_400_000);

  const events = await readEvents(world);
  assert.deepEqual(
    events.map(({ code }) => code),
    ['read.pop3', 'read.pop3.deleted'],
  );
  for (const { code, args } of events) {
    assert.ok(code in pop3Words);
    assert.deepEqual(args, { device: 'POP3', address: '127.0.0.1' });
  }

  await world.store.restoreDownloaded(account, 'all', Date.now());
  const second = await world.login();
  assert.deepEqual([...(await second.uidl()).values()], [uidl]);
  await second.quit();
});

test('with leave-copy the device sees it go, and others see it stay', async (t) => {
  const settings = { pop: { policy: 'leave-copy', keepDays: 30 } } as const;
  const world = await startPop3World(t, { settings });
  const account = world.account(you);
  await world.deliver(you, rice);
  const client = await world.login();
  assert.deepEqual((await client.capabilities()).get('EXPIRE'), ['NEVER']);
  await client.dele(1);
  await client.quit();
  assert.deepEqual(await world.store.maildrop(account), []);
  assert.deepEqual(await world.store.downloaded(account), []);
  const inbox = (await world.store.mailboxes(account)).find(({ role }) => role === 'inbox');
  assert.equal(inbox?.total, 1);
});

test('kept for no days, it is gone at once; EXPIRE 0 would say that none may stay', async (t) => {
  const world = await startPop3World(t, { settings: { pop: { policy: 'hide', keepDays: 0 } } });
  const account = world.account(you);
  await world.deliver(you, rice);
  await world.deliver(you, rice);
  const client = await world.login();
  // RFC 2449 §6.7: the days a message is sure to stay. What nobody deletes stays for ever.
  assert.deepEqual((await client.capabilities()).get('EXPIRE'), ['NEVER']);
  await client.dele(1);
  await client.quit();
  assert.deepEqual(await world.store.downloaded(account), []);
  assert.equal((await world.store.maildrop(account)).length, 1);
});

test('what a device has taken away fills no mailbox', async (t) => {
  const world = await startPop3World(t);
  const account = world.account(you);
  await world.deliver(you, rice);
  const client = await world.login();
  await client.dele(1);
  await client.quit();
  const [row] = await world.store.accounts();
  assert.deepEqual([row?.messages, row?.usedBytes], [0, 0]);
  assert.equal((await world.store.downloaded(account)).length, 1);
});

test('a download is told even when the connection drops; nothing is deleted', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  const client = await world.login();
  await read(await client.retr(1));
  await client.dele(1);
  client.destroy();
  const again = await world.login();
  assert.deepEqual(await again.stat(), { messages: 1, octets: rice.length });
  await again.quit();
  assert.deepEqual(
    (await readEvents(world)).map(({ code }) => code),
    ['read.pop3'],
  );
});

test('a device with a password of its own is known by its label', async (t) => {
  const world = await startPop3World(t);
  const account = world.account(you);
  await world.deliver(you, rice);
  const { password, credential } = await makeAppPassword();
  await world.store.editDirectory({
    kind: 'app-password-add',
    account,
    label: 'Old phone',
    credential,
    nowMs: Date.now(),
  });
  const pop = await world.dial('pop3s');
  await pop.line();
  assert.match(await pop.login(you, password), /^\+OK/);
  await pop.ask('DELE 1');
  await pop.ask('QUIT');
  const [kept] = await world.store.downloaded(account);
  assert.equal(kept?.device, 'Old phone');
});

test('TOP is no download', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  const client = await world.login();
  await read(await client.top(1, 1));
  await client.quit();
  assert.deepEqual(await readEvents(world), []);
});
