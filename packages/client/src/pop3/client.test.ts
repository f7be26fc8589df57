import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pop3Client, type Pop3Options } from './client.ts';
import { startScriptedServer } from './testing/scripted-server.ts';

const to = (port: number, more: Partial<Pop3Options> = {}): Pop3Options => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  timeoutMs: 5000,
  ...more,
});

async function read(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const octets of content) pieces.push(octets);
  return Buffer.concat(pieces).toString('latin1');
}

test('a server that knows nothing but RFC 1939', async (t) => {
  const said: string[] = [];
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK hello\r\n');
    await peer.expect('CAPA');
    peer.send('-ERR what?\r\n');
    await peer.expect('USER rina');
    peer.send('+OK\r\n');
    await peer.expect('PASS two words');
    peer.send('+OK\r\n');
    await peer.expect('STAT');
    peer.send('+OK 2 320\r\n');
    await peer.expect('LIST');
    peer.send('+OK\r\n1 120\r\n2 200\r\n.\r\n');
    await peer.expect('RETR 1');
    peer.send('+OK\r\nA: b\r\n\r\n..\r\n...x\r\n.\r\n');
    await peer.expect('QUIT');
    peer.send('+OK bye\r\n');
  });
  const onLine = (direction: string, text: string) => void said.push(`${direction} ${text}`);
  const client = await Pop3Client.connect(to(port, { onLine }));
  await client.login({ user: 'rina', password: 'two words' });
  assert.deepEqual(await client.stat(), { messages: 2, octets: 320 });
  assert.deepEqual(
    [...(await client.list())],
    [
      [1, 120],
      [2, 200],
    ],
  );
  assert.equal(await read(await client.retr(1)), 'A: b\r\n\r\n.\r\n..x\r\n');
  await client.quit();
  assert.ok(said.includes('out PASS …') && !said.join().includes('two words'));
});

test('where the server pipelines, commands go out before the content has come', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('CAPA');
    peer.send('+OK\r\nPIPELINING\r\nUSER\r\n.\r\n');
    await peer.expect('RETR 1');
    await peer.expect('RETR 2');
    await peer.expect('DELE 1');
    peer.send('+OK\r\none\r\n.\r\n-ERR gone\r\n+OK\r\n');
    await peer.expect('QUIT');
    peer.send('+OK\r\n');
  });
  const client = await Pop3Client.connect(to(port));
  await client.capabilities();
  const first = client.retr(1);
  const second = client.retr(2);
  const third = client.dele(1);
  const refused = assert.rejects(second, { code: 'refused', again: 'never' });
  assert.equal(await read(await first), 'one\r\n');
  await refused;
  await third;
  await client.quit();
});

test('response codes become faults that say whether to try again', async (t) => {
  const codes = {
    'IN-USE': 'in-use',
    'SYS/TEMP': 'temporary',
    'SYS/PERM': 'permanent',
    AUTH: 'auth',
  };
  for (const [code, fault] of Object.entries(codes)) {
    const port = await startScriptedServer(t, async (peer) => {
      peer.send('+OK\r\n');
      await peer.expect('CAPA');
      peer.send('-ERR\r\n');
      await peer.expect('USER a');
      peer.send('+OK\r\n');
      await peer.expect('PASS b');
      peer.send(`-ERR [${code}] no\r\n`);
    });
    await using client = await Pop3Client.connect(to(port));
    await assert.rejects(client.login({ user: 'a', password: 'b' }), { code: fault });
  }
});

test('what a server says in clear behind STLS ends the conversation. CVE-2011-0411', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('STLS');
    peer.send('+OK\r\n+OK injected\r\n');
    await peer.line();
  });
  await assert.rejects(Pop3Client.connect(to(port, { security: 'stls' })), { code: 'protocol' });
});

test('without STLS there is no session and no password when TLS was asked for', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('STLS');
    peer.send('-ERR no\r\n');
    assert.equal(await peer.line(), null);
  });
  await assert.rejects(Pop3Client.connect(to(port, { security: 'stls' })), { code: 'unsupported' });
});

test('a server that speaks where TLS should begin is refused', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK plain\r\n');
    await sleep(100);
  });
  await assert.rejects(Pop3Client.connect(to(port, { security: 'implicit' })), /protocol|tls/i);
});

test('a connection lost in the middle of a message is never taken for its end', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('RETR 1');
    peer.send('+OK\r\nhalf a message\r\n.');
  });
  await using client = await Pop3Client.connect(to(port));
  await assert.rejects(async () => read(await client.retr(1)), { code: 'closed', again: 'later' });
  await assert.rejects(client.noop(), { code: 'closed' });
});

test('silence, nonsense and endless lines end it', async (t) => {
  const silent = await startScriptedServer(t, async (peer) => void (await peer.line()));
  await assert.rejects(Pop3Client.connect(to(silent, { timeoutMs: 200 })), { code: 'timeout' });
  const wrong = await startScriptedServer(t, async (peer) => peer.send('220 ESMTP\r\n'));
  await assert.rejects(Pop3Client.connect(to(wrong)), { code: 'protocol' });
  const endless = await startScriptedServer(t, async (peer) => peer.send('+OK'.padEnd(20_000)));
  await assert.rejects(Pop3Client.connect(to(endless)), { code: 'protocol' });
});

test('a slow reader slows the server: memory stays bounded', async (t) => {
  let written = 0;
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.expect('RETR 1');
    peer.send('+OK\r\n');
    const block = `${'x'.repeat(65_534)}\r\n`;
    for (let i = 0; i < 800; i += 1) {
      if (!peer.socket.write(block)) {
        await Promise.race([
          new Promise((resolve) => peer.socket.once('drain', resolve)),
          new Promise((resolve) => peer.socket.once('close', resolve)),
        ]);
      }
      if (peer.socket.destroyed) return;
      written += block.length;
    }
  });
  await using client = await Pop3Client.connect(to(port));
  const content = await client.retr(1);
  await content.next();
  await sleep(300);
  assert.ok(written < 20_000_000, `${written} octets were taken from the server unasked`);
  await content.return?.();
});

test('an aborted conversation ends at once', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('+OK\r\n');
    await peer.line();
    await peer.line();
  });
  const controller = new AbortController();
  await using client = await Pop3Client.connect(to(port, { signal: controller.signal }));
  const waiting = assert.rejects(client.noop(), { code: 'aborted', again: 'later' });
  controller.abort();
  await waiting;
});
