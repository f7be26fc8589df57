/**
 * Signing through the real path: a user hands a message in, it goes through the queue to another
 * server, and what that one got is verified with the records that the domain publishes.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DkimVerifier } from '@merpati/formats/auth/dkim.ts';
import { settleCheck } from '@merpati/formats/auth/dns-facts.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { startScriptedSmtp, type ScriptedSmtp } from '@merpati/client/testing/scripted-smtp.ts';
import { replyText } from '@merpati/formats/smtp/reply.ts';
import { readJourneyId, type RecordedEvent } from '@merpati/store/journey.ts';
import { authCrypto } from '../checks/auth-crypto.ts';
import { askResolver } from '../checks/dns-facts.ts';
import { startQueue, type QueueRunner } from '../queue/runner.ts';
import type { RecordData } from '@merpati/formats/dns/message.ts';
import { smtpHome, waitFor, type SmtpHome } from '../testing/smtp-home.ts';
import { answersFrom } from '../testing/scripted-dns.ts';
import { createTestWorld, type TestWorld } from '../testing/test-world.ts';
import { careForKeys, ensureKeys, rotateKeys } from './key-care.ts';
import { readKeys } from './key-record.ts';
import { keyRecordText } from './keys.ts';

const text = (value: string): RecordData => {
  const octets = Buffer.from(value);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += 255) strings.push(octets.subarray(at, at + 255));
  return { type: 'TXT', strings };
};

interface Scene extends AsyncDisposable {
  readonly home: SmtpHome;
  readonly world: TestWorld;
  readonly zone: Map<string, RecordData[]>;
  readonly there: ScriptedSmtp;
  /** Puts all records of the domain's keys where the world finds them. */
  publish(domain: string): Promise<void>;
  /** Hands it in as `you@merpati.test`; answers its journey and what the other server got. */
  send(letter: string | Buffer, envelope?: Envelope): Promise<{ got: Buffer; id: string }>;
  verify(message: Buffer): Promise<string[]>;
  events(id: string): Promise<readonly RecordedEvent[]>;
}

interface Envelope {
  readonly to?: string;
  readonly body?: string;
}

async function setUp(extensions: readonly string[] = ['8BITMIME']): Promise<Scene> {
  const zone = new Map<string, RecordData[]>([
    ['merpati.test', [{ type: 'NS', target: 'ns.merpati.test' }]],
    ['ns.merpati.test', [{ type: 'A', address: '127.0.0.53' }]],
    ['surat.test', [{ type: 'MX', preference: 10, exchange: 'mx.surat.test' }]],
    ['mx.surat.test', [{ type: 'A', address: '127.0.1.1' }]],
  ]);
  const world = await createTestWorld({});
  world.scriptedDns.answer = (asked) => answersFrom(Object.fromEntries(zone))(asked);
  const there = await startScriptedSmtp({ extensions });
  world.places.set('127.0.1.1', there.port);
  const home = await smtpHome({ world });
  await home.addDomain('merpati.test');
  await home.addAccount('you@merpati.test');
  const queue: QueueRunner = startQueue(home.home);
  const scene: Scene = {
    home,
    world,
    zone,
    there,
    async publish(domain) {
      const { generations } = await ensureKeys(home.home, domain);
      for (const { keys, state } of generations) {
        for (const key of keys) {
          const record = text(keyRecordText(key, state === 'revoked'));
          zone.set(`${key.selector}._domainkey.${domain}`, [record]);
        }
      }
    },
    async send(letter, { to = 'friend@surat.test', body } = {}) {
      const before = there.messages.length;
      using dialogue = await home.login('you@merpati.test');
      const parameter = body === undefined ? '' : ` BODY=${body}`;
      await dialogue.say(`MAIL FROM:<you@merpati.test>${parameter}`, 250);
      await dialogue.say(`RCPT TO:<${to}>`, 250);
      await dialogue.say('DATA', 354);
      const stuffed = Buffer.from(letter).toString('latin1').replace(/^\./gm, '..');
      dialogue.raw(Buffer.from(`${stuffed}.\r\n`, 'latin1'));
      const reply = replyText(await dialogue.reply());
      const id = /Ok: (\w+)/.exec(reply)?.[1] ?? '';
      assert.notEqual(id, '', reply);
      if (!to.endsWith('@surat.test')) return { got: Buffer.alloc(0), id };
      const got = await waitFor(async () => there.messages[before]?.body ?? null);
      return { got, id };
    },
    async verify(message) {
      const head = readHead(message);
      const nowSeconds = Math.floor(world.nowMs() / 1000);
      const verifier = new DkimVerifier(head, authCrypto, { nowSeconds, allowLegacy: false });
      verifier.write(message.subarray(head.length));
      const ask = (question: Parameters<typeof askResolver>[1]) =>
        askResolver(world.nameServer('127.0.0.53'), question);
      const results = await settleCheck(verifier.finish(), ask);
      return results.map(({ result, domain, selector }) => `${result} ${domain} ${selector}`);
    },
    async events(id) {
      const journey = readJourneyId(id);
      const found = journey === null ? null : await home.home.store.journey(journey);
      return found?.events ?? [];
    },
    async [Symbol.asyncDispose]() {
      await queue.stop();
      await home[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
  return scene;
}

const plain =
  'From: You <you@merpati.test>\r\nTo: friend@surat.test\r\nSubject: hi\r\n\r\nhello\r\n';

async function ready(extensions?: readonly string[]): Promise<Scene> {
  const scene = await setUp(extensions);
  await scene.publish('merpati.test');
  await careForKeys(scene.home.home, 'merpati.test');
  return scene;
}

function both(id: string, domain = 'merpati.test', verdict = 'pass'): string[] {
  return [`${verdict} ${domain} ${id}`, `${verdict} ${domain} ${id}-ed`];
}

async function currentId(scene: Scene): Promise<string> {
  const { generations } = await readKeys(scene.home.home.store, 'merpati.test');
  return generations.find(({ state }) => state === 'signing')?.id ?? '';
}

describe('what the next server gets verifies', () => {
  test('a plain message; fields that we add ourselves; the journey tells', async () => {
    await using scene = await ready();
    const { got, id } = await scene.send(plain);
    const selector = await currentId(scene);
    assert.deepEqual(await scene.verify(got), both(selector));
    const field = got.toString('latin1');
    // Date and Message-ID were lacking, are ours, and are signed like the rest.
    assert.match(field, /^Received: .*\r\nDKIM-Signature: .*Date: .*Message-ID: .*From: /s);
    assert.match(field.replaceAll(/\s+/g, ''), /h=from:from:sender:reply-to:subject:subject:date/);
    const event = (await scene.events(id)).find(({ stage }) => stage === 'sign');
    assert.deepEqual(event?.args, {
      domain: 'merpati.test',
      selectors: [selector, `${selector}-ed`],
      algorithms: ['rsa-sha256', 'ed25519-sha256'],
    });
    const order = (await scene.events(id)).map(({ stage }) => stage);
    assert.ok(order.indexOf('sign') < order.indexOf('queue'));
  });

  test('8-bit text goes as it was signed', async () => {
    await using scene = await ready();
    const letter = Buffer.from(
      plain.replace('hello', 'Selamat pagi, Größe \u00e9 \u{1f426}  \t \r\n\r\n..dot\r\n.x'),
    );
    const { got } = await scene.send(letter, { body: '8BITMIME' });
    assert.deepEqual(await scene.verify(got), both(await currentId(scene)));
  });

  test('three megabytes, which no memory holds as one', async () => {
    await using scene = await ready();
    const line = `${'kata '.repeat(14)} \r\n`;
    const letter = Buffer.from(plain + line.repeat(Math.ceil(3_000_000 / line.length)));
    const { got } = await scene.send(letter);
    assert.ok(got.length > 3_000_000);
    assert.deepEqual(await scene.verify(got), both(await currentId(scene)));
  });

  test('nothing behind the header, or no header closed by an empty line', async () => {
    await using scene = await ready();
    const selector = await currentId(scene);
    const head = 'From: you@merpati.test\r\nSubject: empty\r\n';
    for (const letter of [`${head}\r\n`, head, `${head}\r\n\r\n\r\n`]) {
      const { got } = await scene.send(letter);
      assert.deepEqual(await scene.verify(got), both(selector));
    }
  });

  test('what is added on the way is seen: another From, another Subject', async () => {
    await using scene = await ready();
    const { got } = await scene.send(plain);
    const selector = await currentId(scene);
    for (const field of ['From: boss@merpati.test', 'Subject: urgent', 'Reply-To: x@evil.test']) {
      const forged = Buffer.concat([Buffer.from(`${field}\r\n`), got]);
      assert.deepEqual(await scene.verify(forged), both(selector, 'merpati.test', 'fail'));
    }
    const changed = Buffer.from(got.toString('latin1').replace('hello', 'hallo'), 'latin1');
    assert.deepEqual(await scene.verify(changed), both(selector, 'merpati.test', 'fail'));
  });
});

describe('who signs', () => {
  test('nobody before the records are seen; the journey says why', async () => {
    await using scene = await setUp();
    const { got: bare, id: first } = await scene.send(plain);
    assert.deepEqual(await scene.verify(bare), []);
    assert.equal(
      (await scene.events(first)).find(({ stage }) => stage === 'sign'),
      undefined,
    );
    await ensureKeys(scene.home.home, 'merpati.test');
    await careForKeys(scene.home.home, 'merpati.test');
    const { got, id } = await scene.send(plain);
    assert.deepEqual(await scene.verify(got), []);
    const codes = (await scene.events(id)).map(({ code }) => code);
    assert.ok(codes.includes('sign.waiting'));
  });

  test('a sub-domain is signed by the domain above it, an alias by its own keys', async () => {
    await using scene = await ready();
    const { home } = scene;
    await home.addDomain('toko.test', { aliasOf: 'merpati.test' });
    scene.zone.set('toko.test', [{ type: 'NS', target: 'ns.merpati.test' }]);
    await scene.publish('toko.test');
    await careForKeys(home.home, 'toko.test');
    const { got } = await scene.send(plain.replace('you@merpati.test', 'you@toko.test'));
    const [one] = (await readKeys(home.home.store, 'toko.test')).generations;
    assert.deepEqual(await scene.verify(got), both(one?.id ?? '', 'toko.test'));
    const ring = await home.home.keyRing.find('kabar.merpati.test');
    assert.equal(ring?.domain, 'merpati.test');
    assert.equal(await home.home.keyRing.find('orang-lain.test'), null);
  });

  test('copies here have the signature too', async () => {
    await using scene = await ready();
    await scene.home.addAccount('rina@merpati.test');
    await scene.send(plain, { to: 'rina@merpati.test' });
    const rina = (await scene.home.home.store.accounts()).find(({ address }) =>
      address.startsWith('rina@'),
    );
    assert.ok(rina !== undefined);
    const [message] = await scene.home.inbox(rina.id);
    assert.deepEqual(await scene.verify(message ?? Buffer.alloc(0)), both(await currentId(scene)));
  });

  test('what an alias passes on keeps the signature of its sender, and gets none', async () => {
    await using scene = await ready();
    await scene.home.addAlias('info@merpati.test', 'friend@surat.test');
    using dialogue = await scene.home.open();
    const letter = plain.replace('you@merpati.test', 'a@asing.test');
    await dialogue.deliver('a@asing.test', 'info@merpati.test', letter);
    const got = await waitFor(async () => scene.there.messages[0]?.body ?? null);
    assert.deepEqual(await scene.verify(got), []);
  });
});

test('keys change while mail flows, and what was signed before still verifies', async () => {
  await using scene = await ready();
  const { home } = scene.home;
  const first = await currentId(scene);
  const { got: early } = await scene.send(plain);
  await rotateKeys(home, 'merpati.test');
  await careForKeys(home, 'merpati.test');
  assert.equal(await currentId(scene), first);
  await scene.publish('merpati.test');
  await careForKeys(home, 'merpati.test');
  const second = await currentId(scene);
  assert.notEqual(second, first);
  const { got: late } = await scene.send(plain);
  assert.deepEqual(await scene.verify(late), both(second));
  assert.deepEqual(await scene.verify(early), both(first));
  // Five days of queue and an hour of caches later nothing needs the old ones.
  scene.world.aheadMs += (home.config.queue.expire_after_s + 3601) * 1000;
  await careForKeys(home, 'merpati.test');
  await scene.publish('merpati.test');
  assert.deepEqual(await scene.verify(late), both(second));
  assert.deepEqual(await scene.verify(early), both(first, 'merpati.test', 'permerror'));
  // And by themselves, when their time has come.
  scene.world.aheadMs += 90 * 86_400_000;
  const { generations } = await careForKeys(home, 'merpati.test');
  assert.deepEqual(
    generations.map(({ state }) => state),
    ['signing', 'waiting'],
  );
});
