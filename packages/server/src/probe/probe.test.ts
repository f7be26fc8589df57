import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { answer, answerLine } from './answer.ts';
import { probeLines } from './jsonl.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('operations whose ground exists', async () => {
  const message = base64('From: Rina <rina@contoh.id>\r\nSubject: Halo\r\n\r\nApa kabar?\r\n');
  const parsed = await answer({ id: 1, op: 'mime-parse', message });
  assert.equal(parsed['id'], 1);
  assert.deepEqual((parsed['headers'] as { from: unknown }).from, [
    { name: 'Rina', email: 'rina@contoh.id' },
  ]);
  const value = base64('"Siti" <siti@contoh.org>, b@c.example');
  const header = await answer({ id: 'x', op: 'header-parse', kind: 'address', value });
  assert.equal((header['addresses'] as unknown[]).length, 2);
  const composed = await answer({
    id: 2,
    op: 'mime-compose',
    from: [{ name: 'Rina', email: 'rina@contoh.id' }],
    to: [{ email: 'siti@contoh.org' }],
    subject: 'Halo',
    text: 'Apa kabar?',
  });
  const text = Buffer.from(String(composed['message']), 'base64').toString();
  assert.match(text, /^From: Rina <rina@contoh\.id>\r$/m);
  const prepared = await answer({ id: 3, op: 'saslprep', value: 'I\u00adX', stored: true });
  assert.deepEqual(prepared, { id: 3, value: 'IX' });
  const dsn = await answer({
    id: 4,
    op: 'dsn',
    reason: '550 5.1.1 no such user',
    recipients: ['x@contoh.org'],
    original: message,
  });
  assert.match(Buffer.from(String(dsn['message']), 'base64').toString(), /Status: 5\.1\.1/);
});

test('SCRAM as in RFC 7677 §3', async () => {
  const answered = await answer({
    id: 1,
    op: 'scram-server',
    mech: 'SCRAM-SHA-256',
    user: 'user',
    password: 'pencil',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    iterations: 4096,
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
      'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  });
  assert.equal(answered['ok'], true);
  assert.equal(answered['serverFinal'], 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test('unknown operations, failures and noise are answered, and life goes on', async () => {
  assert.deepEqual(await answer({ id: 1, op: 'sieve-run', ip: '192.0.2.1' }), {
    id: 1,
    error: 'unsupported',
    unsupported: 'sieve-run',
  });
  assert.match(String((await answer({ id: 2, op: 'mime-parse' }))['error']), /base64/);
  assert.match(String((await answer({ id: 3, op: 'scram-server' }))['error']), /mech/);
  assert.deepEqual(await answer({ id: 4, op: 'constructor' }), {
    id: 4,
    error: 'unsupported',
    unsupported: 'constructor',
  });
  assert.equal(await answerLine('{'), '{"id":null,"error":"not JSON"}');
  assert.equal(await answerLine('[]'), '{"id":null,"error":"not an object"}');
});

test('lines may come in any pieces', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const done = probeLines(input, output).then(() => output.end());
  const lines = '{"id":1,"op":"saslprep","value":"é","stored":false}\n\n{"id":2,"op":"x"}';
  for (const octet of Buffer.from(lines)) input.write(Buffer.from([octet]));
  input.end();
  await done;
  const text = Buffer.concat(await output.toArray()).toString();
  assert.equal(text, '{"id":1,"value":"é"}\n{"id":2,"error":"unsupported","unsupported":"x"}\n');
});
