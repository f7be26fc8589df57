import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { contentOf } from '@merpati/client/smtp/content.ts';
import { openSession } from '@merpati/client/smtp/open-session.ts';
import { compose } from '@merpati/formats/message/compose.ts';
import { makeMailbox } from '@merpati/formats/message/address.ts';
import { readContent, readMime } from '@merpati/formats/message/mime.ts';
import { fileNameOf } from '@merpati/formats/message/part.ts';
import { replyText } from '@merpati/formats/smtp/reply.ts';
import type { LabFault } from '../admin/lab-control.ts';
import { defaultConfig } from '../config/read.ts';
import { verdictOf } from '../journey/verdict.ts';
import type { JourneyView } from '../journey/view.ts';
import { sentenceOf } from '../journey/words.ts';
import { silentLog } from '../observe/log.ts';
import { realWorld } from '../real-world.ts';
import { fetchAsFriend, sendFirstMessage } from './first-message.ts';
import { startLab, type Lab } from './lab.ts';
import { pigeonPng } from './pigeon.ts';
import { startAnywhere } from './ports.ts';

const first = { subject: 'Halo', text: 'Apa kabar?\n', attachmentName: 'merpati.png' };

function startIn(folder: string): Promise<Lab> {
  const fixed = { real: realWorld(defaultConfig({}).dns), log: silentLog, version: '0' };
  return startAnywhere(Math.random, '127.0.0.1', (ports) => startLab({ folder, ports, ...fixed }));
}

async function makeLab(t: TestContext, data?: string): Promise<Lab> {
  const folder = data ?? mkdtempSync(path.join(os.tmpdir(), 'merpati-lab-'));
  const lab = await startIn(folder);
  t.after(async () => {
    for (const home of lab.context.homes) {
      const { values } = await home.metrics.bugs.get();
      assert.equal(values[0]?.value ?? 0, 0, 'bugs');
    }
    await lab.stop();
    if (data === undefined) rmSync(folder, { recursive: true });
  });
  return lab;
}

interface Mail {
  readonly to: readonly string[];
  readonly bcc?: readonly string[];
  readonly subject?: string;
  readonly requireTls?: boolean;
}

const mailbox = (address: string) => {
  const [local = '', domain = ''] = address.split('@');
  return makeMailbox(null, local, domain);
};

/** By the real way, from you; answers the id of the journey. */
async function send(lab: Lab, mail: Mail): Promise<string> {
  const [you] = lab.accounts;
  const bcc = mail.bcc ?? [];
  await using client = await openSession({
    host: 'localhost',
    port: lab.ports.servers[0].submission,
    security: 'starttls',
    ca: [lab.authority.certificate],
    helloName: 'laptop.test',
    credentials: { user: you.address, password: you.password },
  });
  const seed = Math.random().toString(36).slice(2);
  const octets = compose({
    from: mailbox(you.address),
    to: mail.to.map(mailbox),
    bcc: bcc.map(mailbox),
    subject: mail.subject ?? 'Halo',
    dateMs: Date.now(),
    messageId: `${seed}@merpati.test`,
    text: 'x',
    utf8: false,
    boundarySeed: seed,
  });
  const recipients = [...mail.to, ...bcc].map((address) => ({ address }));
  const { requireTls = false } = mail;
  const envelope = { from: you.address, recipients, requireTls };
  const [result] = await client.send(envelope, contentOf(octets));
  assert.equal(result?.kind, 'accepted');
  const id = / ([0-9a-z]{10})$/.exec(replyText(result.reply))?.[1];
  assert.ok(id);
  return id;
}

/** Until the journey is as wanted. */
async function until(
  lab: Lab,
  id: string | null,
  wanted: (view: JourneyView) => boolean,
): Promise<JourneyView> {
  const endMs = Date.now() + 60_000;
  for (;;) {
    const view = await lab.connection.call('journey.show', { id });
    if (wanted(view)) return view;
    if (Date.now() > endMs) assert.fail(`it stays ${JSON.stringify(verdictOf(view))}`);
    await delay(10);
  }
}

const kindOf = (view: JourneyView) => verdictOf(view).kind;
const codesOf = (view: JourneyView) => view.events.map((event) => event.code);
const fault = (lab: Lab, name: LabFault, on: boolean) =>
  lab.connection.call('lab.fault', { fault: name, on });
const retry = (lab: Lab) => lab.connection.call('queue.edit', { verb: 'retry' });

describe('the lab', { concurrency: 4 }, () => {
  test('from click to inbox to POP3, with one journey over both servers', async (t) => {
    const startedMs = performance.now();
    const lab = await makeLab(t);
    const reply = await sendFirstMessage(lab, first);
    const view = await until(
      lab,
      null,
      (one) => kindOf(one) === 'inbox' && codesOf(one).includes('smtp.accepted'),
    );
    assert.ok(reply.includes(view.head.id));
    const tookMs = performance.now() - startedMs;
    t.diagnostic(`${Math.round(tookMs)} ms from the start of the lab to the inbox`);

    const codes = codesOf(view);
    const way = ['click.told', 'submit.login', 'submit.message', 'queue.queued', 'dns.mx.signed'];
    way.push('connect.ok', 'tls.dane.right', 'smtp.dialogue', 'receive.message', 'store.stored');
    let at = -1;
    for (const code of way) {
      assert.ok(codes.indexOf(code) > at, `${code} in ${codes.join(' ')}`);
      at = codes.indexOf(code);
    }
    for (const code of codes) assert.ok(sentenceOf(code) !== null, `no sentence for ${code}`);
    assert.deepEqual([...new Set(view.events.map((event) => event.server))].sort(), [
      'mx.merpati.test',
      'mx.surat.test',
    ]);
    const text = JSON.stringify(view);
    const base64 = (secret: string) => Buffer.from(secret).toString('base64').replace(/=*$/, '');
    for (const secret of ['"merpati"', base64('\0you@merpati.test\0merpati'), 'Apa kabar']) {
      assert.ok(!text.includes(secret), `a secret in the journey: ${secret}`);
    }

    const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-friend-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const fetched = await fetchAsFriend(lab, folder);
    assert.equal(fetched.stored.length, 1);
    assert.equal(fetched.deleted, 0);
    const [file = ''] = readdirSync(path.join(folder, 'new'));
    const message = readFileSync(path.join(folder, 'new', file));
    const { root, faults } = readMime(message);
    assert.deepEqual(faults, []);
    const picture = root.parts.find((part) => fileNameOf(part) === 'merpati.png');
    assert.ok(picture);
    assert.deepEqual(Buffer.from(readContent(message, picture)), Buffer.from(pigeonPng()));
    const read = await until(lab, null, (one) => codesOf(one).includes('read.pop3'));
    assert.equal(kindOf(read), 'inbox');
    const again = await fetchAsFriend(lab, folder);
    assert.deepEqual([again.stored.length, again.known], [0, 1]);
  });

  test('a fault delays, says why and when again; switched off, the message arrives', async (t) => {
    const lab = await makeLab(t);
    // Greylisting wants two seconds of patience; the resolver forgets what it knows in one or two.
    const table: [fault: LabFault, code: string, beforeMs: number, afterMs: number][] = [
      ['greylist', 'smtp.refused', 0, 2100],
      ['busy', 'smtp.failed', 0, 0],
      ['down', 'connect.failed', 0, 0],
      ['full', 'smtp.refused', 0, 0],
      ['dns-servfail', 'dns.failed', 1100, 2100],
      ['dns-timeout', 'dns.failed', 1100, 2100],
    ];
    for (const [name, code, beforeMs, afterMs] of table) {
      await fault(lab, name, true);
      await delay(beforeMs);
      const id = await send(lab, { to: ['friend@surat.test'] });
      const late = await until(lab, id, (one) => kindOf(one) === 'delayed');
      const verdict = verdictOf(late).lanes[0]?.verdict;
      assert.ok(verdict?.kind === 'delayed' && (verdict.dueMs ?? 0) > Date.now() - 1000, name);
      assert.ok(codesOf(late).includes(code), `${name}: ${codesOf(late).join(' ')}`);
      await fault(lab, name, false);
      await delay(afterMs);
      await retry(lab);
      const done = await until(lab, id, (one) => kindOf(one) === 'inbox');
      assert.ok(codesOf(done).includes('queue.retried'), name);
    }
  });

  test('who takes TLS away gets nothing: the signed DNS describes the certificate', async (t) => {
    const lab = await makeLab(t);
    const table: [LabFault, string, string][] = [
      ['no-tls', 'tls.missing', '4.7.10'],
      ['bad-certificate', 'tls.wrong', '4.7.5'],
    ];
    for (const [name, code, status] of table) {
      await fault(lab, name, true);
      const id = await send(lab, { to: ['friend@surat.test'] });
      const late = await until(lab, id, (one) => kindOf(one) === 'delayed');
      assert.ok(codesOf(late).includes(code), `${name}: ${codesOf(late).join(' ')}`);
      const told = late.events.find((event) => event.code === 'queue.later');
      assert.equal(told?.args?.status, status);
      await fault(lab, name, false);
      await retry(lab);
      const done = await until(lab, id, (one) => kindOf(one) === 'inbox');
      assert.ok(codesOf(done).includes('tls.dane.right'), codesOf(done).join(' '));
    }
  });

  test('REQUIRETLS is handed on to a server that promises it, or comes back', async (t) => {
    const lab = await makeLab(t);
    const id = await send(lab, { to: ['friend@surat.test'], requireTls: true });
    const done = await until(lab, id, (one) => kindOf(one) === 'inbox');
    const dialogue = done.events.find(({ code }) => code === 'smtp.dialogue');
    const said = dialogue?.lines?.find(({ text }) => text.startsWith('MAIL FROM:'));
    assert.match(said?.text ?? '', / REQUIRETLS/);
    assert.ok(said?.tls);
    const note = dialogue?.lines?.find(({ text }) => text.startsWith('(TLSv1.'));
    assert.match(note?.text ?? '', /certificate of mx\.surat\.test by Merpati lab until 20/);
    await fault(lab, 'no-dnssec', true);
    await delay(1100);
    const again = await send(lab, { to: ['friend@surat.test'], requireTls: true });
    const failed = await until(lab, again, (one) => kindOf(one) === 'failed');
    assert.ok(codesOf(failed).includes('tls.unvouched'), codesOf(failed).join(' '));
    const [lane] = verdictOf(failed).lanes;
    assert.ok(lane?.verdict.kind === 'failed' && /REQUIRETLS/.test(lane.verdict.reply));
  });

  test('faults that mail goes through all the same, where no DNSSEC helps', async (t) => {
    const lab = await makeLab(t);
    await fault(lab, 'no-dnssec', true);
    const table: [LabFault, string][] = [
      ['no-tls', 'tls.none'],
      ['bad-certificate', 'tls.unverified'],
      ['slow', 'smtp.accepted'],
    ];
    for (const [name, code] of table) {
      await fault(lab, name, true);
      const id = await send(lab, { to: ['friend@surat.test'] });
      const done = await until(
        lab,
        id,
        (one) => kindOf(one) === 'inbox' && codesOf(one).includes('smtp.accepted'),
      );
      assert.ok(codesOf(done).includes(code), `${name}: ${codesOf(done).join(' ')}`);
      await fault(lab, name, false);
      await lab.connection.call('queue.edit', { verb: 'retry' });
    }
    await fault(lab, 'no-dnssec', false);
    assert.deepEqual(await lab.connection.call('lab.fault', {}), []);
  });

  test('who forges is refused; a forwarder that writes below breaks what was proven', async (t) => {
    const lab = await makeLab(t);
    const { connection } = lab;
    const on = (name: LabFault, domain: string) =>
      connection.call('lab.fault', { fault: name, on: true, domain });
    const judged = async (to: string) => {
      const id = await send(lab, { to: [to] });
      const view = await until(lab, id, (one) => codesOf(one).includes('store.stored'));
      return codesOf(view).filter((code) => /^(?:spf|dkim|dmarc)\./.test(code));
    };
    const refused = async (to: string) => {
      const id = await send(lab, { to: [to] });
      const { lanes } = verdictOf(await until(lab, id, (one) => kindOf(one) === 'failed'));
      const [verdict] = lanes.map((lane) => lane.verdict);
      return verdict?.kind === 'failed' ? verdict.reply : '';
    };
    assert.deepEqual(await judged('friend@surat.test'), [
      'spf.pass',
      'dkim.pass',
      'dkim.pass',
      'dmarc.pass',
    ]);
    // Back by way of an alias: our address has sent it, theirs brings it.
    const targets = ['you@merpati.test'];
    await connection.call('alias.put', { address: 'balik@surat.test', targets, mode: 'add' });
    const back = await judged('balik@surat.test');
    assert.deepEqual(back.slice(-4), ['spf.fail', 'dkim.pass', 'dkim.pass', 'dmarc.pass']);
    await on('breaks-dkim', 'surat.test');
    assert.match(await refused('balik@surat.test'), /^550 5\.7\.26 .* SPF fail, DKIM fail,/);
    await on('wrong-spf', 'merpati.test');
    await delay(2100);
    const moved = await judged('friend@surat.test');
    assert.deepEqual(moved.slice(-4), ['spf.fail', 'dkim.pass', 'dkim.pass', 'dmarc.pass']);
    await on('forged-sender', 'merpati.test');
    assert.match(await refused('friend@surat.test'), /^550 5\.7\.26 .* SPF fail, DKIM none,/);
  });

  test('a domain that does not exist bounces at once, and the sender is told', async (t) => {
    const lab = await makeLab(t);
    const id = await send(lab, { to: ['x@gmail.com', 'nobody@surat.test'] });
    const view = await until(
      lab,
      id,
      (one) => kindOf(one) === 'failed' && verdictOf(one).lanes.length === 2,
    );
    assert.ok(codesOf(view).includes('dns.nxdomain'));
    const inbox = async () => lab.connection.call('mail.list', { address: 'you@merpati.test' });
    const endMs = Date.now() + 30_000;
    while ((await inbox()).length < 2 && Date.now() < endMs) await delay(10);
    assert.equal((await inbox()).length, 2);
  });

  test('a domain added by command is in the DNS at once', async (t) => {
    const lab = await makeLab(t);
    const { connection } = lab;
    const server = 'mx.surat.test';
    await connection.call('domain.put', { name: 'kota.test', mode: 'add', server });
    await connection.call('account.add', { address: 'siti@kota.test', password: 'x' });
    const id = await send(lab, { to: ['siti@kota.test'] });
    await until(lab, id, (one) => kindOf(one) === 'inbox');
  });

  test('nobody sees what is not theirs: other recipients, Bcc, subjects', async (t) => {
    const lab = await makeLab(t);
    const { connection } = lab;
    for (const address of ['siti@surat.test', 'rahasia@surat.test', 'tono@merpati.test']) {
      await connection.call('account.add', { address, password: 'x' });
    }
    const bcc = ['rahasia@surat.test'];
    const to = ['friend@surat.test', 'siti@surat.test', 'tono@merpati.test'];
    const id = await send(lab, { to, bcc, subject: 'Hanya kita' });
    const full = await until(lab, id, (one) => kindOf(one) === 'inbox');
    assert.equal(verdictOf(full).total, 4);

    for (const as of ['friend@surat.test', 'siti@surat.test', 'tono@merpati.test', ...bcc]) {
      const view = await connection.call('journey.show', { id: null, as });
      assert.deepEqual(view.head.recipients, [as]);
      assert.equal(kindOf(view), 'inbox');
      assert.equal(view.head.subject, 'Hanya kita');
      const text = JSON.stringify(view);
      for (const other of [...to, ...bcc]) {
        assert.ok(other === as || !text.includes(other), `${as} sees ${other}`);
      }
      const isAway = as.endsWith('@surat.test'); // there it stands in a Received field for all
      assert.ok(isAway || !text.includes('laptop.test'), `${as} sees the device of the sender`);
    }
    const mine = await connection.call('journey.show', { id, as: 'you@merpati.test' });
    assert.equal(mine.head.recipients.length, 4);
    const code = { code: 'journey.unknown' };
    await assert.rejects(connection.call('journey.show', { id, as: 'friend@surat.test' }), code);
    const guess = connection.call('journey.show', { id: '0000000000', as: 'friend@surat.test' });
    await assert.rejects(guess, code);
    const rows = await connection.call('journey.search', { as: 'siti@surat.test' });
    assert.deepEqual(
      rows.map((row) => row.head.recipients),
      [['siti@surat.test']],
    );
  });

  test('kept data: the same authority, the same mail, the next time', async (t) => {
    const data = mkdtempSync(path.join(os.tmpdir(), 'merpati-kept-'));
    t.after(() => rmSync(data, { recursive: true }));
    const before = await startIn(data);
    const id = await send(before, { to: ['friend@surat.test'] });
    await until(before, id, (one) => kindOf(one) === 'inbox');
    await before.stop();
    const lab = await makeLab(t, data);
    assert.equal(lab.authority.certificate, before.authority.certificate);
    const mail = await lab.connection.call('mail.list', { address: 'friend@surat.test' });
    assert.equal(mail.length, 1);
    const view = await lab.connection.call('journey.show', { id });
    assert.equal(kindOf(view), 'inbox');
  });
});
