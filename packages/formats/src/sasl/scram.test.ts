/** SCRAM against its own example and against itself. RFC 5802; RFC 7677 §3; RFC 5929; RFC 9266. */

import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import { latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { probeScramServer } from './probe.ts';
import { createScramClient, createScramServer, makeScramVerifier } from './scram.ts';
import type { ChannelBinding, ScramCrypto, ScramMechanism } from './scram.ts';

const crypto: ScramCrypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  hash: (data) => createHash('sha256').update(data).digest(),
  pbkdf2: (password, salt, iterations) => pbkdf2Sync(password, salt, iterations, 32, 'sha256'),
};

/** RFC 7677 §3. */
const example = {
  mech: 'SCRAM-SHA-256',
  user: 'user',
  password: 'pencil',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  iterations: 4096,
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  clientFinal: [
    'c=biws',
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  ].join(','),
};

describe('SCRAM-SHA-256, the example of RFC 7677 §3', () => {
  test('server', async () => {
    const answer = await probeScramServer(crypto, example);
    assert.deepEqual(answer, {
      ok: true,
      serverFirst:
        'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    });
  });

  test('the same in base64', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const answer = await probeScramServer(crypto, {
      ...example,
      clientFirst: base64(example.clientFirst),
      clientFinal: base64(example.clientFinal),
    });
    assert.equal(answer.ok, true);
    assert.equal(
      Buffer.from(answer.serverFinal, 'base64').toString(),
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
  });

  test('client', async () => {
    const client = createScramClient({
      crypto,
      mechanism: 'SCRAM-SHA-256',
      user: 'user',
      password: 'pencil',
      nonce: 'rOprNGfwEbeRWgbNEkqO',
      channelBinding: null,
    });
    assert.equal(latin1(client.first()), example.clientFirst);
    const server =
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
    assert.equal(latin1(await client.final(utf8(server))), example.clientFinal);
    assert.ok(client.verify(utf8('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')));
    assert.ok(!client.verify(utf8('v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')));
    assert.throws(() => client.verify(utf8('e=other-error')), SyntaxFault);
  });

  test('mistakes of a client, in the words of RFC 5802 §7', async () => {
    const words: [error: string, clientFirst: string][] = [
      ['extensions-not-supported', 'n,,m=x,n=user,r=a'],
      ['channel-binding-not-supported', 'p=tls-exporter,,n=user,r=a'],
      ['invalid-username-encoding', 'n,,n=us=er,r=a'],
      ['invalid-encoding', 'n,,n=us\0er,r=a'],
      ['other-error', 'n,,n=user'],
    ];
    for (const [error, clientFirst] of words) {
      const got = await probeScramServer(crypto, { ...example, clientFirst });
      assert.deepEqual(got, { ok: false, serverFirst: '', serverFinal: `e=${error}` });
    }
    const clientFinal = example.clientFinal.replace('r=rOpr', 'r=xOpr');
    const got = await probeScramServer(crypto, { ...example, clientFinal });
    assert.equal(got.serverFinal, 'e=other-error');
    assert.equal(
      (await probeScramServer(crypto, { ...example, clientFinal: 'garbage' })).ok,
      false,
    );
  });

  test('a wrong password and a wrong user', async () => {
    const wrong = await probeScramServer(crypto, { ...example, password: 'pen' });
    assert.deepEqual([wrong.ok, wrong.serverFinal], [false, 'e=invalid-proof']);
    assert.equal((await probeScramServer(crypto, { ...example, user: 'other' })).ok, false);
  });
});

interface Login {
  mechanism?: ScramMechanism;
  user?: string;
  password?: string;
  clientBinding?: ChannelBinding | null;
  serverBinding?: Uint8Array | null;
  plusOffered?: boolean;
}

async function login(options: Login): Promise<{ ok: boolean; user: string; isVerified: boolean }> {
  const mechanism = options.mechanism ?? 'SCRAM-SHA-256';
  const verifier = await makeScramVerifier(crypto, 'pässwörd', utf8('salt'), 4096);
  assert.ok(verifier);
  const client = createScramClient({
    crypto,
    mechanism,
    user: options.user ?? 'you@merpati.test',
    password: options.password ?? 'pässwörd',
    nonce: 'client',
    channelBinding: options.clientBinding ?? null,
  });
  const server = createScramServer({
    crypto,
    mechanism,
    nonce: 'server',
    plusOffered: options.plusOffered ?? false,
    channelBinding: () => options.serverBinding ?? null,
  });
  const { user } = server.first(client.first());
  const final = await server.final(await client.final(server.challenge(verifier)));
  return { ok: final.ok, user, isVerified: final.ok && client.verify(final.message) };
}

describe('SCRAM, client against server', () => {
  const binding = { type: 'tls-exporter', data: utf8('channel') };

  test('plain, with a prepared password and a name that needs escaping', async () => {
    // The second password is the first one decomposed.
    const got = await login({ user: 'a=b,c', password: 'pa\u0308sswo\u0308rd' });
    assert.deepEqual(got, { ok: true, user: 'a=b,c', isVerified: true });
    assert.equal((await login({ password: 'password' })).ok, false);
  });

  test('-PLUS, bound to the channel', async () => {
    const plus = {
      mechanism: 'SCRAM-SHA-256-PLUS',
      clientBinding: binding,
      plusOffered: true,
    } as const;
    assert.equal((await login({ ...plus, serverBinding: binding.data })).ok, true);
    assert.equal((await login({ ...plus, serverBinding: utf8('another') })).ok, false);
    assert.equal((await login({ ...plus, serverBinding: null })).ok, false);
  });

  test('a client that could bind and was not offered it notices the downgrade', async () => {
    assert.equal((await login({ clientBinding: binding })).ok, true);
    await assert.rejects(login({ clientBinding: binding, plusOffered: true }), SyntaxFault);
  });

  test('a binding with the plain mechanism is refused', () => {
    const server = createScramServer({
      crypto,
      mechanism: 'SCRAM-SHA-256',
      nonce: 's',
      plusOffered: true,
      channelBinding: () => binding.data,
    });
    assert.throws(() => server.first(utf8('p=tls-exporter,,n=a,r=b')), SyntaxFault);
  });

  test('malformed messages', async () => {
    const make = () =>
      createScramServer({
        crypto,
        mechanism: 'SCRAM-SHA-256',
        nonce: 's',
        plusOffered: false,
        channelBinding: () => null,
      });
    for (const text of [
      '',
      'n,,',
      'n,,n=,r=x',
      'n,,n=a=b,r=x',
      'x,,n=a,r=x',
      'n,,m=x,n=a,r=x',
      'n,,r=x,n=a',
      'n,,n=a,r=\u00fc',
      'n,,n=a,r=x\0',
    ]) {
      assert.throws(() => make().first(utf8(text)), SyntaxFault, text);
    }
    const verifier = await makeScramVerifier(crypto, 'x', utf8('salt'), 4096);
    assert.ok(verifier);
    for (const text of [
      '',
      'c=biws,r=xs',
      'c=biws,r=x,p=AA==',
      'c=!,r=xs,p=AA==',
      `c=biws,r=y,p=${'A'.repeat(43)}=`,
    ]) {
      const server = make();
      server.first(utf8('n,,n=a,r=x'));
      server.challenge(verifier);
      await assert.rejects(server.final(utf8(text)), SyntaxFault, text);
    }
  });

  test('a client refuses too much work, too little, and a foreign nonce', async () => {
    for (const text of [
      'r=clientx,s=AAAA,i=4095',
      'r=clientx,s=AAAA,i=99999999',
      'r=client,s=AAAA,i=4096',
      'r=xclient,s=AAAA,i=4096',
      'x',
    ]) {
      const client = createScramClient({
        crypto,
        mechanism: 'SCRAM-SHA-256',
        user: 'a',
        password: 'b',
        nonce: 'client',
        channelBinding: null,
      });
      await assert.rejects(client.final(utf8(text)), SyntaxFault, text);
    }
  });

  test('no verifier for passwords that SASLprep refuses', async () => {
    assert.equal(await makeScramVerifier(crypto, '\u0007', utf8('salt'), 4096), null);
    assert.equal(await makeScramVerifier(crypto, '\u00ad', utf8('salt'), 4096), null);
  });
});
