/** What is refused at its end leaves a journey: found by address, told with its reason, counted. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import { formatJourneyId, type JourneyHead } from '@merpati/store/journey.ts';
import { refusedLimits } from '../incoming/refused.ts';
import { verdictOf } from '../journey/verdict.ts';
import { gatherJourney } from '../journey/view.ts';
import { smtpHome, waitFor, type SmtpHome } from '../testing/smtp-home.ts';

const message = 'From: <tono@lain.test>\r\nSubject: Rice\r\n\r\nThe rice is ready.\r\n';
const loop = 'Received: by a.example; Sat, 21 Nov 2026 09:00:01 +0700\r\n'.repeat(60) + message;

async function home(limits: object = {}): Promise<SmtpHome> {
  const world = await smtpHome({ config: { limits: { errors_max: 1000, ...limits } } });
  await world.addDomain('merpati.test');
  return world;
}

const begun = (world: SmtpHome) => world.home.store.journeys({ limit: 1000 });

/** The only one, once it is written: nobody waited for that. */
async function onlyJourney(world: SmtpHome) {
  const head = await waitFor(async () => (await begun(world))[0] ?? null);
  return { head, view: (await gatherJourney([world.home], { home: world.home, id: head.id }))! };
}

test('a loop: who sent what to whom, which check, which answer', async () => {
  await using world = await home();
  const you = await world.addAccount('you@merpati.test');
  const friend = await world.addAccount('friend@merpati.test');
  using client = await world.open();
  const bad = await client.deliver('tono@lain.test', 'you@merpati.test', loop);
  assert.equal(bad.code, 554);
  const { head, view } = await onlyJourney(world);
  const { id, startedUs, ...told } = head;
  assert.ok(startedUs > 0);
  assert.deepEqual(told, {
    direction: 'in',
    sender: 'tono@lain.test',
    recipients: ['you@merpati.test'],
    messageId: null,
    subject: 'Rice',
    size: loop.length,
    submittedBy: null,
  } satisfies Omit<JourneyHead, 'id' | 'startedUs'>);
  const codes = view.events.map(({ code }) => code);
  assert.ok(codes.includes('receive.connected') && codes.includes('check.loop'), codes.join());
  const last = view.events.at(-1);
  assert.equal(last?.code, 'accept.refused');
  assert.equal(last.args?.['reply'], bad.lines[0]?.replace(/^554 5\.4\.6 /, ''));
  assert.equal(verdictOf(view).kind, 'refused');
  const { store } = world.home;
  assert.equal(await store.mayRead(you, id), true, 'it was for them');
  assert.equal(await store.mayRead(friend, id), false);
  assert.deepEqual(await world.inbox(you), []);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  assert.equal(view.head.id, formatJourneyId(id));
});

test('refused while it comes in: a bare LF, too many octets, a header without end', async () => {
  const cases: [string, string][] = [
    ['bare-newline', message.replace('ready.\r\n', 'ready.\n')],
    ['message-too-big', `${message}${'x'.repeat(900)}\r\n`.repeat(70)],
    ['head-too-big', `X: ${'y'.repeat(990)}\r\n`.repeat(600)],
  ];
  for (const [why, text] of cases) {
    const big = why === 'head-too-big' ? 10_000_000 : 65_536;
    await using world = await home({ message_bytes_max: big });
    await world.addAccount('you@merpati.test');
    using client = await world.open();
    await client.say('MAIL FROM:<tono@lain.test>', 250);
    await client.say('RCPT TO:<you@merpati.test>', 250);
    await client.say('DATA', 354);
    client.raw(`${text}.\r\n`);
    const { view } = await onlyJourney(world);
    assert.equal(view.events.at(-1)?.args?.['why'], why);
    assert.deepEqual(view.head.recipients, ['you@merpati.test']);
    assert.equal(view.head.subject, why === 'message-too-big' ? 'Rice' : '', why);
  }
});

test('an account: what it may not send, up to so many an hour', async () => {
  await using world = await home();
  const you = await world.addAccount('you@merpati.test');
  using client = await world.login('you@merpati.test');
  for (let n = 0; n < refusedLimits.perPartyMax + 5; n += 1) {
    const { code } = await client.deliver('you@merpati.test', 'rina@surat.test', message);
    assert.equal(code, 550, 'From is not theirs');
  }
  const { store } = world.home;
  await waitFor(async () =>
    (await begun(world)).length === refusedLimits.perPartyMax ? true : null,
  );
  const own = await store.journeys({ account: you, limit: 1000 });
  assert.equal(own.length, refusedLimits.perPartyMax);
  assert.equal(own[0]?.submittedBy, you);
});

test('strangers: no more than so many an hour, and then again', async () => {
  let nowMs = Date.UTC(2026, 10, 21, 5, 30);
  await using world = await smtpHome({
    config: { limits: { errors_max: 1000 } },
    world: { nowMs: () => nowMs, nowUs: () => nowMs * 1000 },
  });
  await world.addDomain('merpati.test');
  await world.addAccount('you@merpati.test');
  using client = await world.open();
  const send = () => client.deliver('tono@lain.test', 'you@merpati.test', loop);
  for (let n = 0; n < refusedLimits.perHourMax + 3; n += 1) assert.equal((await send()).code, 554);
  nowMs += 3_600_000;
  await send();
  const all = refusedLimits.perHourMax + 1;
  await waitFor(async () => ((await begun(world)).length === all ? true : null));
  await send();
  await waitFor(async () => ((await begun(world)).length === all + 1 ? true : null));
});

test('what the machine could not take leaves none', async () => {
  await using world = await home();
  await world.addAccount('you@merpati.test');
  world.home.store.accept = () => Promise.reject(new StoreUnavailable('disk-full'));
  using client = await world.open();
  const { code } = await client.deliver('tono@lain.test', 'you@merpati.test', message);
  assert.equal(code, 452);
  assert.deepEqual(await begun(world), []);
});
