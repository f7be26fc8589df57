/** Certificates by name, and what SCRAM binds to. RFC 5929 §4; RFC 9266. */

import assert from 'node:assert/strict';
import { createHash, type X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { test } from 'node:test';
import { certificateViews } from '../admin/certificate-findings.ts';
import { openAuthority } from '../lab/authority.ts';
import { listen } from '../net/listen.ts';
import type { ChannelBindingType, Wire } from '../net/wire.ts';
import { testHome } from '../testing/home.ts';
import { Challenges } from './challenges.ts';
import { show } from './from-files.ts';
import { CertificateKeeper } from './keeper.ts';
import { ServedCertificates } from './served.ts';
import { TicketKeys } from './ticket-keys.ts';

const types: readonly ChannelBindingType[] = ['tls-exporter', 'tls-server-end-point'];

/** Octets of both bindings in hex, as the server sees them. */
const bindingsOf = (wire: Wire) =>
  types.map((type) => Buffer.from(wire.channelBinding(type) ?? []).toString('hex'));

interface Visit extends ConnectionOptions {
  readonly known?: X509Certificate;
}

interface Seen {
  readonly certificate: X509Certificate;
  readonly session: Buffer | null;
  readonly isReused: boolean;
}

/** Connects, and requires that both sides bind to the same. */
async function visit(port: number, options: Visit): Promise<Seen> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  let session: Buffer | null = null;
  socket.on('session', (given: Buffer) => (session = given));
  await once(socket, 'secureConnect');
  // Node tells none after a resumption of TLS 1.2: the client remembers it with the session.
  const certificate = socket.getPeerX509Certificate() ?? options.known;
  assert.ok(certificate);
  const exporter = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  const ours = [
    socket.getProtocol() === 'TLSv1.3' ? exporter.toString('hex') : '',
    createHash('sha256').update(certificate.raw).digest('hex'),
  ];
  const isReused = socket.isSessionReused();
  let said = '';
  for await (const chunk of socket.setEncoding('latin1')) said += String(chunk);
  const theirs = said.split(' ');
  // RFC 5929 §4: rather none than another one.
  if (isReused) assert.ok(theirs[1] === ours[1] || theirs[1] === '');
  assert.deepEqual(isReused ? theirs[0] : theirs, isReused ? ours[0] : ours);
  return { session, isReused, certificate };
}

test('SCRAM binds to the certificate that the client saw, resumed or not', async (t) => {
  await using made = await testHome();
  const { home, directory } = made;
  const authority = await openAuthority(directory, Date.now());
  const renew = async () =>
    show(home, [
      await authority.issue(['mx.merpati.test'], Date.now()),
      await authority.issue(['*.contoh.test'], Date.now()),
    ]);
  await renew();
  const options = { home, protocol: 'imaps', address: '127.0.0.1', port: 0, isInAllThreads: false };
  const listener = await listen({ ...options, implicitTls: true, busy: '' }, async (wire) => {
    await wire.write(bindingsOf(wire).join(' '));
  });
  t.after(() => listener.stop(100));
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const at = { minVersion: version, maxVersion: version };
    const named = { ...at, servername: 'imap.contoh.test' };
    const plain = await visit(listener.port, at);
    assert.equal(plain.certificate.subject, 'CN=mx.merpati.test');
    const first = await visit(listener.port, named);
    assert.equal(first.certificate.subject, 'CN=*.contoh.test');
    assert.ok(first.session);
    const again = await visit(listener.port, {
      ...named,
      session: first.session,
      known: first.certificate,
    });
    assert.ok(again.isReused);
    await renew();
    const last = again.session ?? first.session;
    const renewed = await visit(listener.port, { ...named, session: last });
    assert.equal(renewed.isReused, false, 'a ticket does not outlive the certificate');
  }
});

test('the certificate for a name', async () => {
  await using made = await testHome();
  const authority = await openAuthority(made.directory, Date.now());
  const issue = (...names: string[]) => authority.issue(names, Date.now());
  const served = new ServedCertificates(
    [await issue('mx.merpati.test', '192.0.2.1'), await issue('*.a.test', 'b.test')],
    { nowMs: () => Date.now() },
  );
  const subject = (name: string | null) => served.certificate(name).subject;
  for (const name of ['x.a.test', 'X.A.TEST', 'b.test']) assert.equal(subject(name), 'CN=*.a.test');
  for (const name of [null, '', 'a.test', 'x.y.a.test', 'test', '.', '192.0.2.1']) {
    assert.equal(subject(name), 'CN=mx.merpati.test');
  }
  assert.throws(() => served.replace([]), /no certificate/);
});

test('keys of tickets: threads agree, old ones are forgotten, clocks may jump', () => {
  const hourMs = 3_600_000;
  const one = new TicketKeys(0);
  const { seed } = one;
  const other = new TicketKeys(0, seed);
  assert.deepEqual(one.at(5 * hourMs), seed);
  const later = one.at(50 * hourMs);
  assert.notDeepEqual(later.secret, seed.secret);
  for (let hour = 0; hour < 50; hour += 1) other.at(hour * hourMs);
  assert.deepEqual(other.at(50 * hourMs), later);
  assert.deepEqual(one.at(0), later, 'the clock went back');
  assert.equal(one.at(1e15).period, Math.floor(1e15 / (6 * hourMs)));
});

test('files that change are read anew; what cannot be used changes nothing', async () => {
  await using made = await testHome();
  const { home, directory } = made;
  const authority = await openAuthority(directory, Date.now());
  const files = {
    certificate_file: path.join(directory, 'cert.pem'),
    key_file: path.join(directory, 'key.pem'),
    certificates: [],
  };
  const write = async (...names: string[]) => {
    const { certificate, key } = await authority.issue(names, Date.now());
    writeFileSync(files.certificate_file, certificate);
    writeFileSync(files.key_file, key);
  };
  await write('one.test');
  Object.assign(home.config, { tls: files });
  const keeper = new CertificateKeeper(home, new Challenges());
  await keeper.reload(files);
  const shown = () =>
    home.tls instanceof ServedCertificates ? home.tls.certificate(null).subject : null;
  assert.equal(shown(), 'CN=one.test');
  await write('the-second.test');
  assert.deepEqual(await keeper.work(), []);
  assert.equal(shown(), 'CN=the-second.test');
  const metrics = await home.metrics.registry.metrics();
  assert.match(metrics, /certificate_expires_seconds\{name="the-second\.test"\} 691\d{5}/);

  writeFileSync(files.key_file, 'no key');
  await assert.rejects(keeper.work());
  assert.equal(shown(), 'CN=the-second.test');
  const views = await certificateViews({ ...home, config: { ...home.config, tls: noFiles } });
  assert.deepEqual(views, []);
  await keeper.stop();
});

const noFiles = { certificate_file: '', key_file: '', certificates: [] };
