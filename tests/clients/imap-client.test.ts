/** Our IMAP client at our server and at Debian's Dovecot: both must understand it the same way. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ImapClient, readWhole } from '@merpati/client/imap/client.ts';
import { ImapFault } from '@merpati/client/imap/fault.ts';
import { ImapMaildrop } from '@merpati/client/imap/maildrop.ts';
import type { LoginWay } from '@merpati/client/imap/authenticate.ts';
import { fetchMail } from '@merpati/client/pop3/fetch.ts';
import { Dovecot, dovecotAtOnce } from '../peers/dovecot.ts';
import { Folder, makeCertificate, type Certificate } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';
import { requireProgram, whyMissing, type Program } from '../programs.ts';

interface Peer extends AsyncDisposable {
  readonly ports: { readonly imap: number; readonly imaps: number };
  readonly certificate: Certificate;
  readonly ways: readonly LoginWay[];
}

const user = 'you@merpati.test';
const password = 'merpati';

async function startMerpati(): Promise<Peer> {
  const server = await Merpati.start();
  return {
    ports: server.ports,
    certificate: server.certificate,
    ways: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN', 'login'],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startDovecot(): Promise<Peer> {
  const folder = new Folder('imap-client');
  const certificate = await makeCertificate(folder.path, ['localhost']);
  const server = await Dovecot.start({
    users: { [user]: password },
    certificate,
    imap: true,
    settings: dovecotAtOnce,
  });
  return {
    ports: server.ports,
    certificate,
    ways: ['PLAIN', 'LOGIN', 'login'],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const peers = [
  { name: 'us', start: startMerpati, needs: ['openssl'] },
  { name: 'Dovecot', start: startDovecot, needs: ['root', 'dovecot-imap', 'openssl'] },
] as const satisfies readonly {
  readonly name: string;
  readonly start: () => Promise<Peer>;
  readonly needs: readonly Program[];
}[];

function message(subject: string, body = 'Rice.'): Buffer {
  const head = `From: rina@surat.test\r\nTo: ${user}\r\nSubject: ${subject}\r\n`;
  return Buffer.from(`${head}Date: Sat, 21 Nov 2026 09:00:00 +0700\r\n\r\n${body}\r\n`);
}

const upload = (content: Buffer) => ({ octets: content.length, content });

for (const { name, start, needs } of peers) {
  describe(`our client at ${name}`, () => {
    let peer: Peer | undefined;

    before(async () => {
      if (needs.every((program) => whyMissing(program) === null)) peer = await start();
    });
    after(async () => {
      await peer?.[Symbol.asyncDispose]();
    });

    async function open(mechanism?: LoginWay): Promise<ImapClient> {
      assert.ok(peer);
      const client = await ImapClient.connect({
        host: 'localhost',
        port: peer.ports.imaps,
        security: 'implicit',
        trust: { ca: readFileSync(peer.certificate.authorityFile) },
        timeoutMs: 10_000,
      });
      await client.login({ user, password, ...(mechanism === undefined ? {} : { mechanism }) });
      return client;
    }

    test('every way to log in, and STARTTLS', async (t) => {
      if (!requireProgram(t, ...needs) || peer === undefined) return;
      for (const way of peer.ways) {
        await using client = await open(way);
        await client.noop();
        await client.logout();
      }
      const trust = { ca: readFileSync(peer.certificate.authorityFile) };
      const where = { host: 'localhost', port: peer.ports.imap, trust };
      await using client = await ImapClient.connect({ ...where, security: 'starttls' });
      await assert.rejects(client.login({ user, password: 'wrong' }), { code: 'auth' });
      await client.login({ user, password });
    });

    test('mailboxes with names of all kinds', async (t) => {
      if (!requireProgram(t, ...needs)) return;
      await using client = await open();
      const names = ['Surat & kabar', 'Vergütung', '台北/日本語', 'a "quoted\\" one'];
      for (const mailbox of names) await client.create(mailbox);
      const listed = (await client.list('*')).map((one) => one.name);
      for (const mailbox of names)
        assert.ok(listed.includes(mailbox), `${mailbox} in ${listed.join()}`);
      await client.rename('Vergütung', 'Lohn');
      await client.subscribe('Lohn');
      const subscribed = await client.list('*', { subscribed: true });
      assert.ok(subscribed.some((one) => one.name === 'Lohn'));
      await client.append('Lohn', upload(message('one')));
      const status = await client.status('Lohn', ['MESSAGES', 'UIDNEXT', 'UNSEEN']);
      assert.deepEqual(Object.fromEntries(status), { MESSAGES: 1, UIDNEXT: 2, UNSEEN: 1 });
      await client.delete('Lohn');
      await assert.rejects(client.select('Lohn'), ImapFault);
    });

    test('a mailbox is fetched into a Maildir, and what was fetched goes', async (t) => {
      if (!requireProgram(t, ...needs)) return;
      await using client = await open();
      await client.create('Unduh');
      const texts = [message('satu'), message('dua', 'a\r\n.\r\nb'), message('tiga')];
      for (const text of texts) await client.append('Unduh', upload(text));
      using folder = new Folder('maildrop');
      const fetch = async (keep: boolean) => {
        await client.select('Unduh');
        const options = { folder: folder.file('mail'), account: user, keep, nowMs: 0 };
        return await fetchMail(new ImapMaildrop(client), options);
      };
      assert.equal((await fetch(true)).stored.length, 3);
      texts.push(message('empat'));
      await client.append('Unduh', upload(message('empat')));
      const { stored, known, deleted, failed } = await fetch(false);
      assert.deepEqual([stored.length, known, deleted, failed], [1, 3, 4, []]);
      const found = readdirSync(folder.file('mail/new')).map((one) =>
        readFileSync(folder.file(`mail/new/${one}`), 'latin1'),
      );
      assert.deepEqual(found.sort(), texts.map((text) => text.toString('latin1')).sort());
      assert.equal((await client.status('Unduh', ['MESSAGES'])).get('MESSAGES'), 0);
      assert.equal((await fetch(false)).listed, 0);
    });

    test('a message goes in and comes out octet for octet, also compressed', async (t) => {
      if (!requireProgram(t, ...needs)) return;
      await using client = await open();
      await client.create('Bytes');
      assert.equal(await client.compress(), true);
      const body = randomBytes(1_500_000).toString('base64').replace(/.{76}/g, '$&\r\n');
      const contents = [message('small'), message('large', body), message('third')];
      const uploads = contents.map((content) => ({ ...upload(content), flags: ['\\Seen'] }));
      const appended = await client.append('Bytes', ...uploads);
      assert.deepEqual(
        appended.map(({ uid }) => uid),
        [1, 2, 3],
      );
      await client.select('Bytes');
      const found: Buffer[] = [];
      for await (const { octets, content } of client.download('1:*')) {
        const whole = Buffer.from(await readWhole(content));
        assert.equal(whole.length, octets);
        found.push(whole);
      }
      assert.deepEqual(
        found.map((one, index) => one.equals(contents[index] ?? Buffer.alloc(0))),
        [true, true, true],
      );
      for await (const one of client.fetch('2', 'UID RFC822.SIZE ENVELOPE BODYSTRUCTURE')) {
        assert.equal(one.size, contents[1]?.length);
        assert.equal(one.envelope?.subject, 'large');
        assert.deepEqual(one.envelope?.from[0], {
          name: null,
          local: 'rina',
          domain: 'surat.test',
        });
        assert.equal(one.structure?.kind, 'part');
      }
    });

    test('flags, search, copy, move and expunge', async (t) => {
      if (!requireProgram(t, ...needs)) return;
      await using client = await open();
      await client.create('Work');
      await client.create('Done');
      const subjects = ['rice', 'tea', 'coffee', 'rice again'];
      await client.append('Work', ...subjects.map((subject) => upload(message(subject))));
      await client.select('Work');
      await client.store('2,4', ['\\Seen', '$Junk'], { change: 'add' });
      assert.deepEqual(await client.search('UNSEEN'), [1, 3]);
      assert.deepEqual(await client.search('SUBJECT rice'), [1, 4]);
      assert.deepEqual(await client.search('KEYWORD $Junk SUBJECT tea'), [2]);
      const copied = await client.copy('1:2', 'Done');
      assert.deepEqual(
        [copied?.from, copied?.to],
        [
          [1, 2],
          [1, 2],
        ],
      );
      const moved = await client.move('3', 'Done');
      assert.deepEqual([moved?.from, moved?.to], [[3], [3]]);
      await client.store('1', ['\\Deleted'], { change: 'add' });
      await client.expunge('1');
      assert.deepEqual(await client.search('ALL'), [2, 4]);
      assert.equal(client.mailbox?.exists, 2);
      const done = await client.status('Done', ['MESSAGES']);
      assert.equal(done.get('MESSAGES'), 3);
    });

    test('sync tells what changed and what went, and nothing twice', async (t) => {
      if (!requireProgram(t, ...needs)) return;
      await using one = await open();
      await using other = await open();
      await one.create('Sync');
      await one.append('Sync', ...['a', 'b', 'c', 'd'].map((text) => upload(message(text))));
      const first = await other.sync('Sync', null);
      assert.deepEqual([first.isNew, first.changed.length], [true, 4]);
      await other.unselect();
      await one.select('Sync');
      await one.store('2', ['\\Flagged'], { change: 'add' });
      await one.store('3', ['\\Deleted'], { change: 'add' });
      await one.expunge('3');
      await one.append('Sync', upload(message('e')));
      const second = await other.sync('Sync', first.state);
      assert.deepEqual(second.vanished, [3]);
      assert.deepEqual(
        second.changed.map(({ uid }) => uid),
        [2, 5],
      );
      assert.ok(second.changed[0]?.flags.includes('\\Flagged'));
      assert.deepEqual(second.state.uids, [1, 2, 4, 5]);
      await other.unselect();
      const third = await other.sync('Sync', second.state);
      assert.deepEqual([third.vanished, third.changed], [[], []]);
    });

    test('who idles hears at once', async (t) => {
      if (!requireProgram(t, ...needs)) return;
      await using listener = await open();
      await using writer = await open();
      await writer.create('News');
      await listener.select('News');
      const appended = writer.append('News', upload(message('news')));
      for await (const heard of listener.idle()) {
        if (heard.kind !== 'exists' || heard.number === 0) continue;
        assert.equal(heard.number, 1);
        break;
      }
      await appended;
      await listener.noop();
      await listener.logout();
    });
  });
}
