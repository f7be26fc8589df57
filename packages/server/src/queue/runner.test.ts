import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDsn } from '@merpati/formats/message/dsn-read.ts';
import {
  startScriptedSmtp,
  type ScriptedSmtp,
  type ScriptedSmtpOptions,
} from '@merpati/client/testing/scripted-smtp.ts';
import type { QueueRecipient } from '@merpati/store/contract.ts';
import type { JourneyId } from '@merpati/store/ids.ts';
import { newJourneyId } from '../journey/new-id.ts';
import { sentenceOf } from '../journey/words.ts';
import type { Zone } from '../testing/scripted-dns.ts';
import { testHome, type TestHome } from '../testing/home.ts';
import { createTestWorld, type TestWorld } from '../testing/test-world.ts';
import { startQueue, type QueueRunner } from './runner.ts';

interface Setting {
  readonly zone?: Zone;
  readonly servers?: Record<string, ScriptedSmtpOptions | 'refuse' | 'silent'>;
  readonly config?: object;
}

interface Sent {
  readonly from?: string;
  readonly to: readonly (string | (Partial<QueueRecipient> & { recipient: string }))[];
  readonly body?: string;
  readonly submitted?: boolean;
  readonly ret?: 'full' | 'hdrs' | null;
  readonly envid?: string | null;
}

interface Scene extends AsyncDisposable {
  readonly there: TestHome;
  readonly world: TestWorld;
  readonly you: number;
  server(address: string): ScriptedSmtp;
  enqueue(sent: Sent): Promise<JourneyId>;
  /** Runs the queue until nothing of it is due any more. */
  run(until?: () => Promise<boolean>): Promise<void>;
  start(options?: { graceMs?: number }): QueueRunner;
  codes(journey: JourneyId): Promise<string[]>;
}

async function setUp(setting: Setting): Promise<Scene> {
  const world = await createTestWorld(setting.zone ?? {});
  const servers = new Map<string, ScriptedSmtp>();
  for (const [address, options] of Object.entries(setting.servers ?? {})) {
    if (typeof options === 'string') world.places.set(address, options);
    else {
      const server = await startScriptedSmtp(options);
      servers.set(address, server);
      world.places.set(address, server.port);
    }
  }
  const there = await testHome({
    world,
    ...(setting.config === undefined ? {} : { config: setting.config }),
  });
  const { home } = there;
  await there.addDomain('merpati.test');
  const you = await there.addAccount('you@merpati.test');
  const running = new Set<QueueRunner>();
  const isDone = async () => {
    const rows = await home.store.queue({}, 1000);
    return rows.every((row) => row.leasedUntilMs === null && row.dueMs > world.nowMs());
  };
  const scene: Scene = {
    there,
    world,
    you,
    server: (address) => servers.get(address) as ScriptedSmtp,
    async enqueue({ from = 'you@merpati.test', to, submitted = true, ...sent }) {
      const writer = home.store.newBody();
      await writer.write(Buffer.from(sent.body ?? 'Subject: hi\r\n\r\nhello\r\n'));
      const nowMs = world.nowMs();
      const journey = newJourneyId(world);
      const recipients = to.map((one): QueueRecipient => {
        const given = typeof one === 'string' ? { recipient: one } : one;
        const domain = given.recipient.split('@')[1] ?? '';
        const expiresMs = nowMs + home.config.queue.expire_after_s * 1000;
        return { domain, dueMs: nowMs, expiresMs, notify: [], orcpt: null, ...given };
      });
      const body = await writer.finish();
      const accepted = await home.store.accept({
        head: {
          id: journey,
          startedUs: world.nowUs(),
          direction: 'out',
          sender: from,
          recipients: recipients.map(({ recipient }) => recipient),
          messageId: null,
          subject: 'hi',
          size: body.size,
          submittedBy: submitted ? you : null,
        },
        events: [],
        body,
        deliveries: [],
        queue: {
          message: {
            sender: from,
            prefix: Buffer.from('Received: by mx.merpati.test\r\n'),
            envid: sent.envid ?? null,
            ret: sent.ret ?? null,
            bodyType: '7bit',
            smtputf8: false,
            requireTls: false,
            submittedBy: submitted ? you : null,
          },
          recipients,
        },
        sending: null,
        nowMs,
      });
      assert.ok(accepted.ok);
      home.wakeQueue();
      return journey;
    },
    start(options = {}) {
      const runner = startQueue(home, options);
      running.add(runner);
      return runner;
    },
    async run(until = isDone) {
      const runner = startQueue(home);
      for (let i = 0; i < 3000 && !(await until()); i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await runner.stop();
      assert.ok(await until(), 'the queue did not come to rest');
    },
    async codes(journey) {
      const found = await home.store.journey(journey);
      return found?.events.map(({ code }) => code) ?? [];
    },
    async [Symbol.asyncDispose]() {
      for (const runner of running) await runner.stop();
      for (const server of servers.values()) await server[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
  return scene;
}

const surat: Zone = {
  'surat.test': [{ type: 'MX', preference: 10, exchange: 'mx.surat.test' }],
  'mx.surat.test': [{ type: 'A', address: '127.0.1.1' }],
};

const inbox = async (scene: Scene) => {
  const messages = await scene.there.inbox(scene.you as never);
  return messages.map((message) => message.toString());
};

test('a message leaves the queue, byte for byte, and every step is in its journey', async () => {
  await using scene = await setUp({ zone: surat, servers: { '127.0.1.1': {} } });
  const journey = await scene.enqueue({ to: ['friend@surat.test'] });
  await scene.run();
  const [taken] = scene.server('127.0.1.1').messages;
  assert.equal(
    taken?.body.toString(),
    'Received: by mx.merpati.test\r\nSubject: hi\r\n\r\nhello\r\n',
  );
  assert.deepEqual(await scene.there.home.store.queue({}, 10), []);
  const codes = await scene.codes(journey);
  assert.deepEqual(codes, [
    'queue.queued',
    'dns.mx.found',
    'connect.ok',
    'tls.none',
    'smtp.dialogue',
    'smtp.accepted',
  ]);
  const events = (await scene.there.home.store.journey(journey))?.events ?? [];
  assert.ok(
    events.slice(1).every((event) => event.rcpt === 'friend@surat.test' && event.attempt === 1),
  );
  for (const code of codes) assert.ok(sentenceOf(code), code);
});

test('recipients of one message at one destination share a transaction', async () => {
  await using scene = await setUp({
    zone: { ...surat, 'other.test': [{ type: 'A', address: '127.0.1.2' }] },
    servers: { '127.0.1.1': {}, '127.0.1.2': {} },
  });
  await scene.enqueue({ to: ['a@surat.test', 'b@surat.test', 'c@other.test', 'd@surat.test'] });
  await scene.run();
  assert.deepEqual(
    scene.server('127.0.1.1').messages.map(({ to }) => to),
    [['a@surat.test', 'b@surat.test', 'd@surat.test']],
  );
  assert.equal(scene.server('127.0.1.2').messages.length, 1);
});

test('greylisted: tried again after the curve says so, and accepted then', async () => {
  await using scene = await setUp({
    zone: surat,
    servers: {
      '127.0.1.1': { on: ({ verb }) => (verb === 'RCPT' ? '451 4.7.1 greylisted' : undefined) },
    },
  });
  const journey = await scene.enqueue({ to: ['friend@surat.test'] });
  await scene.run();
  const [row] = await scene.there.home.store.queue({}, 10);
  assert.equal(row?.attempts, 1);
  assert.equal(row?.lastReply, '451 4.7.1 greylisted');
  const waitS = ((row?.dueMs ?? 0) - scene.world.nowMs()) / 1000;
  assert.ok(waitS > 45 && waitS < 70, `${waitS}`);
  scene.server('127.0.1.1').on = undefined;
  scene.world.aheadMs += 70_000;
  await scene.run();
  assert.equal(scene.server('127.0.1.1').messages.length, 1);
  const codes = await scene.codes(journey);
  assert.deepEqual(
    codes.filter((code) => code.startsWith('queue.')),
    ['queue.queued', 'queue.later'],
  );
  assert.equal((await inbox(scene)).length, 0);
});

test("refused for good: the bounce is in the sender's mailbox", async () => {
  await using scene = await setUp({
    zone: surat,
    servers: {
      '127.0.1.1': {
        extensions: ['PIPELINING'],
        on: ({ verb, line }) =>
          verb === 'RCPT' && line.includes('no') ? '550 5.1.1 no such user here' : undefined,
      },
    },
  });
  const journey = await scene.enqueue({
    to: [
      { recipient: 'no1@surat.test', orcpt: 'rfc822;list+2Bx@merpati.test' },
      'yes@surat.test',
      'no2@surat.test',
    ],
    envid: 'QQ+2B1',
  });
  await scene.run();
  const [bounce, ...others] = await inbox(scene);
  assert.equal(others.length, 0, 'one letter for both');
  const dsn = readDsn(Buffer.from(bounce ?? ''));
  assert.equal(dsn?.envid, 'QQ+1');
  assert.deepEqual(
    dsn?.recipients.map(({ final, status, action }) => [final?.value, status, action]),
    [
      ['no1@surat.test', '5.1.1', 'failed'],
      ['no2@surat.test', '5.1.1', 'failed'],
    ],
  );
  assert.deepEqual(dsn?.recipients[0]?.original, {
    type: 'rfc822',
    value: 'list+x@merpati.test',
  });
  assert.match(bounce ?? '', /^Return-Path: <>/m);
  assert.match(bounce ?? '', /550 5\.1\.1 no such user here/);
  assert.match(bounce ?? '', /hello/, 'a small message comes back whole');
  const codes = await scene.codes(journey);
  assert.ok(codes.includes('queue.failed') && codes.includes('notice.sent'));
  for (const code of codes) assert.ok(sentenceOf(code), code);
});

test('no bounce for a bounce, for those who want none, for the certainly forged', async () => {
  await using scene = await setUp({
    zone: { ...surat, 'sender.test': [{ type: 'A', address: '127.0.1.2' }] },
    servers: {
      '127.0.1.1': { on: ({ verb }) => (verb === 'RCPT' ? '550 5.1.1 no' : undefined) },
      '127.0.1.2': {},
    },
  });
  await scene.enqueue({ from: '', to: ['a@surat.test'], submitted: false });
  await scene.enqueue({ to: [{ recipient: 'b@surat.test', notify: ['never'] }] });
  await scene.enqueue({ to: [{ recipient: 'c@surat.test', notify: ['success', 'delay'] }] });
  const forged = await scene.enqueue({ to: ['d@surat.test'], submitted: false });
  await scene.run();
  assert.deepEqual(await inbox(scene), []);
  assert.ok((await scene.codes(forged)).includes('notice.withheld'));
  // Whoever an alias of ours has forwarded for is owed the report; it goes to his server.
  await scene.enqueue({ from: 'stranger@sender.test', to: ['e@surat.test'], submitted: false });
  await scene.run();
  const [report] = scene.server('127.0.1.2').messages;
  assert.equal(report?.from, '');
  assert.deepEqual(report?.to, ['stranger@sender.test']);
  assert.equal(
    readDsn(report?.body ?? Buffer.alloc(0))?.recipients[0]?.final?.value,
    'e@surat.test',
  );
});

test('a report that finds the mailbox full waits until there is room', async () => {
  await using scene = await setUp({
    zone: surat,
    servers: { '127.0.1.1': { on: ({ verb }) => (verb === 'RCPT' ? '550 5.1.1 no' : undefined) } },
  });
  const { store } = scene.there.home;
  const setQuota = (quotaBytes: number | null) =>
    store.editDirectory({
      kind: 'account-edit',
      id: scene.you as never,
      settings: { quotaBytes },
    });
  await setQuota(10);
  await scene.enqueue({ to: ['a@surat.test'] });
  await scene.run();
  assert.deepEqual(await inbox(scene), []);
  const [report] = await store.queue({}, 10);
  assert.equal(report?.sender, '');
  assert.equal(report?.state, 'waiting');

  await setQuota(null);
  await store.editQueue({}, { kind: 'retry', nowMs: scene.there.home.world.nowMs() }, []);
  await scene.run();
  assert.equal((await inbox(scene)).length, 1);
  assert.deepEqual(await store.queue({}, 10), []);
});

test('RET says how much of the message comes back (RFC 3461 §4.3)', async () => {
  await using scene = await setUp({
    zone: surat,
    servers: { '127.0.1.1': { on: ({ verb }) => (verb === 'RCPT' ? '550 5.1.1 no' : undefined) } },
  });
  const large = `Subject: large\r\n\r\n${'secret line of the body\r\n'.repeat(5000)}`;
  await scene.enqueue({ to: ['a@surat.test'], ret: 'hdrs', body: 'Subject: s\r\n\r\nsecret\r\n' });
  await scene.enqueue({ to: ['a@surat.test'], ret: 'full', body: large });
  await scene.enqueue({ to: ['a@surat.test'], body: large });
  await scene.run(async () => (await inbox(scene)).length === 3);
  const letters = await inbox(scene);
  const whole = letters.filter((letter) => letter.includes('secret'));
  assert.equal(whole.length, 1);
  assert.ok((whole[0]?.length ?? 0) > large.length);
});

test('after four hours the sender hears of it, after five days it comes back', async () => {
  await using scene = await setUp({
    zone: surat,
    servers: { '127.0.1.1': 'refuse' },
  });
  const journey = await scene.enqueue({ to: ['friend@surat.test'] });
  await scene.run();
  assert.equal((await inbox(scene)).length, 0);
  for (let hours = 0; hours < 12; hours += 3) {
    scene.world.aheadMs += 3 * 3_600_000;
    await scene.run();
  }
  const [delay, ...others] = await inbox(scene);
  assert.equal(others.length, 0);
  const about = readDsn(Buffer.from(delay ?? ''))?.recipients[0];
  assert.equal(about?.action, 'delayed');
  assert.equal(about?.status, '4.4.1');
  scene.world.aheadMs += 6 * 86_400_000;
  await scene.run();
  const letters = await inbox(scene);
  assert.equal(letters.length, 2);
  const last = readDsn(Buffer.from(letters[1] ?? ''))?.recipients[0];
  assert.equal(last?.action, 'failed');
  assert.equal(last?.status, '4.4.7');
  assert.deepEqual(await scene.there.home.store.queue({}, 10), []);
  assert.ok((await scene.codes(journey)).includes('queue.expired'));
});

test('what was not safe enough to the end comes back saying so (5.7.x)', async () => {
  await using scene = await setUp({
    zone: surat,
    servers: { '127.0.1.1': {} },
    config: { routes: [{ domain: 'surat.test', host: 'mx.surat.test', port: 25, tls: 'require' }] },
  });
  await scene.enqueue({ to: ['friend@surat.test'] });
  await scene.run();
  scene.world.aheadMs += 6 * 86_400_000;
  await scene.run();
  const [letter] = await inbox(scene);
  const [about] = readDsn(Buffer.from(letter ?? ''))?.recipients ?? [];
  assert.equal(about?.status, '5.7.10');
  assert.match(String(letter), /offers no TLS, which the route requires/);
});

test('success is reported by who knows DSN, else by us (RFC 3461 §5.2.2)', async () => {
  await using scene = await setUp({
    zone: { ...surat, 'old.test': [{ type: 'A', address: '127.0.1.2' }] },
    servers: { '127.0.1.1': {}, '127.0.1.2': { extensions: ['PIPELINING'] } },
  });
  await scene.enqueue({ to: [{ recipient: 'a@surat.test', notify: ['success'] }] });
  await scene.enqueue({ to: [{ recipient: 'b@old.test', notify: ['success'] }] });
  await scene.run();
  assert.ok(scene.server('127.0.1.1').commands.some((line) => line.includes('NOTIFY=SUCCESS')));
  const letters = await inbox(scene);
  assert.equal(letters.length, 1);
  const [about] = readDsn(Buffer.from(letters[0] ?? ''))?.recipients ?? [];
  assert.equal(about?.final?.value, 'b@old.test');
  assert.equal(about?.action, 'relayed');
});

test('what was held for people here is delivered here when its time has come', async () => {
  await using scene = await setUp({});
  const dueMs = scene.world.nowMs() + 60_000;
  const journey = await scene.enqueue({ to: [{ recipient: 'you@merpati.test', dueMs }] });
  await scene.run();
  assert.deepEqual(await inbox(scene), []);
  scene.world.aheadMs += 61_000;
  await scene.run();
  const letters = await inbox(scene);
  assert.equal(letters.length, 1);
  assert.match(letters[0] ?? '', /\r\n\r\nhello\r\n$/);
  // RFC 5321 §4.4: no protocol brought it, so none is named.
  assert.match(
    letters[0] ?? '',
    /^Received: by \S+ id [0-9a-z]{10}\r\n\tfor <you@merpati\.test>;/m,
  );
  const codes = await scene.codes(journey);
  assert.deepEqual(codes.slice(-2), ['queue.here', 'store.stored']);
  assert.ok(!codes.includes('submit.internal'), 'it is no notice of ours');
  // Somebody who is not there: the sender hears of it.
  await scene.enqueue({ to: ['nobody@merpati.test'] });
  await scene.run();
  const dsn = readDsn(Buffer.from((await inbox(scene))[1] ?? ''));
  assert.equal(dsn?.recipients[0]?.status, '5.1.1');
});

/** However slow the machine is. */
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 6000 && !(await done()); i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(await done(), 'it did not come to that');
}

test('a destination gets its share of connections, and others do not wait for it', async () => {
  let open = 0;
  let most = 0;
  const served = Promise.withResolvers<void>();
  const slow: ScriptedSmtpOptions = {
    on: async ({ verb }) => {
      if (verb !== 'MESSAGE') return undefined;
      open += 1;
      most = Math.max(most, open);
      await served.promise;
      await new Promise((resolve) => setTimeout(resolve, 5));
      open -= 1;
      return undefined;
    },
  };
  await using scene = await setUp({
    zone: { ...surat, 'quick.test': [{ type: 'A', address: '127.0.1.2' }] },
    servers: { '127.0.1.1': slow, '127.0.1.2': {} },
    config: { queue: { concurrency_per_domain_max: 3 } },
  });
  for (let i = 0; i < 40; i += 1) await scene.enqueue({ to: [`p${i}@surat.test`] });
  await scene.enqueue({ to: ['last@quick.test'] });
  const runner = scene.start();
  await until(() => scene.server('127.0.1.2').messages.length === 1);
  assert.equal(scene.server('127.0.1.1').messages.length, 0);
  served.resolve();
  await scene.run();
  await runner.stop();
  assert.equal(most, 3);
  assert.equal(scene.server('127.0.1.1').messages.length, 40);
});

test('a rate for a destination is kept', async () => {
  await using scene = await setUp({
    zone: surat,
    servers: { '127.0.1.1': {} },
    config: { queue: { rate_per_domain_per_minute: 600 } },
  });
  for (let i = 0; i < 64; i += 1) await scene.enqueue({ to: [`p${i}@surat.test`] });
  const startedMs = performance.now();
  const runner = scene.start();
  // Sixty at once, then ten in a second, however long the machine takes.
  const { messages } = scene.server('127.0.1.1');
  while (messages.length < 60) await new Promise((resolve) => setTimeout(resolve, 5));
  const allowed = 61 + (performance.now() - startedMs) / 100;
  assert.ok(messages.length <= allowed, `${messages.length} of ${allowed}`);
  await scene.run(async () => scene.server('127.0.1.1').messages.length === 64);
  assert.ok(performance.now() - startedMs > 300, 'the last four had to wait');
  await runner.stop();
});

test('a stop ends what runs and gives back what does not; nothing is lost or doubled', async () => {
  const slow: ScriptedSmtpOptions = {
    on: async ({ verb }) => {
      if (verb === 'MESSAGE') await new Promise((resolve) => setTimeout(resolve, 30));
      return undefined;
    },
  };
  await using scene = await setUp({
    zone: surat,
    servers: { '127.0.1.1': slow },
    config: { queue: { concurrency_per_domain_max: 4 } },
  });
  for (let i = 0; i < 60; i += 1) await scene.enqueue({ to: [`p${i}@surat.test`] });
  const first = scene.start();
  await until(() => scene.server('127.0.1.1').messages.length >= 4);
  await first.stop();
  const rows = await scene.there.home.store.queue({}, 100);
  assert.ok(
    rows.length > 0 && rows.every((row) => row.leasedUntilMs === null && row.attempts === 0),
  );
  assert.equal(rows.length + scene.server('127.0.1.1').messages.length, 60);
  await scene.run();
  assert.equal(new Set(scene.server('127.0.1.1').messages.map(({ to }) => to[0])).size, 60);
  assert.equal(scene.server('127.0.1.1').messages.length, 60);
});

for (const [when, attempts] of [
  ['CONNECT', 0],
  ['MESSAGE', 1],
] as const) {
  test(`a stop does not wait for a server that is silent: ${when}`, async () => {
    const heard = Promise.withResolvers<void>();
    await using scene = await setUp({
      zone: surat,
      servers: {
        '127.0.1.1': {
          on({ verb }) {
            if (verb !== when) return undefined;
            heard.resolve();
            return 'hang';
          },
        },
      },
    });
    await scene.enqueue({ to: ['a@surat.test'] });
    const runner = startQueue(scene.there.home, { graceMs: 100 });
    await heard.promise;
    const startedMs = Date.now();
    await runner.stop();
    assert.ok(Date.now() - startedMs < 60_000, 'it has minutes for each of them');
    const [row] = await scene.there.home.store.queue({}, 10);
    assert.equal(row?.attempts, attempts, 'who has the message may have taken it');
    assert.equal(row.leasedUntilMs, null);
  });
}

test('by hand: hold, release, reroute, give up', async () => {
  await using scene = await setUp({
    zone: { ...surat, 'other.test': [{ type: 'A', address: '127.0.1.2' }] },
    servers: { '127.0.1.1': 'refuse', '127.0.1.2': {} },
  });
  const { store } = scene.there.home;
  await scene.enqueue({ to: ['a@surat.test'] });
  await scene.run();
  await store.editQueue({}, { kind: 'reroute', route: 'other.test:25' }, []);
  await store.editQueue({}, { kind: 'retry', nowMs: scene.world.nowMs() }, []);
  await scene.run();
  assert.deepEqual(scene.server('127.0.1.2').messages[0]?.to, ['a@surat.test']);
  await scene.enqueue({ to: ['b@surat.test'] });
  await store.editQueue({}, { kind: 'hold' }, []);
  await scene.run(async () => (await store.queueCount()).held === 1);
  await store.editQueue({}, { kind: 'release' }, []);
  await store.editQueue({}, { kind: 'bounce', nowMs: scene.world.nowMs() }, []);
  await scene.run();
  const [letter] = await inbox(scene);
  assert.equal(readDsn(Buffer.from(letter ?? ''))?.recipients[0]?.status, '4.4.7');
  // A person says "now": the host that was left alone is tried at once.
  await scene.enqueue({ to: ['c@surat.test'] });
  const runner = scene.start();
  const tried = async (times: number) => (await store.queue({}, 1))[0]?.attempts === times;
  await until(() => tried(1));
  const before = scene.world.dialled.length;
  await store.editQueue({}, { kind: 'retry', nowMs: scene.world.nowMs() }, []);
  scene.there.home.wakeQueue('person');
  await until(() => tried(2));
  await runner.stop();
  assert.equal(scene.world.dialled.length, before + 1);
});
