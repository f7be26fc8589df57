/**
 * MTA-STS over time: policies change, end, and cannot be had; and what is kept from one message to
 * the next does not soften what holds for it. RFC 8461 §3.3, §5.1, §10.2.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { startScriptedSmtp } from '../../packages/client/src/testing/scripted-smtp.ts';
import { selfSigned, tlsaOf, type Issued } from '../peers/certificates.ts';
import { Folder, makeCertificate, waitFor } from '../peers/machine.ts';
import { Postfix } from '../peers/postfix.ts';
import { TrustWorld, trustedRoot, type StsHost, type TrustDomain } from '../peers/trust-world.ts';
import { requireProgram } from '../programs.ts';

const policy = (mode: string, mx: string, maxAgeS = 86_400) =>
  `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: ${maxAgeS}\n`;
const failing: StsHost = (response) => response.destroy();
const dayMs = 86_400_000;

/** A policy host that answers with this. */
const saying =
  (status: number, headers: Readonly<Record<string, string>>, body = ''): StsHost =>
  (response: ServerResponse) =>
    response.writeHead(status, headers).end(body);

interface There {
  readonly there: TrustWorld;
  readonly at: (label: string) => TrustDomain;
  readonly step: (name: string, run: () => Promise<void>) => Promise<void>;
}

/** Each domain has a server that nobody has certified. */
async function setUp(
  t: TestContext,
  own: Issued,
  hosts: Readonly<Record<string, StsHost>>,
): Promise<There> {
  const root = await trustedRoot();
  const domains = Object.entries(hosts).map(([label, sts]): TrustDomain => ({
    zone: 'polos',
    label,
    peers: [{ tls: { cert: own.chain, key: own.key } }],
    sts,
  }));
  const there = await TrustWorld.start(root, domains);
  t.after(() => there[Symbol.asyncDispose]());
  const at = (label: string) => {
    const found = domains.find((one) => one.label === label);
    assert.ok(found);
    return found;
  };
  return { there, at, step: (name, run) => t.test(name, run) };
}

const own = () => selfSigned({ names: ['nobody.test'] });
const holds = 'later 4.7.5';

test('MTA-STS: a policy is kept for as long as it says', async (t) => {
  if (!requireProgram(t, 'knot', 'unbound')) return;
  const mx = '*.keep.polos.test';
  const { there, at, step } = await setUp(t, await own(), {
    keep: policy('testing', mx),
    short: policy('enforce', '*.short.polos.test', 3600),
  });
  const domain = 'keep.polos.test';
  const changed = (id: string) =>
    there.knot.set('polos.test', '_mta-sts.keep', 'TXT', `"v=STSv1; id=${id};"`);
  /** Longer than the DNS remembers. */
  const pause = (ms = 3000) => {
    there.aheadMs += ms;
  };
  const fetches = () => there.fetched.filter((one) => one === domain).length;

  await step('it is fetched once, and once only', async () => {
    assert.equal((await there.send(at('keep'))).verdict, 'delivered');
    assert.equal((await there.send(at('keep'))).verdict, 'delivered');
    assert.equal(fetches(), 1);
  });
  await step('a new text without a new id is not news', async () => {
    there.policies.set(domain, policy('enforce', mx));
    pause();
    assert.equal((await there.send(at('keep'))).verdict, 'delivered');
    assert.equal(fetches(), 1);
  });
  await step('a new id is: from the next message on it holds', async () => {
    await changed('2');
    pause();
    const sent = await there.send(at('keep'));
    assert.equal(sent.verdict, holds);
    assert.ok(sent.codes.includes('tls.sts.enforce'));
    assert.equal(fetches(), 2);
  });
  await step(
    'the host is down when it changes again: the last one holds, and it is told',
    async () => {
      there.policies.set(domain, failing);
      await changed('3');
      pause();
      const sent = await there.send(at('keep'));
      assert.equal(sent.verdict, holds);
      assert.ok(sent.codes.includes('tls.sts.kept'));
      assert.match(sent.outcomes[0] ?? '', /^sts sts-policy-fetch-error /);
      const before = fetches();
      await there.send(at('keep'));
      assert.equal(fetches(), before, 'it is not asked again at once');
    },
  );
  await step('who takes the record away takes nothing away; nor does a restart', async () => {
    await there.knot.set('polos.test', '_mta-sts.keep', 'TXT');
    pause();
    assert.equal((await there.send(at('keep'))).verdict, holds);
    assert.equal((await there.send(at('keep'), { isRestarted: true })).verdict, holds);
  });
  await step('after its time it is over', async () => {
    assert.equal((await there.send(at('short'))).verdict, holds);
    await there.knot.set('polos.test', '_mta-sts.short', 'TXT');
    pause(3500 * 1000);
    assert.equal((await there.send(at('short'))).verdict, holds);
    pause(200 * 1000);
    assert.equal((await there.send(at('short'))).verdict, 'delivered');
  });
});

test('MTA-STS: what is older than a day is fetched again, unasked or asked', async (t) => {
  if (!requireProgram(t, 'knot', 'unbound')) return;
  const { there, at } = await setUp(t, await own(), {
    day: policy('enforce', '*.day.polos.test', 10 * 86_400),
  });
  const fetches = () => there.fetched.length;
  assert.equal((await there.send(at('day'))).verdict, holds);
  there.aheadMs += dayMs / 2;
  await there.delivery.refreshPolicies();
  assert.equal(fetches(), 1, 'young enough');
  there.policies.set('day.polos.test', policy('testing', '*.day.polos.test', 10 * 86_400));
  there.aheadMs += dayMs;
  await there.delivery.refreshPolicies();
  assert.equal(fetches(), 2);
  assert.equal((await there.send(at('day'))).verdict, 'delivered');
  // Nobody has written for three months: it may end.
  there.aheadMs += 9 * dayMs;
  await there.delivery.refreshPolicies();
  assert.equal(fetches(), 3);
  there.aheadMs += 100 * dayMs;
  await there.delivery.refreshPolicies();
  assert.equal(fetches(), 3);
});

test('MTA-STS: policies that are none, and nothing kept from before', async (t) => {
  if (!requireProgram(t, 'knot', 'unbound')) return;
  const text = { 'content-type': 'text/plain' };
  const cases: Readonly<Record<string, readonly [StsHost, RegExp]>> = {
    down: [failing, /^sts sts-policy-fetch-error http: /],
    moved: [
      saying(301, { location: 'https://mta-sts.good.polos.test/.well-known/mta-sts.txt' }),
      /^sts sts-policy-fetch-error HTTP 301/,
    ],
    missing: [saying(404, text), /^sts sts-policy-fetch-error HTTP 404/],
    html: [
      saying(200, { 'content-type': 'text/html' }, policy('enforce', '*.html.polos.test')),
      /^sts sts-policy-invalid not text\/plain/,
    ],
    nonsense: [saying(200, text, 'mode: enforce'), /^sts sts-policy-invalid /],
    endless: [
      (response) => {
        response.writeHead(200, text);
        response.on('error', () => response.destroy());
        const more = () => {
          if (response.destroyed) return;
          response.write('x'.repeat(8192), () => setImmediate(more));
        };
        more();
      },
      /^sts sts-policy-fetch-error http: more than 65536 octets/,
    ],
  };
  const hosts = Object.fromEntries(Object.entries(cases).map(([label, [host]]) => [label, host]));
  const { there, at, step } = await setUp(t, await own(), hosts);
  for (const [label, [, outcome]] of Object.entries(cases)) {
    await step(label, async () => {
      const sent = await there.send(at(label));
      // Whoever has never seen a policy cannot be protected by it. RFC 8461 §10.2.
      assert.equal(sent.verdict, 'delivered');
      assert.ok(sent.codes.includes('tls.sts.failed'), sent.codes.join(' '));
      assert.match(sent.outcomes[0] ?? '', outcome);
      assert.equal(sent.outcomes[1], 'no-policy-found success');
    });
  }
  await step('a policy host without a good certificate', async () => {
    await there.knot.set('polos.test', '_mta-sts.down.sub', 'TXT', '"v=STSv1; id=1;"');
    await there.knot.set('polos.test', 'mta-sts.down.sub', 'A', '127.0.3.1');
    await there.knot.set('polos.test', 'down.sub', 'MX', '10 mx.down.polos.test.');
    const sent = await there.send({ zone: 'polos', label: 'down.sub', peers: [] });
    assert.equal(sent.verdict, 'delivered');
    assert.match(sent.outcomes[0] ?? '', /^sts sts-webpki-invalid tls: ERR_TLS_CERT_ALTNAME/);
  });
});

test('a real Postfix under DANE, and one whose certificate was changed in silence', async (t) => {
  if (!requireProgram(t, 'knot', 'unbound', 'postfix', 'root')) return;
  using folder = new Folder('dane');
  const at: TrustDomain = { zone: 'aman', label: 'pos', peers: [] };
  const certificate = await makeCertificate(folder.path, ['pos.aman.test']);
  await using sink = await startScriptedSmtp({});
  await using postfix = await Postfix.start({
    hostname: 'mx.pos.aman.test',
    certificate,
    domains: { 'pos.aman.test': `smtp:[127.0.0.1]:${sink.port}` },
    // As a server at the public would: TLS or nothing.
    settings: { smtpd_tls_security_level: 'encrypt' },
  });
  const record = tlsaOf(readFileSync(certificate.certificateFile, 'utf8'), 3, 1, 1);
  const records = ['pos MX 10 mx.pos', 'mx.pos A 127.0.4.1', `_25._tcp.mx.pos TLSA ${record}`];
  await using there = await TrustWorld.start(await trustedRoot(), [{ ...at, records }]);
  there.places.set('127.0.4.1:25', postfix.port);
  const sent = await there.send(at);
  assert.equal(sent.verdict, 'delivered', `${sent.codes.join(' ')}\n${postfix.log}`);
  assert.deepEqual(sent.outcomes, ['tlsa success']);
  assert.deepEqual(there.outcomes.at(-1), {
    policyType: 'tlsa',
    policyDomain: 'pos.aman.test',
    policyStrings: [record],
    mxPatterns: ['mx.pos.aman.test'],
    result: 'success',
    failureCode: null,
    mxHost: 'mx.pos.aman.test',
    sendingIp: '127.0.0.1',
    receivingIp: '127.0.0.1',
    receivingMxHelo: 'mx.pos.aman.test',
  });
  await waitFor('the message behind Postfix', () => sink.messages.length === 1);
  const renewed = await own();
  await there.knot.set('aman.test', '_25._tcp.mx.pos', 'TLSA', tlsaOf(renewed.chain, 3, 1, 1));
  there.aheadMs += 3000;
  const refused = await there.send(at);
  assert.equal(refused.verdict, holds, refused.codes.join(' '));
});

test('an open session serves none who wants more than it was opened for', async (t) => {
  if (!requireProgram(t, 'knot', 'unbound')) return;
  const certificate = await own();
  const root = await trustedRoot();
  const peers = [{ tls: { cert: certificate.chain, key: certificate.key } }];
  const host: TrustDomain = { zone: 'aman', label: 'loose', peers };
  const mx = ['strict MX 10 mx.loose', 'plain MX 10 mx.loose'];
  await using there = await TrustWorld.start(root, [
    { ...host, records: mx },
    { zone: 'aman', label: 'strict', peers: [], sts: policy('enforce', 'mx.loose.aman.test') },
  ]);
  const plain: TrustDomain = { zone: 'aman', label: 'plain', peers: [] };
  assert.equal((await there.send(host)).verdict, 'delivered');
  const again = await there.send(plain);
  assert.ok(again.codes.includes('connect.reused'), again.codes.join(' '));
  // The session is still open, and the certificate behind it is not good enough for this one.
  const strict = await there.send({ zone: 'aman', label: 'strict', peers: [] });
  assert.equal(strict.verdict, holds);
  assert.ok(!strict.codes.includes('connect.reused'));
  // From now on the DNS describes the certificate: what was opened before does not count.
  const record = tlsaOf(certificate.certificate, 3, 1, 1);
  await there.knot.set('aman.test', '_25._tcp.mx.loose', 'TLSA', record);
  there.aheadMs += 3000;
  const described = await there.send(host);
  assert.ok(described.codes.includes('tls.dane.right'), described.codes.join(' '));
  const kept = await there.send(plain);
  assert.equal(kept.verdict, 'delivered');
  assert.equal(there.peer(host).sessions(), 4);
});
