/**
 * The lab's two servers tell each other of a day's mail: counted while it goes over real sockets,
 * made and sent when the clock has passed midnight, checked, read and kept at the other side.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { defaultConfig } from '../config/read.ts';
import type { Home } from '../home.ts';
import { sendFirstMessage } from '../lab/first-message.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { startAnywhere } from '../lab/ports.ts';
import { silentLog } from '../observe/log.ts';
import { realWorld } from '../real-world.ts';
import { waitFor } from '../testing/smtp-home.ts';
import { countKinds } from './collector.ts';
import { dayMs } from './limits.ts';
import { outboxKind } from './outbox.ts';
import { startReports } from './reports.ts';
import { storedDmarcSchema, storedKinds, storedRowsSchema, storedTlsSchema } from './stored.ts';

/** A lab whose clock can be set ahead. */
async function makeLab(
  t: TestContext,
): Promise<{ lab: Lab; readonly ahead: (ms: number) => void }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-reports-'));
  const real = realWorld(defaultConfig({}).dns);
  let aheadMs = 0;
  const world = {
    ...real,
    nowMs: () => real.nowMs() + aheadMs,
    nowUs: () => real.nowUs() + aheadMs * 1000,
  };
  const fixed = { folder, real: world, log: silentLog, version: '0' };
  const lab = await startAnywhere(Math.random, '127.0.0.1', (ports) =>
    startLab({ ports, ...fixed }),
  );
  t.after(async () => {
    for (const home of lab.context.homes) {
      const { values } = await home.metrics.bugs.get();
      assert.equal(values[0]?.value ?? 0, 0, 'bugs');
    }
    await lab.stop();
    rmSync(folder, { recursive: true });
  });
  return { lab, ahead: (ms) => (aheadMs += ms) };
}

async function firstOf(home: Home, kind: string): Promise<unknown> {
  const record = await waitFor(async () => (await home.store.records(kind))[0] ?? null);
  return JSON.parse(record.value);
}

test('a day of mail, and what each is told of it', async (t) => {
  const { lab, ahead } = await makeLab(t);
  const [merpati, surat] = lab.context.homes;
  assert.ok(surat);
  const reports = [
    await startReports(merpati, { sends: true }),
    await startReports(surat, { sends: true }),
  ];
  t.after(() => Promise.all(reports.map((one) => one.stop())));
  for (let count = 0; count < 3; count += 1) {
    const text = `Surat ${count}`;
    await sendFirstMessage(lab, { subject: text, text, attachmentName: 'merpati.png' });
  }
  const friend = (await surat.store.accounts())[0];
  assert.ok(friend);
  await waitFor(async () => {
    const inbox = await surat.store.mailbox(friend.id, 'INBOX');
    return inbox !== null && inbox.total === 3 ? inbox : null;
  });
  merpati.reports?.tls({
    policyType: 'sts',
    policyDomain: 'surat.test',
    policyStrings: ['version: STSv1', 'mode: enforce', 'mx: mx.surat.test', 'max_age: 86400'],
    mxPatterns: ['mx.surat.test'],
    result: 'certificate-expired',
    mxHost: 'mx.surat.test',
    sendingIp: '127.0.0.11',
    receivingIp: '127.0.0.12',
    receivingMxHelo: 'mx.surat.test',
    failureCode: 'CERT_HAS_EXPIRED',
  });
  for (const one of reports) await one.turn();
  ahead(dayMs + 5 * 3_600_000);
  for (const one of reports) await one.turn();

  const dmarc = storedDmarcSchema.parse(await firstOf(merpati, storedKinds.dmarc));
  assert.equal(dmarc.head.organisation, 'surat.test');
  assert.deepEqual(
    [dmarc.head.policy.domain, dmarc.head.policy.policy],
    ['merpati.test', 'reject'],
  );
  assert.deepEqual([dmarc.sums.messages, dmarc.sums.passed], [3, 3]);
  assert.equal(dmarc.origin.dmarc, 'pass');
  const [row] = storedRowsSchema.parse(await firstOf(merpati, storedKinds.rows));
  assert.deepEqual(
    [row?.headerFrom, row?.envelopeFrom, row?.disposition, row?.dkim],
    ['merpati.test', 'merpati.test', 'pass', 'pass'],
  );

  const tls = storedTlsSchema.parse(await firstOf(surat, storedKinds.tls));
  assert.equal(tls.report.organisation, 'merpati.test');
  const sessions = tls.report.policies.reduce((sum, { successes }) => sum + successes, 0);
  assert.ok(sessions > 0, 'the sessions of the day are in it');
  const policy = tls.report.policies.find(({ type }) => type === 'sts');
  assert.equal(policy?.details[0]?.reason, 'CERT_HAS_EXPIRED');
  assert.equal(tls.origin.dmarc, 'pass');

  for (const one of reports) await one.idle();
  for (const home of [merpati, surat]) {
    const [account] = await home.store.accounts();
    assert.ok(account);
    const kept = await home.store.mailbox(account.id, 'Reports');
    assert.equal(kept?.total ?? 0, 0, 'what is read is not kept as mail');
  }
  const [view] = (await lab.connection.call('report.dmarc', { domain: 'merpati.test' })).views;
  assert.deepEqual([view?.domains[0]?.messages, view?.domains[0]?.passed], [3, 3]);
  assert.deepEqual(view?.reporters, [
    { organisation: 'surat.test', reports: 1, messages: 3, unproved: 0 },
  ]);
  assert.equal(view?.sources[0]?.isOwn, true);
  const [seen] = (await lab.connection.call('report.tls', { domain: 'surat.test' })).views;
  const expired = seen?.failures.find(({ type }) => type === 'certificate-expired');
  assert.deepEqual([expired?.mxHost, expired?.organisations], ['mx.surat.test', ['merpati.test']]);

  // Reports are sent over lines too, and are messages: it must come to an end.
  for (let days = 0; days < 4; days += 1) {
    for (const home of [merpati, surat]) {
      await waitFor(async () => ((await home.store.queueCount()).waiting === 0 ? true : null));
    }
    ahead(dayMs);
    for (const one of reports) await one.turn();
  }
  for (const one of reports) await one.idle();
  for (const home of [merpati, surat]) {
    for (const kind of [...Object.values(countKinds), outboxKind]) {
      assert.deepEqual(await home.store.records(kind), [], `${kind} of ${home.config.hostname}`);
    }
  }
  const names = (await merpati.store.records(storedKinds.dmarc)).map(({ name }) => name);
  assert.equal(names.length, 1);
});
