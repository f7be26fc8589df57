import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailable, type Store } from '@merpati/store/contract.ts';
import { Counter } from 'prom-client';
import { connectControl } from '../admin/control-client.ts';
import { controlSocketFile } from '../admin/control-socket-name.ts';
import type { AdminContext } from '../admin/operation.ts';
import { testHome } from '../testing/home.ts';
import { startControlSocket } from './control-socket.ts';

const server = { startedMs: 0, version: '0' };

/** Gone with the test, also with one that fails: a socket that listens keeps the process alive. */
async function start(t: TestContext, context: AdminContext, folder: string) {
  const socket = await startControlSocket(context, folder);
  t.after(() => socket.stop());
  return socket;
}

async function ask(file: string, at: string, body: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { socketPath: file, method: 'POST', path: at, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve([answer.statusCode ?? 0, text]));
      },
    );
    asking.once('error', reject);
    asking.end(body);
  });
}

test('operations and faults pass the socket, which only its owner can open', async (t) => {
  await using made = await testHome();
  const context: AdminContext = { homes: [made.home], lab: null, server };
  const socket = await start(t, context, made.directory);
  assert.equal(statSync(socket.file).mode & 0o777, 0o600);
  const connection = await connectControl(socket.file);
  assert.ok(connection);
  await connection.call('domain.put', { name: 'Contoh.ID', mode: 'add' });
  const added = await connection.call('account.add', { address: 'Rina@contoh.id' });
  assert.equal(added.account.address, 'rina@contoh.id');
  assert.match(added.password ?? '', /^[a-z2-9-]{19}$/);
  assert.ok(!JSON.stringify(await connection.call('account.list', {})).includes('argon2'));

  await assert.rejects(connection.call('account.add', { address: 'rina@contoh.id' }), {
    code: 'address.exists',
    args: { address: 'rina@contoh.id' },
  });
  await assert.rejects(connection.call('account.show', { address: 'rnia@contoh.id' }), {
    code: 'account.unknown.near',
    args: { address: 'rnia@contoh.id', near: 'rina@contoh.id' },
  });
  await assert.rejects(connection.call('domain.remove', { name: 'contoh.id' }), {
    code: 'domain.in-use',
  });
  const wrong = { address: 'x@contoh.id', quotaBytes: -1 };
  await assert.rejects(connection.call('account.add', wrong), { code: 'input.invalid' });
  await assert.rejects(connection.call('lab.fault', {}), { code: 'lab.none' });

  assert.deepEqual(await ask(socket.file, '/operations/constructor', '{}'), [
    400,
    '{"fault":"operation.unknown","args":{"name":"constructor"}}',
  ]);
  const [status, text] = await ask(socket.file, '/operations/account.list', '{');
  assert.equal(status, 400);
  assert.match(text, /input\.invalid/);
  await socket.stop();
  assert.equal(await connectControl(socket.file), null);
});

test('a stream ends when the asker has gone, and a fault comes through it', async (t) => {
  await using made = await testHome();
  const { home } = made;
  await made.addDomain('merpati.test');
  await made.addAccount('you@merpati.test');
  const context: AdminContext = { homes: [home], lab: null, server };
  const socket = await start(t, context, made.directory);
  const connection = await connectControl(socket.file);
  assert.ok(connection);
  for (const waitMs of [0, 1, 50]) {
    const gone = new AbortController();
    const stream = connection.stream('journey.tail', {}, gone.signal)[Symbol.asyncIterator]();
    const first = stream.next();
    if (waitMs > 0) await delay(waitMs);
    gone.abort();
    assert.deepEqual(await first, { done: true, value: undefined });
  }

  const reading = connection.stream('mail.read', { address: 'you@merpati.test' });
  await assert.rejects(all(reading), { code: 'message.unknown' });
  const checked = await all(connection.stream('store.check', { deep: true }));
  const last = checked.at(-1);
  assert.ok(last !== undefined && 'result' in last);
  assert.deepEqual(last.result.findings, []);
  await socket.stop();
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('trouble of the store and mistakes of ours have their own faults', async (t) => {
  await using made = await testHome();
  const bugs = new Counter({ name: 'bugs', help: 'of this test', registers: [] });
  const metrics = { ...made.home.metrics, bugs };
  const answerOf = async (error: Error): Promise<string> => {
    const store = { aliases: () => Promise.reject(error) } as unknown as Store;
    const homes = [{ ...made.home, metrics, store }] as const;
    const socket = await start(t, { homes, lab: null, server }, made.directory);
    const [, text] = await ask(socket.file, '/operations/alias.list', '{}');
    await socket.stop();
    return text;
  };
  const full = '{"fault":"store.unavailable","args":{"reason":"disk-full"}}';
  assert.equal(await answerOf(new StoreUnavailable('disk-full')), full);
  assert.equal((await bugs.get()).values[0]?.value, 0);
  assert.equal(await answerOf(new Error('detail')), '{"fault":"server.bug","args":{}}');
  assert.equal((await bugs.get()).values[0]?.value, 1);
});

test('a data folder whose path is longer than a socket address can be', async (t) => {
  await using made = await testHome();
  const folder = path.join(made.directory, 'a'.repeat(120));
  mkdirSync(folder);
  const socket = await start(t, { homes: [made.home], lab: null, server }, folder);
  const connection = await connectControl(controlSocketFile(folder));
  assert.ok(connection);
  assert.deepEqual(await connection.call('domain.list', {}), []);
  await socket.stop();
  assert.equal(await connectControl(path.join(made.directory, 'none', 'control.sock')), null);
});
