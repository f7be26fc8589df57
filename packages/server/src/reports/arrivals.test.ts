import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { AccountId } from '@merpati/store/ids.ts';
import type { Zone } from '../testing/scripted-dns.ts';
import { smtpHome, waitFor, type SmtpHome } from '../testing/smtp-home.ts';
import { createTestWorld, type TestWorld } from '../testing/test-world.ts';
import { dayMs } from './limits.ts';
import { startReports, type Reports } from './reports.ts';
import { storedDmarcSchema, storedKinds } from './stored.ts';

const begin = Math.floor((Date.now() - dayMs) / dayMs) * 86_400;
const xml = (domain = 'merpati.test', id = '1') => `<feedback><report_metadata>
<org_name>Besar</org_name><email>a@besar.test</email><report_id>${id}</report_id>
<date_range><begin>${begin}</begin><end>${begin + 86_399}</end></date_range></report_metadata>
<policy_published><domain>${domain}</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>${domain}</header_from></identifiers><auth_results/></record></feedback>`;
const json = JSON.stringify({
  'organization-name': 'Besar',
  'date-range': {
    'start-datetime': new Date(begin * 1000).toISOString(),
    'end-datetime': new Date(begin * 1000 + dayMs - 1000).toISOString(),
  },
  'contact-info': 'a@besar.test',
  'report-id': '1',
  policies: [
    {
      policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'merpati.test' },
      summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
    },
  ],
});

const mail = (content: string | Buffer, type = 'application/gzip', from = 'a@besar.test') =>
  [
    `From: ${from}`,
    'To: dmarc-reports@merpati.test',
    'Date: Sun, 22 Nov 2026 05:00:00 +0000',
    'Message-ID: <1@besar.test>',
    'Subject: Report Domain: merpati.test',
    'MIME-Version: 1.0',
    `Content-Type: ${type}`,
    'Content-Transfer-Encoding: base64',
    '',
    (typeof content === 'string' ? gzipSync(content) : content)
      .toString('base64')
      .replaceAll(/(.{76})/g, '$1\r\n'),
    '',
  ].join('\r\n');

const txt = (text: string): Zone[string] => [{ type: 'TXT', strings: [Buffer.from(text)] }];
/** Where the test's own connections come from. */
const zone: Zone = {
  'besar.test': txt('v=spf1 ip4:127.0.0.0/8 -all'),
  '_dmarc.besar.test': txt('v=DMARC1; p=none'),
  'palsu.test': txt('v=spf1 -all'),
  '_dmarc.palsu.test': txt('v=DMARC1; p=none'),
};

interface Scene extends AsyncDisposable {
  readonly there: SmtpHome;
  readonly world: TestWorld;
  readonly postmaster: AccountId;
  reports: Reports;
  /** By SMTP, as another server; when it resolves all of it is read. */
  bring(message: string, to?: string, sender?: string): Promise<void>;
  /** Organisations of what is kept. */
  kept(kind?: string): Promise<number>;
  /** Messages in the mailbox for reports. */
  left(): Promise<number>;
  /** Why the last message was not read. */
  why(): Promise<string>;
}

async function setUp(): Promise<Scene> {
  const world = await createTestWorld(zone);
  const config = { checks: { trusted_networks: [] } };
  const there = await smtpHome({ world, config });
  await there.addDomain('merpati.test');
  const postmaster = await there.addAccount('you@merpati.test');
  const { store } = there.home;
  const scene: Scene = {
    there,
    world,
    postmaster,
    reports: await startReports(there.home, { sends: true }),
    async bring(message, to = 'dmarc-reports@merpati.test', sender = 'a@besar.test') {
      const dialogue = await there.open();
      await dialogue.deliver(sender, to, message);
      await dialogue.say('QUIT', 221);
      await scene.reports.idle();
    },
    kept: async (kind = storedKinds.dmarc) => (await store.records(kind)).length,
    left: async () => (await store.mailbox(postmaster, 'Reports'))?.total ?? 0,
    async why() {
      const [head] = await store.journeys({ limit: 1 });
      const view = head === undefined ? null : await store.journey(head.id);
      const event = view?.events.find(({ code }) => code === 'reports.unread');
      return String(event?.args?.['why'] ?? '');
    },
    async [Symbol.asyncDispose]() {
      await scene.reports.stop();
      await there[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
  return scene;
}

test('no account is needed, and what is read is not kept as mail', async () => {
  await using scene = await setUp();
  await scene.bring(mail(xml()));
  assert.deepEqual([await scene.kept(), await scene.left()], [1, 0]);
  const [record] = await scene.there.home.store.records(storedKinds.dmarc);
  const stored = storedDmarcSchema.parse(JSON.parse(record?.value ?? ''));
  assert.equal(stored.origin.dmarc, 'pass');
  assert.deepEqual(await scene.there.inbox(scene.postmaster), []);
  await scene.bring(mail(xml()), 'Dmarc-Reports+tag@merpati.test');
  assert.deepEqual([await scene.kept(), await scene.left()], [1, 0], 'the same once more');
});

test('what is none stays as mail, and its journey says why', async () => {
  await using scene = await setUp();
  const cases: [message: string, why: string][] = [
    [mail(xml('lain.test')), 'lain.test is no domain of ours'],
    [mail(Buffer.from('PK\u0003\u0004')), 'the archive has no end'],
    [mail('Halo', 'text/plain'), 'no part of it is a report'],
    [mail(xml(), 'application/gzip', 'a@palsu.test'), 'its sender is forged (DMARC)'],
    [mail(json), 'a TLS report without a valid DKIM signature'],
    [mail('<!DOCTYPE feedback><feedback/>'), 'document types and entities are not read'],
  ];
  for (const [index, [message, why]] of cases.entries()) {
    await scene.bring(message);
    assert.equal(await scene.why(), why);
    assert.equal(await scene.left(), index + 1);
  }
  assert.deepEqual([await scene.kept(), await scene.kept(storedKinds.tls)], [0, 0]);
});

test('who has an account of that name gets the mail, and it is read all the same', async () => {
  await using scene = await setUp();
  const person = await scene.there.addAccount('dmarc-reports@merpati.test');
  await scene.bring(mail(xml()));
  assert.equal(await scene.kept(), 1);
  assert.equal((await scene.there.inbox(person)).length, 1);
  assert.equal(await scene.left(), 0);
});

test('an alias leads on, and what it leads to is read', async () => {
  await using scene = await setUp();
  await scene.there.addAlias('dmarc-reports@merpati.test', 'you@merpati.test');
  await scene.bring(mail(xml()));
  assert.equal(await scene.kept(), 1);
  assert.equal((await scene.there.inbox(scene.postmaster)).length, 1);
});

test('what waited when the server stopped is read at the next start', async () => {
  await using scene = await setUp();
  const { home } = scene.there;
  const many = Array.from({ length: 300_000 }, (_, index) => `<a${index}/>`).join('');
  const slow = mail(xml('merpati.test', '2').replace('<record>', `${many}<record>`));
  const dialogue = await scene.there.open();
  await dialogue.deliver('a@besar.test', 'dmarc-reports@merpati.test', slow);
  await waitFor(async () => (await home.store.records('report.waiting'))[0] ?? null);
  await scene.reports.stop();
  assert.deepEqual([await scene.kept(), await scene.left()], [0, 1]);
  scene.reports = await startReports(home, { sends: true });
  await scene.reports.idle();
  assert.deepEqual([await scene.kept(), await scene.left()], [1, 0]);
  assert.deepEqual(await home.store.records('report.waiting'), []);
  await dialogue.say('QUIT', 221);
});

test('a domain without any account takes none', async () => {
  await using world = await createTestWorld({});
  await using there = await smtpHome({ world });
  await there.addDomain('merpati.test');
  const dialogue = await there.open();
  await dialogue.say('MAIL FROM:<a@besar.test>', 250);
  await dialogue.say('RCPT TO:<tls-reports@merpati.test>', 550);
  await dialogue.say('QUIT', 221);
});
