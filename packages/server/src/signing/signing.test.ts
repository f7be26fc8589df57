/**
 * Signing through the real path: a user hands a message in, it goes through the queue to another
 * server, and what that one got is verified with the records that the domain publishes.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  letter as plain,
  readyHome as ready,
  signingHome as setUp,
  type SigningHome,
} from '../testing/signing-home.ts';
import { replyText } from '@merpati/formats/smtp/reply.ts';
import { waitFor } from '../testing/smtp-home.ts';
import { careForKeys, ensureKeys, rotateKeys, startKeyCare } from './key-care.ts';
import { readKeys } from './key-record.ts';

function both(id: string, domain = 'merpati.test', verdict = 'pass'): string[] {
  return [`${verdict} ${domain} ${id}`, `${verdict} ${domain} ${id}-ed`];
}

async function currentId(scene: SigningHome): Promise<string> {
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

  test('by BDAT, cut within the header and within a line', async () => {
    await using scene = await ready(['8BITMIME', 'CHUNKING', 'BINARYMIME']);
    using dialogue = await scene.home.login('you@merpati.test');
    await dialogue.say('MAIL FROM:<you@merpati.test> BODY=BINARYMIME', 250);
    await dialogue.say('RCPT TO:<friend@surat.test>', 250);
    const letter = Buffer.from(`${plain}a\rb\nc \t\r\n\x00\xff`, 'latin1');
    for (const [from, to] of [
      [0, 30],
      [30, 72],
      [72, letter.length],
    ] as const) {
      const last = to === letter.length ? ' LAST' : '';
      dialogue.raw(`BDAT ${to - from}${last}\r\n`);
      dialogue.raw(letter.subarray(from, to));
      await dialogue.expect(250);
    }
    const got = await waitFor(async () => scene.there.messages[0]?.body ?? null);
    assert.deepEqual(await scene.verify(got), both(await currentId(scene)));
  });

  test('a server that takes 7 bits only gets nothing, rather than something else', async () => {
    await using scene = await ready([]);
    using dialogue = await scene.home.login('you@merpati.test');
    await dialogue.say('MAIL FROM:<you@merpati.test> BODY=8BITMIME', 250);
    await dialogue.say('RCPT TO:<friend@surat.test>', 250);
    await dialogue.say('DATA', 354);
    dialogue.raw(Buffer.from(`${plain}Größe\r\n.\r\n`));
    const id = /Ok: (\w+)/.exec(replyText(await dialogue.expect(250)))?.[1] ?? '';
    const codes = await waitFor(async () => {
      const told = (await scene.events(id)).map(({ code }) => code);
      return told.includes('notice.sent') ? told : null;
    });
    assert.ok(codes.includes('sign.dkim'));
    assert.equal(scene.there.messages.length, 0);
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

  test('what we write ourselves: a report of success, in the name of the host', async () => {
    await using scene = await ready();
    using dialogue = await scene.home.open();
    await dialogue.say('MAIL FROM:<friend@surat.test>', 250);
    await dialogue.say('RCPT TO:<you@merpati.test> NOTIFY=SUCCESS', 250);
    await dialogue.say('DATA', 354);
    dialogue.raw(`${plain}.\r\n`);
    await dialogue.expect(250);
    const got = await waitFor(async () => scene.there.messages[0]?.body ?? null);
    assert.match(got.toString('latin1'), /^From: .*postmaster@mx\.merpati\.test/m);
    assert.deepEqual(await scene.verify(got), both(await currentId(scene)));
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

test('in the background: keys are made, seen and used; stopped, it rests', async () => {
  await using scene = await setUp();
  const { home } = scene.home;
  const care = startKeyCare(home);
  await waitFor(async () => {
    const { generations } = await readKeys(home.store, 'merpati.test');
    return generations.length > 0 ? true : null;
  });
  await scene.publish('merpati.test');
  // As every command does that changes something.
  home.keyRing.forget();
  await waitFor(async () => ((await currentId(scene)) === '' ? null : true));
  await care.stop();
  await home.store.editDirectory({
    kind: 'domain-put',
    domain: { name: 'baru.test', aliasOf: null, catchAll: null, createdMs: 0 },
  });
  home.keyRing.forget();
  const { generations } = await readKeys(home.store, 'baru.test');
  assert.deepEqual(generations, []);
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
