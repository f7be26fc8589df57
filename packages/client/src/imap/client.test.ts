import assert from 'node:assert/strict';
import { createSecureContext, TLSSocket } from 'node:tls';
import test from 'node:test';
import { startScriptedServer, type Peer } from '../pop3/testing/scripted-server.ts';
import { goodCertificate, testKey, testRoot } from '../testing/certificates.ts';
import { ImapClient, readWhole, type ImapOptions } from './client.ts';
import { ImapFault, type ImapFaultCode } from './fault.ts';

const to = (port: number, more: Partial<ImapOptions> = {}): ImapOptions => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  timeoutMs: 5000,
  ...more,
});

const isFault = (code: ImapFaultCode) => (error: unknown) =>
  error instanceof ImapFault && error.code === code;

/** Greets, and lets in whoever says LOGIN. */
async function letIn(peer: Peer, capabilities: string): Promise<void> {
  peer.send(`* OK [CAPABILITY IMAP4rev1 ${capabilities}] hello\r\n`);
  await peer.expect('a1 LOGIN rina "two words"');
  peer.send(`a1 OK [CAPABILITY IMAP4rev1 ${capabilities}] in\r\n`);
}

const rina = { user: 'rina', password: 'two words' };

test('a server of RFC 3501 and nothing else', async (t) => {
  const said: string[] = [];
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('* OK hello\r\n');
    await peer.expect('a1 CAPABILITY');
    peer.send('* CAPABILITY IMAP4rev1\r\na1 OK\r\n');
    await peer.expect('a2 LOGIN rina "two words"');
    peer.send('a2 OK in\r\n');
    await peer.expect('a3 SELECT INBOX');
    peer.send('* FLAGS (\\Seen)\r\n* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 3] x\r\n');
    peer.send('* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\na3 OK [READ-WRITE] selected\r\n');
    await peer.expect('a4 UID FETCH 1:* (UID FLAGS)');
    peer.send('* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n* 3 EXISTS\r\n* 2 FETCH (UID 2 FLAGS ())\r\n');
    peer.send('a4 OK\r\n');
    await peer.expect('a5 UID SEARCH SUBJECT {5}');
    peer.send('+ go\r\n');
    await peer.expect('gr\u00c3\u00bcn');
    peer.send('* SEARCH 2 1\r\na5 OK\r\n');
    await peer.expect('a6 LOGOUT');
    peer.send('* BYE\r\na6 OK\r\n');
  });
  const onLine = (direction: string, text: string) => void said.push(`${direction} ${text}`);
  const client = await ImapClient.connect(to(port, { onLine }));
  assert.equal(await client.login(rina), 'login');
  const { exists, uidValidity, uidNext, permanentFlags } = await client.select('INBOX');
  assert.deepEqual([exists, uidValidity, uidNext], [2, 7, 3]);
  assert.deepEqual(permanentFlags, ['\\Seen', '\\*']);
  const seen: unknown[] = [];
  for await (const { uid, flags } of client.fetch('1:*', 'UID FLAGS')) seen.push([uid, flags]);
  assert.deepEqual(seen, [
    [1, ['\\Seen']],
    [2, []],
  ]);
  assert.equal(client.mailbox?.exists, 3);
  const octets = Buffer.from('grün');
  const found = await client.search(['SUBJECT ', { octets: octets.length, content: octets }]);
  assert.deepEqual(found, [1, 2]);
  await client.logout();
  assert.ok(said.includes('out LOGIN …') || said.includes('out a2 LOGIN …'));
  assert.ok(!said.join().includes('two words'));
});

test('contents come as streams, wherever the server puts the UID', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    await letIn(peer, '');
    await peer.expect('a2 UID FETCH 1:4 (UID BODY.PEEK[])');
    peer.send('* 1 FETCH (UID 1 BODY[] {5}\r\nhel');
    peer.send('lo FLAGS (\\Seen))\r\n* 9 EXISTS\r\n');
    peer.send('* 2 FETCH (BODY[] {3}\r\n){1 UID 2)\r\n* 3 FETCH (UID 3 BODY[] "quoted")\r\n');
    peer.send('* 4 FETCH (UID 4 BODY[] {0}\r\n)\r\na2 OK done\r\n');
    await peer.expect('a3 NOOP');
    peer.send('a3 OK\r\n');
  });
  await using client = await ImapClient.connect(to(port));
  await client.login(rina);
  const found: unknown[] = [];
  for await (const { uid, octets, content } of client.download('1:4')) {
    found.push([uid, octets, Buffer.from(await readWhole(content)).toString()]);
  }
  assert.deepEqual(found, [
    [1, 5, 'hello'],
    [2, 3, '){1'],
    [3, 6, 'quoted'],
    [4, 0, ''],
  ]);
  await client.noop();
});

test('a literal waits for its go-ahead, which may be a refusal', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    await letIn(peer, '');
    await peer.expect('a2 APPEND Sent (\\Seen) " 7-Feb-2026 05:34:56 +0000" {3}');
    peer.send('* 4 EXISTS\r\n+ go\r\n');
    await peer.expect('abc');
    peer.send('a2 OK [APPENDUID 7 9] done\r\n');
    await peer.expect('a3 APPEND Nowhere {3}');
    peer.send('a3 NO [TRYCREATE] no such mailbox\r\n');
    await peer.expect('a4 NOOP');
    peer.send('a4 OK\r\n');
  });
  await using client = await ImapClient.connect(to(port));
  await client.login(rina);
  const message = { octets: 3, content: Buffer.from('abc') };
  const when = { flags: ['\\Seen'], internalDateMs: Date.UTC(2026, 1, 7, 5, 34, 56) };
  assert.deepEqual(await client.append('Sent', { ...message, ...when }), [
    { uidValidity: 7, uid: 9 },
  ]);
  await assert.rejects(client.append('Nowhere', message), isFault('nonexistent'));
  await client.noop();
});

test('a content that is not as long as announced ends the connection', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    await letIn(peer, 'LITERAL+');
    // No line end, that nothing of it could be taken for a command.
    const lines = [await peer.line(), await peer.line()];
    assert.ok(lines.includes(null), lines.join());
  });
  await using client = await ImapClient.connect(to(port));
  await client.login(rina);
  const short = { octets: 9, content: Buffer.from('abc') };
  await assert.rejects(client.append('Sent', short), isFault('aborted'));
});

test('what an attacker says before TLS is not believed', async (t) => {
  const injected = await startScriptedServer(t, async (peer) => {
    peer.send('* OK hello\r\n');
    await peer.expect('a1 STARTTLS');
    peer.send('a1 OK go\r\n* 1 EXISTS\r\n');
    await peer.line();
  });
  const starttls = (port: number) =>
    ImapClient.connect(to(port, { security: 'starttls', trust: { ca: testRoot } }));
  await assert.rejects(starttls(injected), isFault('protocol'));
  const preauth = await startScriptedServer(t, async (peer) => {
    peer.send('* PREAUTH welcome\r\n');
    await peer.line();
  });
  await assert.rejects(starttls(preauth), ImapFault);
  const without = await startScriptedServer(t, async (peer) => {
    peer.send('* OK hello\r\n');
    await peer.expect('a1 STARTTLS');
    peer.send('a1 BAD what?\r\n');
    await peer.line();
  });
  await assert.rejects(starttls(without), isFault('unsupported'));
});

test('capabilities of the clear are forgotten under TLS', async (t) => {
  const secureContext = createSecureContext({ cert: goodCertificate, key: testKey });
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hello\r\n');
    await peer.expect('a1 STARTTLS');
    peer.send('a1 OK go\r\n');
    const secure = new TLSSocket(peer.socket, { isServer: true, secureContext });
    let text = '';
    secure.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text === 'a2 CAPABILITY\r\n') secure.write('* CAPABILITY IMAP4rev2\r\na2 OK\r\n');
    });
    await new Promise((resolve) => secure.on('close', resolve));
  });
  const options = to(port, { security: 'starttls', trust: { ca: testRoot } });
  await using client = await ImapClient.connect({ ...options, host: 'localhost' });
  assert.deepEqual([...(await client.capabilities())], ['IMAP4REV2']);
});

test('a server that lets nobody in says so before the password is said', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    peer.send('* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello\r\n');
    await peer.line();
  });
  await using client = await ImapClient.connect(to(port));
  await assert.rejects(client.login(rina), isFault('unsupported'));
});

test('servers that break the protocol', async (t) => {
  const say = async (...lines: string[]) => {
    const port = await startScriptedServer(t, async (peer) => {
      await letIn(peer, '');
      await peer.line();
      for (const line of lines) peer.send(`${line}\r\n`);
      await peer.line();
    });
    const client = await ImapClient.connect(to(port));
    await client.login(rina);
    return client;
  };
  for (const lines of [
    ['* 1 FETCH (FLAGS'],
    ['* LIST {99999999999999999}'],
    ['+ what?'],
    ['a2 HM'],
  ]) {
    await using client = await say(...lines);
    await assert.rejects(client.noop(), isFault('protocol'), lines.join());
  }
  await using bye = await say('* BYE [UNAVAILABLE] later');
  await assert.rejects(bye.noop(), isFault('closed'));
  await using bad = await say('a2 BAD what?');
  await assert.rejects(bad.noop(), isFault('bad'));
});

test('IDLE hears, renews itself, and ends at the signal', async (t) => {
  const port = await startScriptedServer(t, async (peer) => {
    await letIn(peer, 'IDLE');
    await peer.expect('a2 IDLE');
    peer.send('+ idling\r\n* 4 EXISTS\r\n');
    await peer.expect('DONE');
    peer.send('a2 OK\r\n');
    await peer.expect('a3 IDLE');
    peer.send('+ idling\r\n* 3 EXPUNGE\r\n');
    await peer.expect('DONE');
    peer.send('a3 OK\r\n');
    await peer.expect('a4 NOOP');
    peer.send('a4 OK\r\n');
  });
  await using client = await ImapClient.connect(to(port));
  await client.login(rina);
  const stop = new AbortController();
  const heard: string[] = [];
  for await (const { kind } of client.idle({ signal: stop.signal, renewMs: 50 })) {
    heard.push(kind);
    if (kind === 'expunge') stop.abort();
  }
  assert.deepEqual(heard, ['exists', 'expunge']);
  await client.noop();
});
