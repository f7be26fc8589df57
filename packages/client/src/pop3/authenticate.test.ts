import assert from 'node:assert/strict';
import test from 'node:test';
import { Pop3Client, type Pop3Options } from './client.ts';
import { startScriptedServer } from './testing/scripted-server.ts';

const to = (port: number, more: Partial<Pop3Options> = {}): Pop3Options => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  timeoutMs: 5000,
  ...more,
});

test('PLAIN with an initial response, and a long one in its own line. RFC 5034 §4', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('CAPA');
    peer.send('+OK\r\nSASL LOGIN PLAIN\r\n.\r\n');
    const line = (await peer.line()) ?? '';
    if (line === 'AUTH PLAIN') {
      peer.send('+ \r\n');
      assert.equal(Buffer.from((await peer.line()) ?? '', 'base64').length, 2 + 4 + 250);
    } else assert.equal(line, `AUTH PLAIN ${Buffer.from('\0rina\0x').toString('base64')}`);
    peer.send('+OK\r\n');
    await peer.line();
  });
  for (const password of ['x', 'x'.repeat(250)]) {
    await using client = await Pop3Client.connect(to(port));
    await client.login({ user: 'rina', password });
  }
});

test('LOGIN answers two prompts', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('CAPA');
    peer.send('+OK\r\nSASL LOGIN\r\n.\r\n');
    await peer.expect('AUTH LOGIN');
    peer.send('+ VXNlcm5hbWU6\r\n');
    await peer.expect(Buffer.from('rina').toString('base64'));
    peer.send('+ UGFzc3dvcmQ6\r\n');
    await peer.expect(Buffer.from('secret').toString('base64'));
    peer.send('+OK\r\n');
  });
  await using client = await Pop3Client.connect(to(port));
  await client.login({ user: 'rina', password: 'secret' });
});

test('a SCRAM server that says yes without proof is not believed', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('CAPA');
    peer.send('+OK\r\nSASL SCRAM-SHA-256\r\n.\r\n');
    await peer.line();
    peer.send('+OK come in\r\n');
    await peer.line();
  });
  await using client = await Pop3Client.connect(to(port));
  await assert.rejects(client.login({ user: 'a', password: 'b' }), { code: 'protocol' });
});

test('a SCRAM server that does not know the password is found out', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('CAPA');
    peer.send('+OK\r\nSASL SCRAM-SHA-256 PLAIN\r\n.\r\n');
    const first = Buffer.from(((await peer.line()) ?? '').split(' ')[2] ?? '', 'base64').toString();
    const nonce = /r=([^,]+)/.exec(first)?.[1] ?? '';
    const challenge = `r=${nonce}server,s=${Buffer.alloc(16).toString('base64')},i=4096`;
    peer.send(`+ ${Buffer.from(challenge).toString('base64')}\r\n`);
    await peer.line();
    const wrong = `v=${Buffer.alloc(32).toString('base64')}`;
    peer.send(`+ ${Buffer.from(wrong).toString('base64')}\r\n`);
    await peer.expect('*');
    peer.send('-ERR cancelled\r\n');
  });
  await using client = await Pop3Client.connect(to(port));
  await assert.rejects(client.login({ user: 'a', password: 'b' }), { code: 'protocol' });
});

test('no password leaves in the clear for another machine', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('CAPA');
    peer.send('+OK\r\nSASL PLAIN\r\nUSER\r\n.\r\n');
    const line = await peer.line();
    assert.ok(line === null || line.startsWith('AUTH PLAIN'));
    if (line !== null) peer.send('+OK\r\n');
  });
  // The socket says that it leads elsewhere.
  const dial = async () => {
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    return Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.1' });
  };
  await using client = await Pop3Client.connect(to(port, { dial }));
  const credentials = { user: 'a', password: 'b' };
  await assert.rejects(client.login(credentials), { code: 'insecure', again: 'never' });
  await using other = await Pop3Client.connect(to(port, { dial, cleartextAllowed: true }));
  await other.login(credentials);
});
