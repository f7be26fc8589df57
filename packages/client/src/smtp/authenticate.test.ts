import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { readPlain } from '@merpati/formats/sasl/plain.ts';
import {
  createScramServer,
  makeScramVerifier,
  type ScramMechanism,
} from '@merpati/formats/sasl/scram.ts';
import { readChannelBinding } from '../sasl-exchange.ts';
import { goodCertificate, testKey, testRoot } from '../testing/certificates.ts';
import { startScriptedSmtp, type Heard } from '../testing/scripted-smtp.ts';
import type { SmtpCredentials } from './authenticate.ts';
import { SmtpFault } from './fault.ts';
import { openSession } from './open-session.ts';

const sha256 = {
  hmac: (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest(),
  hash: (data: Uint8Array) => createHash('sha256').update(data).digest(),
  pbkdf2: (password: Uint8Array, salt: Uint8Array, iterations: number) =>
    pbkdf2Sync(password, salt, iterations, 32, 'sha256'),
};

/** Asks over the raw socket, since the script knows one line at a time. */
function ask(heard: Heard, challenge: Uint8Array): Promise<Buffer> {
  heard.socket.removeAllListeners('data');
  heard.socket.write(`334 ${Buffer.from(challenge).toString('base64')}\r\n`);
  return new Promise((resolve) => {
    heard.socket.once('data', (line: Buffer) => {
      heard.socket.pause();
      resolve(Buffer.from(line.toString().trim(), 'base64'));
    });
    heard.socket.resume();
  });
}

async function check(heard: Heard): Promise<string> {
  const [, mechanism, initial = ''] = heard.line.split(' ');
  const first = Buffer.from(initial, 'base64');
  if (mechanism === 'PLAIN') {
    const { user, password } = readPlain(first);
    return user === 'rina' && password === 'merpati' ? '235 2.7.0 in' : '535 5.7.8 no';
  }
  if (mechanism === 'LOGIN') {
    const user = await ask(heard, Buffer.from('Username:'));
    const password = await ask(heard, Buffer.from('Password:'));
    return `${user.toString()} ${password.toString()}` === 'rina merpati'
      ? '235 2.7.0 in'
      : '535 5.7.8 no';
  }
  const verifier = await makeScramVerifier(sha256, 'merpati', Buffer.alloc(16, 7), 4096);
  assert.ok(verifier);
  const binding = readChannelBinding(heard.socket);
  const server = createScramServer({
    crypto: sha256,
    mechanism: mechanism as ScramMechanism,
    nonce: 'servernonce-servernonce',
    // Both ends of TLS 1.3 export the same.
    channelBinding: (type) => (binding?.type === type ? binding.data : null),
    plusOffered: mechanism === 'SCRAM-SHA-256-PLUS',
  });
  server.first(first);
  const proof = await ask(heard, server.challenge(verifier));
  const final = await server.final(proof);
  if (!final.ok) return '535 5.7.8 no';
  await ask(heard, final.message);
  return '235 2.7.0 in';
}

async function login(mechanisms: string, credentials: Partial<SmtpCredentials>) {
  await using server = await startScriptedSmtp({
    tls: { key: testKey, cert: goodCertificate, implicit: true },
    extensions: [`AUTH ${mechanisms}`],
    on: async (heard) => {
      if (heard.verb !== 'AUTH') return undefined;
      const said = await check(heard);
      heard.socket.write(`${said}\r\n`);
      return 'hang';
    },
  });
  const client = await openSession({
    host: '127.0.0.1',
    port: server.port,
    security: 'implicit',
    ca: [testRoot],
    helloName: 'client.test',
    timeouts: { commandMs: 300 },
  });
  try {
    await client.authenticate({ user: 'rina', password: 'merpati', ...credentials });
    return { outcome: 'in', lines: client.takeTranscript() };
  } catch (error) {
    assert.ok(error instanceof SmtpFault);
    // After AUTH the scripted session is at its end: EHLO finds nobody, which means: logged in.
    const outcome = error.phase === 'hello' ? 'in' : `${error.kind} ${error.reply?.code ?? ''}`;
    return { outcome: outcome.trim(), lines: client.takeTranscript() };
  } finally {
    client.destroy();
  }
}

test('every mechanism, the strongest first, and no secret in the transcript', async () => {
  const offers = [
    ['LOGIN', 'LOGIN'],
    ['LOGIN PLAIN', 'PLAIN'],
    ['PLAIN SCRAM-SHA-256 LOGIN', 'SCRAM-SHA-256'],
    ['PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256-PLUS'],
  ] as const;
  for (const [offered, expected] of offers) {
    const { outcome, lines } = await login(offered, {});
    assert.equal(outcome, 'in', offered);
    const said = lines.map(({ text }) => text).join('\n');
    assert.ok(said.includes(`AUTH ${expected}`), said);
    for (const secret of ['merpati', 'rina']) {
      assert.ok(!said.includes(Buffer.from(secret).toString('base64').slice(0, 6)), said);
    }
    assert.ok(said.includes('[secret]'));
    const wrong = await login(offered, { password: 'wrong' });
    assert.match(wrong.outcome, /refused 535|protocol/, offered);
  }
});

test('a password does not travel without TLS, but to this very machine', async () => {
  await using server = await startScriptedSmtp({
    extensions: ['AUTH PLAIN'],
    on: ({ verb }) => (verb === 'AUTH' ? '235 2.7.0 in' : undefined),
  });
  const session = {
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    helloName: 'client.test',
    credentials: { user: 'rina', password: 'merpati' },
  } as const;
  await (await openSession(session)).quit();
  await using none = await startScriptedSmtp({ extensions: ['AUTH GSSAPI'] });
  await assert.rejects(openSession({ ...session, port: none.port }), {
    kind: 'unsupported',
    phase: 'auth',
  });
});
