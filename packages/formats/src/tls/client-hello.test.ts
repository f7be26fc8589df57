/** RFC 8446 §4.1.2, as Node's own client writes it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { helloOctetsMax, readClientHello } from './client-hello.ts';

async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ...options });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [import('node:net').Socket];
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return chunk;
}

test('name and applications, however the octets are cut', async () => {
  const hello = await helloOf({ servername: 'MTA-STS.contoh.test', ALPNProtocols: ['h2', 'x'] });
  const read = { kind: 'hello', serverName: 'mta-sts.contoh.test', applications: ['h2', 'x'] };
  assert.deepEqual(readClientHello(hello), read);
  for (let end = 0; end < hello.length; end += 1) {
    assert.deepEqual(readClientHello(hello.subarray(0, end)), { kind: 'more' });
  }
  const length = hello.readUInt16BE(3);
  const cut = 100;
  const head = (octets: number) => Buffer.from([22, 3, 1, octets >> 8, octets & 255]);
  const inTwo = Buffer.concat([
    head(cut),
    hello.subarray(5, 5 + cut),
    head(length - cut),
    hello.subarray(5 + cut),
  ]);
  assert.deepEqual(readClientHello(inTwo), read);
  const bare = await helloOf({});
  assert.deepEqual(readClientHello(bare), { kind: 'hello', serverName: null, applications: [] });
});

test('anything else is no hello, and no harm', async () => {
  for (const text of ['GET / HTTP/1.1\r\n', '\u0016\u0001', '\u0016\u0003\u0001\u0000\u0000']) {
    assert.equal(readClientHello(Buffer.from(text, 'latin1')).kind, 'none');
  }
  const hello = await helloOf({ servername: 'a.test', ALPNProtocols: ['acme-tls/1'] });
  const changes = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(changes, (changed) => {
      const octets = Uint8Array.from(hello);
      for (const [at, octet] of changed) octets[at] = octet;
      const read = readClientHello(octets);
      if (read.kind === 'hello') assert.ok(read.applications.length <= helloOctetsMax);
    }),
  );
});
