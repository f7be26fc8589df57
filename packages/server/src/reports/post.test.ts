import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openAuthority } from '../lab/authority.ts';
import { testHome } from '../testing/home.ts';
import { createTestWorld } from '../testing/test-world.ts';
import { dayMs } from './limits.ts';
import { outboxKind } from './outbox.ts';
import { startReports } from './reports.ts';

interface Receiver {
  readonly port: number;
  readonly got: { readonly url: string; readonly type: string; readonly id: string }[];
  status: number;
}

/** Takes reports, under a certificate that nobody trusts. */
async function receiver(t: TestContext): Promise<Receiver> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-post-'));
  const authority = await openAuthority(folder, Date.now());
  const { certificate, key } = await authority.issue(['wrong.test'], Date.now());
  const server: Server = createServer({ cert: certificate, key });
  const made: Receiver = { port: 0, got: [], status: 201 };
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const report = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as object;
      made.got.push({
        url: `${request.method} ${request.headers.host}${request.url}`,
        type: request.headers['content-type'] ?? '',
        id: String((report as Record<string, unknown>)['report-id']),
      });
      response.writeHead(made.status, { location: 'https://127.0.0.1/' });
      response.end('x'.repeat(1_000_000));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return Object.assign(made, { port: (server.address() as AddressInfo).port });
}

test('reports go by POST too, are tried again, and never to our own networks', async (t) => {
  const there = await receiver(t);
  const uris = [
    'https://r.contoh.test/tls?x=1',
    'https://127.0.0.1/',
    'https://[::ffff:10.0.0.1]/',
    'https://within.contoh.test/',
  ];
  await using world = await createTestWorld({
    '_smtp._tls.contoh.test': [
      { type: 'TXT', strings: [Buffer.from(`v=TLSRPTv1; rua=${uris.join(',')}`)] },
    ],
    'r.contoh.test': [{ type: 'A', address: '203.0.113.9' }],
    'within.contoh.test': [{ type: 'A', address: '192.168.1.1' }],
  });
  world.places.set('203.0.113.9:443', there.port);
  await using home = await testHome({ world });
  await home.addDomain('merpati.test');
  const reports = await startReports(home.home, { sends: true });
  t.after(() => reports.stop());
  home.home.reports?.tls({
    policyType: 'no-policy-found',
    policyDomain: 'contoh.test',
    policyStrings: [],
    mxPatterns: [],
    result: 'success',
    mxHost: 'mx.contoh.test',
    sendingIp: null,
    receivingIp: null,
    receivingMxHelo: null,
    failureCode: null,
  });
  await reports.turn();
  there.status = 301;
  world.aheadMs = dayMs + 5 * 3_600_000;
  await reports.turn();
  assert.equal(there.got.length, 1);
  assert.equal(there.got[0]?.url, 'POST r.contoh.test/tls?x=1');
  assert.equal(there.got[0].type, 'application/tlsrpt+gzip');
  await reports.turn();
  assert.equal(there.got.length, 1, 'not again at once');

  there.status = 201;
  world.aheadMs += 6 * 60_000;
  await reports.turn();
  assert.equal(there.got.length, 2);
  assert.equal(there.got[1]?.id, there.got[0].id, 'the same report');
  world.aheadMs += 3 * 3_600_000;
  await reports.turn();
  assert.equal(there.got.length, 2, 'what has arrived is not sent again');

  // The others are tried for a day, and nothing was ever dialled there.
  for (let hours = 0; hours < 30; hours += 5) {
    world.aheadMs += 5 * 3_600_000;
    await reports.turn();
  }
  assert.deepEqual(await home.home.store.records(outboxKind), []);
  assert.deepEqual([...new Set(world.dialled)], ['203.0.113.9:443']);
});
