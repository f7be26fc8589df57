/** Several protocol threads behave as one server: real sockets, three threads. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { show } from '../certificates/from-files.ts';
import { defaultConfig } from '../config/read.ts';
import type { RawImap } from '../imap/testing/imap-world.ts';
import { silentLog } from '../observe/log.ts';
import { createClockUs, realWorld } from '../real-world.ts';
import { startHome } from '../serve.ts';
import { Dialogue } from '../testing/dialogue.ts';
import { suitable } from './protocol-threads.ts';
import { friend, startCrewWorld, threadOf, until, you } from './testing/crew-world.ts';

const letter = 'Subject: halo\r\n\r\napa kabar?\r\n';

async function append(raw: RawImap, mailbox = 'INBOX'): Promise<string[]> {
  raw.send(`b1 APPEND ${mailbox} {${letter.length}+}\r\n${letter}\r\n`);
  return raw.answer('b1');
}

/** Lines until one that fits. */
async function hears(raw: RawImap, pattern: RegExp): Promise<string> {
  for (;;) {
    const line = await raw.line();
    assert.notEqual(line, '', `closed before ${pattern.source}`);
    if (pattern.test(line)) return line;
  }
}

test('IDLE in one thread hears of what is done in others', async (t) => {
  const world = await startCrewWorld(t);
  const [idle, other, third] = await world.imapEverywhere();
  assert.ok(idle && other && third);
  await idle.ask('SELECT INBOX');
  idle.begin('IDLE');
  await hears(idle, /^\+/);
  assert.match((await append(other)).at(-1) ?? '', /^OK \[APPENDUID/);
  await hears(idle, /^\* 1 EXISTS/);
  await third.ask('SELECT INBOX');
  await third.ask('STORE 1 +FLAGS (\\Flagged $Penting)');
  assert.match(await hears(idle, /^\* 1 FETCH/), /\\Flagged.* \$Penting/);
  await other.ask('SELECT INBOX');
  await other.ask('STORE 1 +FLAGS (\\Deleted)');
  await other.ask('EXPUNGE');
  await hears(idle, /^\* 1 EXPUNGE/);
  // Delivered by whichever threads the connections come to: 20 of them come to all.
  const threads = new Set<string>();
  for (let count = 1; count <= 20; count += 1) {
    using sender = await Dialogue.open({ port: world.port('smtp') });
    const accepted = world.logged('message.accepted');
    await sender.deliver('rina@surat.test', you, letter);
    threads.add(threadOf((await accepted).session));
    await hears(idle, new RegExp(`^\\* ${count} EXISTS`));
  }
  assert.ok(threads.size > 1);
  for (const raw of [idle, other, third]) raw.socket.destroy();
});

test('NOTIFY hears of mailboxes and messages from other threads', async (t) => {
  const world = await startCrewWorld(t);
  const [told, other] = await world.imapEverywhere();
  assert.ok(told && other);
  const wanted = '(personal (MessageNew MessageExpunge FlagChange MailboxName))';
  assert.match((await told.ask(`NOTIFY SET ${wanted}`)).at(-1) ?? '', /^OK/);
  await other.ask('CREATE Arsip');
  await hears(told, /^\* LIST .*Arsip/);
  await append(other, 'Arsip');
  assert.match(await hears(told, /^\* STATUS .*Arsip/), /MESSAGES 1/);
});

test('a message is recent to one session, whatever its thread', async (t) => {
  const world = await startCrewWorld(t);
  const everywhere = await world.imapEverywhere();
  using sender = await Dialogue.open({ port: world.port('smtp') });
  for (let count = 0; count < 3; count += 1) {
    await sender.deliver('rina@surat.test', you, letter);
  }
  const [first] = everywhere;
  assert.ok(first);
  // Each thread hears of mail in its own time; STATUS tells when it has.
  for (const raw of everywhere) {
    await until(async () => /RECENT 3/.test((await raw.ask('STATUS INBOX (RECENT)')).join()));
  }
  const recent = [];
  for (const raw of everywhere) recent.push((await raw.ask('SELECT INBOX')).join());
  assert.match(recent[0] ?? '', /\* 3 RECENT/);
  for (const answer of recent.slice(1)) assert.match(answer, /\* 0 RECENT/);
});

test('a maildrop is open once in all threads, and is free when its thread dies', async (t) => {
  const world = await startCrewWorld(t);
  const threads = new Map(
    world.running.crew?.members.map(({ worker }) => [worker.threadId.toString(36), worker]),
  );
  const first = await world.pop3(you, ['0']);
  assert.match(first.answer, /^\+OK/);
  const second = await world.pop3(you, [first.thread]);
  assert.match(second.answer, /^-ERR \[IN-USE\]/);
  assert.match((await world.pop3(friend, [first.thread])).answer, /^\+OK/);
  await threads.get(first.thread)?.terminate();
  assert.match(await second.raw.login(), /^\+OK/);
  second.raw.socket.destroy();
  assert.match((await world.pop3(you, [second.thread])).answer, /^\+OK/);
});

test('failed logins count together', async (t) => {
  const world = await startCrewWorld(t);
  const threads = new Set<string>();
  let failures = 0;
  for (let isThrottled = false; !isThrottled; failures += 1) {
    using client = await Dialogue.open({ port: world.port('submission') });
    const result = Promise.race([world.logged('login.invalid'), world.logged('login.throttled')]);
    const secret = Buffer.from(`\0${you}\0wrong`).toString('base64');
    client.send(`AUTH PLAIN ${secret}`);
    await client.reply();
    const line = await result;
    threads.add(threadOf(line.session));
    isThrottled = line.event === 'login.throttled';
  }
  assert.equal(failures, 9, 'eight of one account from one network, then no more');
  assert.ok(threads.size > 1);
});

test('open connections count together, in all and for one network', async (t) => {
  const limits = { connections_max: 12, connections_per_ip_max: 5 };
  const proxy = { networks: ['127.0.0.0/8'] };
  const world = await startCrewWorld(t, { config: { limits, proxy } });
  const dial = async (address: string) => {
    const first = Buffer.from(`PROXY TCP4 ${address} 192.0.2.9 2000 25\r\n`);
    const dialogue = await Dialogue.connect({ port: world.port('smtp'), first });
    t.after(() => dialogue.socket.destroy());
    const { code } = await dialogue.reply();
    return { dialogue, code };
  };
  const codes = async (address: string, times: number) => {
    const all = [];
    for (let count = 0; count < times; count += 1) all.push(await dial(address));
    return all;
  };
  const one = await codes('198.51.100.7', 7);
  assert.deepEqual(
    one.map(({ code }) => code),
    [220, 220, 220, 220, 220, 421, 421],
  );
  await one[0]?.dialogue.say('QUIT', 221);
  await until(async () => (await dial('198.51.100.7')).code === 220);
  const others = [...(await codes('203.0.113.1', 4)), ...(await codes('203.0.113.2', 4))];
  assert.equal(others.filter(({ code }) => code === 220).length, 7, 'twelve in all');
});

test('one thread dies: the others go on, it is started again, and nothing is lost', async (t) => {
  const world = await startCrewWorld(t, { bugs: 1 });
  const everywhere = await world.imapEverywhere();
  for (const raw of everywhere) await raw.ask('SELECT INBOX');
  const accepted = 12;
  for (let count = 0; count < accepted; count += 1) {
    using sender = await Dialogue.open({ port: world.port('smtp') });
    assert.equal((await sender.deliver('rina@surat.test', you, letter)).code, 250);
  }
  const before = await world.metric(/^merpati_messages_accepted_total\{kind="smtp"\} (\d+)$/m);
  assert.equal(before, accepted);
  const started = world.logged('thread.started');
  // Nothing can be shown without a certificate: an error that nobody in the thread takes.
  const [member] = world.running.crew?.members ?? [];
  member?.show({ pairs: [], seed: { secret: new Uint8Array(32), period: 0 } });
  await started;
  const alive = [];
  for (const raw of everywhere) if ((await raw.ask('NOOP')).at(-1) !== '') alive.push(raw);
  assert.equal(alive.length, 2);
  assert.equal((await alive[0]?.ask('STATUS INBOX (MESSAGES)'))?.[0]?.includes('12'), true);
  // All threads take connections again, and what the dead one has counted stays counted.
  await world.imapEverywhere();
  assert.equal(await world.metric(/^merpati_thread_restarts_total (\d+)$/m), 1);
  assert.equal(
    await world.metric(/^merpati_messages_accepted_total\{kind="smtp"\} (\d+)$/m),
    accepted,
  );
});

test('a certificate that is shown anew is shown by all threads, and sessions go on', async (t) => {
  const world = await startCrewWorld(t);
  const port = world.port('imaps');
  const { certificate: ca } = world.authority;
  const greet = async (session?: Buffer) => {
    const socket = connectTls({ port, ca, servername: 'mail.merpati.test', session });
    const given = session === undefined ? once(socket, 'session') : [session];
    await once(socket, 'data');
    const [ticket] = (await given) as [Buffer];
    const { fingerprint256 } = socket.getPeerCertificate();
    const isReused = socket.isSessionReused();
    socket.destroy();
    return { fingerprint256, isReused, ticket };
  };
  const first = await greet();
  for (let count = 0; count < 12; count += 1) {
    assert.equal((await greet(first.ticket)).isReused, true, 'in every thread');
  }
  const issued = await world.authority.issue(['mail.merpati.test'], Date.now());
  show(world.home, [issued]);
  const { fingerprint256 } = new X509Certificate(issued.certificate);
  await until(async () => (await greet()).fingerprint256 === fingerprint256);
  // Messages to the threads are on their way before connections are.
  for (let count = 0; count < 12; count += 1) {
    assert.equal((await greet()).fingerprint256, fingerprint256);
  }
});

test('stopping lets messages under way end in every thread', async (t) => {
  const world = await startCrewWorld(t);
  const senders: Dialogue[] = [];
  for (let count = 0; count < 20; count += 1) {
    const sender = await Dialogue.open({ port: world.port('smtp') });
    t.after(() => sender.socket.destroy());
    await sender.envelope('rina@surat.test', you);
    await sender.say('DATA', 354);
    sender.raw('Subject: under way\r\n\r\n');
    senders.push(sender);
  }
  const idle = await world.imapEverywhere();
  const stopped = world.running.stop();
  for (const raw of idle) await hears(raw, /^\* BYE/);
  for (const sender of senders) sender.raw('rest\r\n.\r\n');
  for (const sender of senders) await sender.expect(250);
  await stopped;
  const sessions = world.log.filter(({ event }) => event === 'message.accepted');
  assert.equal(sessions.length, 20);
  assert.ok(new Set(sessions.map(({ session }) => threadOf(session))).size > 1);
  assert.equal(new Set(sessions.map(({ session }) => session)).size, 20);
});

test('mail for others wakes the queue, whichever thread has taken it', async (t) => {
  const routes = [{ domain: '*', host: '127.0.0.1', port: 1 }];
  const world = await startCrewWorld(t, { config: { routes } });
  const threads = new Set<string>();
  for (let count = 1; count <= 8; count += 1) {
    using sender = await Dialogue.open({ port: world.port('submission') });
    const secret = Buffer.from(`\0${you}\0merpati`).toString('base64');
    await sender.say(`AUTH PLAIN ${secret}`, 235);
    const accepted = world.logged('message.accepted');
    await sender.deliver(you, `rina${count}@surat.test`, `From: ${you}\r\n${letter}`);
    threads.add(threadOf((await accepted).session));
    await until(async () => {
      const rows = await world.store.queue({}, 100);
      return rows.length === count && rows.every(({ attempts }) => attempts > 0);
    });
  }
  assert.ok(threads.size > 1);
});

test('messages that come all at once in all threads are all kept', async (t) => {
  const world = await startCrewWorld(t);
  const sessions = [...Array(24).keys()].map(async () => {
    using sender = await Dialogue.open({ port: world.port('smtp') });
    for (let count = 0; count < 25; count += 1) {
      assert.equal((await sender.deliver('rina@surat.test', you, letter)).code, 250);
    }
  });
  await Promise.all(sessions);
  const target = await world.store.findAddress(you);
  assert.ok(target?.kind === 'account');
  const inbox = await world.store.mailbox(target.account.id, 'INBOX');
  assert.equal(inbox?.total, 24 * 25);
  const journeys = await world.store.journeys({ limit: 1000 });
  assert.equal(new Set(journeys.map(({ id }) => id)).size, 24 * 25);
});

test('threads make different ids of journeys', async () => {
  const made = await Promise.all(
    [0, 1, 2].map(
      (number) =>
        new Promise<number[]>((resolve, reject) => {
          const worker = new Worker(new URL('testing/ids-child.ts', import.meta.url), {
            workerData: { number, of: 3, count: 5000 },
          });
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  assert.equal(new Set(made.flat()).size, 15_000);
  for (const ids of made)
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
});

test('threads have the same time, so that no event comes before its cause', async (t) => {
  const worker = new Worker(new URL('testing/clock-child.ts', import.meta.url));
  t.after(() => worker.terminate());
  const nowUs = createClockUs();
  for (let count = 0; count < 20; count += 1) {
    const beforeUs = nowUs();
    worker.postMessage('what time is it?');
    const [toldUs] = (await once(worker, 'message')) as [number];
    const afterUs = nowUs();
    // Rounding of the system's own clocks: a millisecond would be too much.
    assert.ok(beforeUs - 100 <= toldUs && toldUs <= afterUs + 100, `${toldUs - beforeUs}`);
  }
});

test('a port that another program has is refused, though ports are shared', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) =>
    taken.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve),
  );
  const bound = taken.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const listen = { smtp: [`127.0.0.1:${bound.port}`], http: [] };
  const data = mkdtempSync(join(tmpdir(), 'merpati-taken-'));
  const config = defaultConfig({ hostname: 'mx.merpati.test', data, listen });
  const started = startHome(config, realWorld(config.dns), { log: silentLog(), threads: 2 });
  await assert.rejects(started, { code: 'EADDRINUSE' });
  taken.close();
  rmSync(data, { recursive: true });
});

test('one thread for every two cores, at least one', () => {
  assert.deepEqual([1, 2, 3, 4, 8, 64].map(suitable), [1, 1, 1, 2, 4, 8]);
});
