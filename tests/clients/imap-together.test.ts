/**
 * Two IMAP devices and a POP3 device at the same mailbox, at random and all at once: in the end
 * each believes the same, and what each was told on the way agrees with what it believes.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ImapClient } from '@merpati/client/imap/client.ts';
import { ImapFault } from '@merpati/client/imap/fault.ts';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { Pop3Fault } from '@merpati/client/pop3/fault.ts';
import { contentOf } from '@merpati/client/smtp/content.ts';
import { openSession } from '@merpati/client/smtp/open-session.ts';
import type { Response } from '@merpati/formats/imap/response.ts';
import { createRandom, type Random } from '../fuzz/mutate.ts';
import { Merpati } from '../peers/merpati.ts';
import { requireProgram } from '../programs.ts';

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);
const steps = 150;
const user = 'you@merpati.test';
const password = 'merpati';
const flags = ['\\Seen', '\\Flagged', '\\Answered', '$Work'];

let server: Merpati;

before(async () => {
  server = await Merpati.start();
});
after(async () => {
  const bugs = await server.bugs();
  await server[Symbol.asyncDispose]();
  assert.equal(bugs, 0);
});

const trust = () => ({ ca: readFileSync(server.certificate.authorityFile) });

const messageText = (number: number): Buffer =>
  Buffer.from(`From: rina@surat.test\r\nSubject: Number ${number}\r\n\r\nText ${number}.\r\n`);

/** A device that keeps what it is told: which UID has which number, and its flags. */
class Device {
  readonly client: ImapClient;
  readonly uids: (number | null)[] = [];
  readonly flags = new Map<number, string>();

  private constructor(client: ImapClient) {
    this.client = client;
  }

  static async open(): Promise<Device> {
    const told: { device: Device | null } = { device: null };
    const client = await ImapClient.connect({
      host: 'localhost',
      port: server.ports.imaps,
      security: 'implicit',
      trust: trust(),
      onResponse: (response) => told.device?.hear(response),
    });
    await client.login({ user, password });
    const device = new Device(client);
    told.device = device;
    await client.select('INBOX');
    await device.look();
    return device;
  }

  hear(response: Response): void {
    if (response.kind === 'exists') {
      assert.ok(response.number >= this.uids.length, 'EXISTS takes messages away');
      while (this.uids.length < response.number) this.uids.push(null);
    } else if (response.kind === 'expunge') {
      assert.ok(response.number <= this.uids.length, 'an EXPUNGE of what is not there');
      const [uid] = this.uids.splice(response.number - 1, 1);
      if (typeof uid === 'number') this.flags.delete(uid);
    } else if (response.kind === 'fetch' && response.number !== null) {
      const { uid, flags: now } = response.fetched;
      const known = this.uids[response.number - 1];
      assert.ok(known !== undefined, 'a FETCH of what is not there');
      if (uid !== null) {
        assert.ok(known === null || known === uid, `number ${response.number} changed its UID`);
        this.uids[response.number - 1] = uid;
      }
      const owner = uid ?? known;
      // `\Recent` is each session's own. RFC 3501 §2.3.2.
      const lasting = now?.filter((flag) => flag !== '\\Recent').toSorted();
      if (lasting && owner !== null) this.flags.set(owner, lasting.join(' '));
    }
  }

  async look(): Promise<void> {
    await this.client.noop();
    if (this.uids.length === 0) return;
    for await (const _ of this.client.fetch('1:*', 'UID FLAGS')) {
      // `hear` has it already.
    }
  }

  /** Something that people do. */
  async act(random: Random, number: number): Promise<void> {
    const uid = this.uids[random.below(Math.max(this.uids.length, 1))] ?? null;
    const flag = flags[random.below(flags.length)] ?? '\\Seen';
    switch (random.below(7)) {
      case 0: {
        const content = messageText(number);
        await this.client.append('INBOX', { octets: content.length, content });
        return;
      }
      case 1:
      case 2:
        if (uid !== null) await this.client.store(String(uid), [flag], { change: 'add' });
        return;
      case 3:
        if (uid !== null) await this.client.store(String(uid), [flag], { change: 'remove' });
        return;
      case 4:
        if (uid === null) return;
        await this.client.store(String(uid), ['\\Deleted'], { change: 'add' });
        await this.client.expunge(String(uid));
        return;
      case 5:
        if (uid !== null) await this.client.move(String(uid), 'Archive').catch(onlyRefused);
        return;
      default:
        await this.look();
    }
  }
}

/** Another device was faster: the message is not there any more. */
function onlyRefused(error: unknown): void {
  if (!(error instanceof ImapFault) || error.code === 'protocol') throw error;
}

/** Comes, takes some of what is there, goes; another device may have the maildrop. */
async function popRound(random: Random): Promise<void> {
  await using client = await Pop3Client.connect({
    host: 'localhost',
    port: server.ports.pop3s,
    security: 'implicit',
    trust: trust(),
  });
  try {
    await client.login({ user, password });
    const sizes = await client.list();
    for (const number of sizes.keys()) {
      if (random.below(4) > 0) continue;
      let octets = 0;
      for await (const piece of await client.retr(number)) octets += piece.length;
      assert.equal(octets, sizes.get(number));
      await client.dele(number);
    }
    await client.quit();
  } catch (error) {
    // IMAP has taken a message away that was listed.
    if (!(error instanceof Pop3Fault) || error.code === 'protocol') throw error;
  }
}

async function deliver(number: number): Promise<void> {
  await using client = await openSession({
    host: '127.0.0.1',
    port: server.ports.smtp,
    security: 'none',
    helloName: 'client.test',
  });
  const envelope = { from: 'rina@surat.test', recipients: [{ address: user }] };
  const [sent] = await client.send(envelope, contentOf(messageText(number)));
  assert.equal(sent?.kind, 'accepted');
}

test(`three devices and a sender, TEST_SEED=${seed}`, async (t) => {
  if (!requireProgram(t, 'openssl')) return;
  const random = createRandom(seed);
  for (let number = 0; number < 20; number += 1) await deliver(number);
  const devices = [await Device.open(), await Device.open()];
  const live = devices.map(async (device, index) => {
    for (let step = 0; step < steps; step += 1) await device.act(random, (index + 1) * 1000 + step);
  });
  const pop = (async () => {
    for (let round = 0; round < 8; round += 1) await popRound(random);
  })();
  const sender = (async () => {
    for (let number = 100; number < 130; number += 1) await deliver(number);
  })();
  await Promise.all([...live, pop, sender]);

  const views = [];
  for (const device of devices) {
    await device.look();
    views.push(device.uids.map((uid) => [uid, device.flags.get(uid ?? 0)]));
  }
  assert.deepEqual(views[0], views[1]);
  const fresh = await Device.open();
  assert.deepEqual(
    fresh.uids.map((uid) => [uid, fresh.flags.get(uid ?? 0)]),
    views[0],
  );
  assert.deepEqual(await fresh.client.search('ALL'), fresh.uids);
  await using last = await Pop3Client.connect({
    host: 'localhost',
    port: server.ports.pop3s,
    security: 'implicit',
    trust: trust(),
  });
  await last.login({ user, password });
  assert.equal((await last.stat()).messages, fresh.uids.length);
  for (const { client } of [...devices, fresh]) await client.logout();
});
