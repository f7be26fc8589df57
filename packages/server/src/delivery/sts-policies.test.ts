import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '@merpati/store/sqlite/open.ts';
import { createTestWorld } from '../testing/test-world.ts';
import { StsPolicies } from './sts-policies.ts';

const nothing = { policy: null, trouble: null };

test('who does not answer is left alone for a while; what is damaged counts for none', async () => {
  await using world = await createTestWorld({ 'surat.test': [] }, { dnsTimeoutMs: 100 });
  const directory = mkdtempSync(join(tmpdir(), 'merpati-sts-'));
  const store = await openStore({ directory, nowMs: world.nowMs() });
  try {
    const policies = new StsPolicies(world, store);
    world.scriptedDns.answer = () => null;
    assert.deepEqual(await policies.find('surat.test'), nothing);
    const asked = world.scriptedDns.asked.length;
    assert.ok(asked > 0);
    // Longer than the resolver remembers that nobody answered.
    world.aheadMs += 10_000;
    assert.deepEqual(await policies.find('surat.test'), nothing);
    assert.equal(world.scriptedDns.asked.length, asked);
    world.aheadMs += 5 * 60_000;
    assert.deepEqual(await policies.find('surat.test'), nothing);
    assert.ok(world.scriptedDns.asked.length > asked);

    const policy = 'version: STSv1\nmode: enforce\nmx: mx.surat.test\nmax_age: 86400';
    const kept = { id: '1', fetchedMs: world.nowMs(), usedMs: world.nowMs(), policy };
    const records = {
      'good.test': JSON.stringify(kept),
      'old.test': JSON.stringify({ ...kept, fetchedMs: world.nowMs() - 86_400_001 }),
      'half.test': JSON.stringify({ id: '1' }),
      'other.test': JSON.stringify({ ...kept, policy: 'mode: enforce' }),
      'null.test': 'null',
    };
    const changes = Object.entries(records).map(([name, value]) => ({
      kind: 'mta-sts',
      name,
      value,
    }));
    await store.putRecords(changes, world.nowMs());
    for (const name of Object.keys(records)) {
      const { policy: found } = await policies.find(name);
      assert.equal(found?.mode, name === 'good.test' ? 'enforce' : undefined, name);
    }
    await policies.refresh(AbortSignal.abort());
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
});
