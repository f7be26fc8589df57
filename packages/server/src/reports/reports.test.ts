import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';
import type { Home } from '../home.ts';
import type { Zone } from '../testing/scripted-dns.ts';
import { testHome } from '../testing/home.ts';
import { createTestWorld, type TestWorld } from '../testing/test-world.ts';
import { Collector, countKinds } from './collector.ts';
import { dmarcCountSchema, tlsCountSchema } from './counts.ts';
import { dayMs } from './limits.ts';
import { outboxKind } from './outbox.ts';
import type { DmarcOutcome, TlsOutcome } from './outcomes.ts';
import { startReports, type Reports } from './reports.ts';

const txt = (text: string): Zone[string][number] => ({
  type: 'TXT',
  strings: [Buffer.from(text)],
});

function outcome(over: Partial<DmarcOutcome> = {}, record = 'rua=mailto:r@contoh.test') {
  return {
    sourceIp: '192.0.2.1',
    headerFrom: 'contoh.test',
    policyDomain: 'contoh.test',
    record: readDmarcRecord(`v=DMARC1; p=reject; ${record}`),
    disposition: 'none',
    overrides: [],
    aligned: { dkim: true, spf: false },
    envelopeFrom: 'contoh.test',
    envelopeTo: 'merpati.test',
    dkim: [{ domain: 'contoh.test', selector: 's', result: 'pass', explanation: null }],
    spf: { domain: 'contoh.test', scope: 'mfrom', result: 'none', explanation: null },
    ...over,
  } satisfies DmarcOutcome;
}

const session: TlsOutcome = {
  policyType: 'sts',
  policyDomain: 'contoh.test',
  policyStrings: ['version: STSv1', 'mode: enforce'],
  mxPatterns: ['*.contoh.test'],
  result: 'success',
  mxHost: 'mx.contoh.test',
  sendingIp: '192.0.2.9',
  receivingIp: '192.0.2.10',
  receivingMxHelo: 'mx.contoh.test',
  failureCode: null,
};

interface Scene extends AsyncDisposable {
  readonly home: Home;
  readonly world: TestWorld;
  readonly reports: Reports;
  nextDay(): Promise<void>;
}

/** `queue` does not run: reports made stay in the outbox or the queue. */
async function setUp(zone: Zone = {}, config: object = {}): Promise<Scene> {
  const world = await createTestWorld(zone);
  const there = await testHome({ world, config });
  await there.addDomain('merpati.test');
  const { home } = there;
  const reports = await startReports(home, { sends: true });
  return {
    home,
    world,
    reports,
    async nextDay() {
      await reports.turn();
      world.aheadMs += dayMs + 5 * 3_600_000;
      await reports.turn();
    },
    async [Symbol.asyncDispose]() {
      await reports.stop();
      await there[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

async function queued(home: Home): Promise<string[]> {
  return (await home.store.queue({}, 100)).map(({ recipient }) => recipient);
}

describe('counting', () => {
  test('alike is counted together, over flushes and by several threads', async () => {
    await using scene = await setUp();
    const { home } = scene;
    const collectors = [new Collector(home), new Collector(home)];
    for (let turn = 0; turn < 3; turn += 1) {
      for (const collector of collectors) {
        collector.dmarc(outcome());
        collector.dmarc(outcome({ sourceIp: '192.0.2.2' }));
        collector.tls(session);
        collector.tls({ ...session, result: 'certificate-expired', failureCode: 'EXPIRED' });
      }
      await Promise.all(collectors.map((collector) => collector.flush()));
    }
    const [dmarc] = await home.store.records(countKinds.dmarc);
    const { rows } = dmarcCountSchema.parse(JSON.parse(dmarc?.value ?? ''));
    assert.deepEqual(
      rows.map(({ count }) => count),
      [6, 6],
    );
    const [tls] = await home.store.records(countKinds.tls);
    const { policies } = tlsCountSchema.parse(JSON.parse(tls?.value ?? ''));
    assert.deepEqual(
      policies.map(({ successes, failures, details }) => [successes, failures, details[0]?.count]),
      [[6, 6, 6]],
    );
  });

  test('who does not ask is not counted', async () => {
    await using scene = await setUp();
    scene.home.reports?.dmarc(outcome({}, ''));
    await scene.reports.turn();
    assert.deepEqual(await scene.home.store.records(countKinds.dmarc), []);
  });

  test('ever new kinds of messages end in one figure', async () => {
    await using scene = await setUp();
    for (let index = 0; index < 1500; index += 1) {
      scene.home.reports?.dmarc(outcome({ envelopeFrom: `n${index}.test` }));
      if (index % 700 === 0) await scene.reports.turn();
    }
    await scene.reports.turn();
    const [record] = await scene.home.store.records(countKinds.dmarc);
    const { rows, leftOut } = dmarcCountSchema.parse(JSON.parse(record?.value ?? ''));
    assert.deepEqual([rows.length, leftOut], [1000, 500]);
    await scene.nextDay();
    assert.deepEqual(await queued(scene.home), ['r@contoh.test']);
  });
});

describe('sending', () => {
  test('not before the day is over, and once', async () => {
    await using scene = await setUp();
    const { home, reports, world } = scene;
    home.reports?.dmarc(outcome());
    await reports.turn();
    await reports.turn();
    assert.deepEqual(await queued(home), []);
    await scene.nextDay();
    await reports.turn();
    world.aheadMs += dayMs;
    await reports.turn();
    assert.deepEqual(await queued(home), ['r@contoh.test']);
    assert.deepEqual(await home.store.records(countKinds.dmarc), []);
    assert.deepEqual(await home.store.records(outboxKind), []);
  });

  test('an address elsewhere that has not agreed gets nothing', async () => {
    const record = 'rua=mailto:r@lain.test';
    await using refused = await setUp();
    refused.home.reports?.dmarc(outcome({}, record));
    await refused.nextDay();
    assert.deepEqual(await queued(refused.home), []);
    assert.deepEqual(await refused.home.store.records(countKinds.dmarc), []);

    const name = 'contoh.test._report._dmarc.lain.test';
    await using agreed = await setUp({ [name]: [txt('v=DMARC1')] });
    agreed.home.reports?.dmarc(outcome({}, record));
    await agreed.nextDay();
    assert.deepEqual(await queued(agreed.home), ['r@lain.test']);

    await using moved = await setUp({ [name]: [txt('v=DMARC1; rua=mailto:x@lain.test')] });
    moved.home.reports?.dmarc(outcome({}, record));
    await moved.nextDay();
    assert.deepEqual(await queued(moved.home), ['x@lain.test']);

    await using astray = await setUp({ [name]: [txt('v=DMARC1; rua=mailto:x@korban.test')] });
    astray.home.reports?.dmarc(outcome({}, record));
    await astray.nextDay();
    assert.deepEqual(await queued(astray.home), []);
  });

  test('TLS: to whom the domain names, and to nobody without', async () => {
    await using silent = await setUp();
    silent.home.reports?.tls(session);
    await silent.nextDay();
    assert.deepEqual(await queued(silent.home), []);

    const zone = { '_smtp._tls.contoh.test': [txt('v=TLSRPTv1; rua=mailto:t@lain.test')] };
    await using asked = await setUp(zone);
    asked.home.reports?.tls(session);
    await asked.nextDay();
    assert.deepEqual(await queued(asked.home), ['t@lain.test']);
  });

  test('switched off: nothing is counted', async () => {
    await using scene = await setUp({}, { reports: { dmarc: false, tls: false } });
    scene.home.reports?.dmarc(outcome());
    scene.home.reports?.tls(session);
    await scene.reports.turn();
    assert.deepEqual(await scene.home.store.records(countKinds.dmarc), []);
    assert.deepEqual(await scene.home.store.records(countKinds.tls), []);
  });
});
