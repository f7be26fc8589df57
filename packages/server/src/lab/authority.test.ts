import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import type { AddressInfo } from 'node:net';
import { makeWrongCertificate, openAuthority, type Certificate } from './authority.ts';

async function handshake(leaf: Certificate, ca: string, servername: string): Promise<string> {
  const server = tls.createServer({ cert: leaf.certificate, key: leaf.key }, (s) => s.end());
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = (server.address() as AddressInfo).port;
  const answer = await new Promise<string>((resolve) => {
    const socket = tls.connect({ port, host: '127.0.0.1', ca, servername }, () => resolve('ok'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  server.close();
  return answer;
}

test('certificates that clients who trust the lab accept, and one that nobody does', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authority = await openAuthority(folder, Date.now());
  assert.equal(readFileSync(authority.certificateFile, 'latin1'), authority.certificate);
  assert.equal(statSync(path.join(folder, 'lab-ca.key')).mode & 0o777, 0o600);
  const names = ['mx.merpati.test', 'localhost', '127.0.0.1', '::1'];
  const leaf = await authority.issue(names, Date.now());
  const ca = authority.certificate;
  assert.equal(await handshake(leaf, ca, 'mx.merpati.test'), 'ok');
  assert.equal(await handshake(leaf, ca, 'localhost'), 'ok');
  assert.equal(await handshake(leaf, ca, 'mx.surat.test'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.notEqual(await handshake(await makeWrongCertificate(Date.now()), ca, 'localhost'), 'ok');

  const again = await openAuthority(folder, Date.now());
  assert.equal(again.certificate, authority.certificate);
  assert.equal(await handshake(await again.issue(names, Date.now()), ca, 'localhost'), 'ok');
});
