/** Operations on a home of its own; those that need mail on its way are tested by the lab. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { passwordLimits, verifyPassword } from '../accounts/password.ts';
import { testHome, type TestHome } from '../testing/home.ts';
import type { Connection } from './connection.ts';
import { faults } from './faults.ts';
import { operations, streams } from './operations.ts';
import { perform, performStream } from './perform.ts';

async function populated(made: TestHome): Promise<Connection> {
  await made.addDomain('contoh.id');
  await made.addAccount('rina@contoh.id');
  const context = { homes: [made.home], lab: null, server: null } as const;
  return {
    call: async (name, input) => (await perform(context, name, input)) as never,
    stream: (name, input) =>
      performStream(context, { name, input }, new AbortController().signal) as never,
    close: async () => {},
  };
}

test('names of operations are those of their files', () => {
  for (const name of [...Object.keys(operations), ...Object.keys(streams)]) {
    assert.match(name, /^[a-z]+(-[a-z]+)?\.[a-z]+$/);
  }
});

test('faults say the same in both languages', () => {
  const names = (text: string | undefined) =>
    [...(text ?? '').matchAll(/\{(\w+)\}/g)]
      .map((match) => match[1] ?? '')
      .sort((a, b) => a.localeCompare(b));
  for (const [code, words] of Object.entries(faults)) {
    const { en, id }: { en: { why: string; next?: string }; id: { why: string; next?: string } } =
      words;
    assert.deepEqual(names(id.why), names(en.why), code);
    assert.deepEqual(names(id.next), names(en.next), code);
    assert.equal(id.next === undefined, en.next === undefined, code);
  }
});

test('app passwords: so many, and no more', async () => {
  await using made = await testHome();
  const ask = await populated(made);
  const address = 'rina@contoh.id';
  for (let n = 0; n < passwordLimits.appPasswordsMax; n += 1) {
    await ask.call('app-password.add', { address, label: String(n) });
  }
  const one = { address, label: 'one more' };
  await assert.rejects(ask.call('app-password.add', one), { code: 'app-password.too-many' });
});

test('an account: passwords, settings, app passwords, and its end', async () => {
  await using made = await testHome();
  const ask = await populated(made);
  const address = 'rina@contoh.id';
  const find = async () => {
    const found = await made.home.store.accounts();
    return found.find((one) => one.address === address)!;
  };
  const before = await find();
  const changed = await ask.call('account.password', { address: 'RINA@contoh.id' });
  assert.ok(changed.password);
  assert.equal(await verifyPassword(changed.password, (await find()).credential), true);
  assert.notDeepEqual((await find()).credential.scram, before.credential.scram);
  const unusable = { address, password: 'bell\u0007bell' };
  await assert.rejects(ask.call('account.password', unusable), { code: 'password.unusable' });

  const edited = await ask.call('account.edit', {
    address,
    displayName: 'Rina',
    quotaBytes: 1_000_000,
    popPolicy: 'leave-copy',
    state: 'disabled',
  });
  assert.deepEqual(edited.pop, { policy: 'leave-copy', keepDays: 30 });
  assert.equal((await find()).state, 'disabled');
  const again = await ask.call('account.edit', { address, quotaBytes: null, state: 'active' });
  assert.deepEqual([again.quotaBytes, again.displayName], [null, 'Rina']);

  made.home.config.limits.messages_per_day = 7;
  const own = await ask.call('account.edit', { address, newRecipientsPerDay: 5 });
  assert.deepEqual(own.limits, { messagesPerDay: 1_000_000, newRecipientsPerDay: 5 });
  const back = await ask.call('account.edit', { address, messagesPerDay: null });
  assert.deepEqual(back.limits, { messagesPerDay: null, newRecipientsPerDay: 5 });
  assert.deepEqual(back.limitsNow, { messagesPerDay: 7, newRecipientsPerDay: 5 });

  const { id, password } = await ask.call('app-password.add', { address, label: 'Thunderbird' });
  assert.match(password, /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
  const shown = await ask.call('account.show', { address });
  assert.deepEqual(
    shown.appPasswords.map((one) => one.label),
    ['Thunderbird'],
  );
  await ask.call('app-password.remove', { address, id });
  const gone = { code: 'app-password.unknown' };
  await assert.rejects(ask.call('app-password.remove', { address, id }), gone);

  await ask.call('account.remove', { address, dryRun: true });
  assert.ok(await find());
  await ask.call('account.remove', { address });
  assert.equal(await find(), undefined);
});

test('domains and aliases: what can be, and what cannot', async () => {
  await using made = await testHome();
  const ask = await populated(made);
  const put = (name: string, more: { aliasOf?: string | null; catchAll?: string | null } = {}) =>
    ask.call('domain.put', { name, mode: 'add', ...more });
  const unicode = await put('Köln.example');
  assert.equal(unicode.name, 'xn--kln-sna.example');
  assert.equal((await put('contoh.com', { aliasOf: 'contoh.id' })).aliasOf, 'contoh.id');
  await assert.rejects(put('contoh.id'), { code: 'domain.exists' });
  await assert.rejects(put('a.example', { aliasOf: 'contoh.com' }), {
    code: 'domain.alias-of-itself',
  });
  await assert.rejects(put('a.example', { aliasOf: 'nowhere.example' }), {
    code: 'domain.unknown',
  });
  for (const name of ['', 'x', '[192.0.2.1]', 'a b.example', '-.example']) {
    await assert.rejects(put(name), { code: 'domain.invalid' }, name);
  }
  const edit = (catchAll: string | null) =>
    ask.call('domain.put', { name: 'contoh.id', mode: 'edit', catchAll });
  assert.equal((await edit('Rina@contoh.id')).catchAll, 'rina@contoh.id');
  assert.equal((await edit(null)).catchAll, null);

  const alias = (address: string, targets: string[], mode: 'add' | 'set' = 'add') =>
    ask.call('alias.put', { address, targets, mode });
  const team = await alias('Tim@contoh.id', ['rina@contoh.id', 'Rina@contoh.id', 'x@lain.id']);
  assert.deepEqual(team.targets, ['rina@contoh.id', 'x@lain.id']);
  await assert.rejects(alias('tim@contoh.id', ['x@lain.id']), { code: 'address.exists' });
  await assert.rejects(alias('rina@contoh.id', ['x@lain.id']), { code: 'address.exists' });
  await assert.rejects(alias('a@contoh.id', ['a@contoh.id']), { code: 'alias.to-itself' });
  await assert.rejects(alias('b@contoh.id', ['x@lain.id'], 'set'), { code: 'alias.unknown' });
  await alias('tim@contoh.id', ['x@lain.id'], 'set');
  assert.deepEqual((await ask.call('alias.list', {}))[0]?.targets, ['x@lain.id']);
  await ask.call('alias.remove', { address: 'tim@contoh.id' });
  await assert.rejects(ask.call('alias.remove', { address: 'tim@contoh.id' }), {
    code: 'alias.unknown',
  });
  await assert.rejects(ask.call('account.add', { address: 'tanpa-at' }), {
    code: 'address.invalid',
  });
});

test('a queue and journeys that are empty', async () => {
  await using made = await testHome();
  const ask = await populated(made);
  const listed = await ask.call('queue.list', {});
  assert.deepEqual(listed, { rows: [], waiting: 0, held: 0 });
  await assert.rejects(ask.call('queue.list', { ids: ['x1'] }), { code: 'queue.id' });
  assert.equal((await ask.call('queue.edit', { verb: 'retry' })).changed, 0);
  await assert.rejects(ask.call('journey.show', {}), { code: 'journey.none' });
  assert.deepEqual(await ask.call('journey.search', {}), []);
  const status = await ask.call('server.status', {});
  assert.equal(status.startedMs, null);
  assert.deepEqual(status.homes[0]?.domains, ['contoh.id']);
});
