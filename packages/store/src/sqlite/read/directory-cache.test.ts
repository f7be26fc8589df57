import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AccountSettings, DirectoryEdit } from '../../contract.ts';
import { accountId } from '../../ids.ts';
import { openStore } from '../open.ts';

const credential = { passwordHash: '$argon2id$', scram: null };
const settings: AccountSettings = {
  displayName: 'Siti',
  state: 'active',
  quotaBytes: null,
  pop: { policy: 'hide', keepDays: 30 },
  limits: { messagesPerDay: 10, newRecipientsPerDay: 10 },
  hideClientAddress: false,
};

test('what was kept of the directory never outlives a change of it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'directory-cache-'));
  const store = await openStore({ directory });
  t.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  const edit = async (change: DirectoryEdit): Promise<number | null> => {
    const result = await store.editDirectory(change);
    assert.ok(result.ok);
    return result.id;
  };
  const address = 'siti@surat.test';
  const domain = { name: 'surat.test', aliasOf: null, catchAll: null, createdMs: 1 };

  assert.equal(await store.findDomain('surat.test'), null);
  await edit({ kind: 'domain-put', domain });
  assert.equal((await store.findDomain('surat.test'))?.catchAll, null);
  await edit({ kind: 'domain-put', domain: { ...domain, catchAll: address } });
  assert.equal((await store.findDomain('surat.test'))?.catchAll, address);

  const id = accountId(
    (await edit({ kind: 'account-add', address, settings, credential, nowMs: 1 })) ?? 0,
  );
  const readState = async () => {
    const target = await store.findAddress(address);
    return target?.kind === 'account' ? target.account.state : null;
  };
  assert.equal(await readState(), 'active');
  await edit({ kind: 'account-edit', id, settings: { state: 'disabled' } });
  assert.equal(await readState(), 'disabled');
  assert.equal((await store.findAccount(id))?.state, 'disabled');

  await edit({ kind: 'alias-put', address: 'tim@surat.test', targets: [address] });
  assert.deepEqual(await store.findAddress('tim@surat.test'), {
    kind: 'alias',
    targets: [address],
  });
  await edit({ kind: 'alias-remove', address: 'tim@surat.test' });
  assert.equal(await store.findAddress('tim@surat.test'), null);

  const modseq = (await store.findAccount(id))?.modseq ?? 0;
  await store.editMailbox(id, { kind: 'create', name: 'Kerja', role: null });
  assert.ok(((await store.findAccount(id))?.modseq ?? 0) > modseq, 'counters are never kept');

  await edit({ kind: 'account-remove', id });
  assert.equal(await readState(), null);
  assert.equal(await store.findAccount(id), null);
});
