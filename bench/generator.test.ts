import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { generate } from './generator.ts';
import type { GeneratorOptions } from './generator.ts';
import { makeMessages } from './messages.ts';

/** A server that takes everything, and remembers it. */
async function startServer(answer = '250 2.0.0 Ok') {
  const messages: string[] = [];
  const commands: string[] = [];
  const server = createServer((socket) => {
    let text = '';
    let isData = false;
    socket.write('220 there\r\n');
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (;;) {
        const end = text.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const line = text.slice(0, end);
        text = text.slice(end + (isData ? 5 : 2));
        if (isData) {
          messages.push(`${line}\r\n`);
          socket.write(`${answer}\r\n`);
          isData = false;
        } else {
          commands.push(line);
          isData = line === 'DATA';
          if (line.startsWith('EHLO')) socket.write('250-there\r\n250-SI');
          if (line.startsWith('EHLO')) setImmediate(() => socket.write('ZE\r\n250 PIPELINING\r\n'));
          else if (line === 'QUIT') socket.end('221 bye\r\n');
          else socket.write(isData ? '354 go\r\n' : '250 ok\r\n');
        }
      }
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, messages, commands, port: (server.address() as AddressInfo).port };
}

const base: Omit<GeneratorOptions, 'port'> = {
  sessions: 3,
  messagesPerSession: 4,
  seconds: 10,
  messagesMax: 20,
  sizeBytes: 2048,
  sender: 'a@generator.test',
  recipients: ['b@bench.test', 'c@bench.test'],
  pipelining: false,
};

for (const pipelining of [false, true]) {
  test(`every message is sent once, pipelining: ${pipelining}`, async () => {
    const { server, messages, commands, port } = await startServer();
    const report = await generate({ ...base, port, pipelining });
    server.close();
    assert.equal(report.accepted, 20);
    assert.equal(report.refused, 0, String(report.firstRefusal));
    assert.equal(messages.length, 20);
    assert.equal(new Set(messages).size, 20);
    assert.ok(messages.every((message) => message.length === 2048));
    assert.equal(commands.filter((line) => line.startsWith('EHLO')).length >= 5, true);
    assert.equal(commands.filter((line) => line === 'RCPT TO:<b@bench.test>').length, 10);
    assert.ok(report.commitMs.p50 <= report.messageMs.max);
  });
}

test('a refusal is counted and told', async () => {
  const { server, port } = await startServer('452 4.3.1 full');
  const report = await generate({ ...base, port, sessions: 1 });
  server.close();
  assert.equal(report.accepted, 0);
  assert.equal(report.refused, 1);
  assert.equal(report.firstRefusal, 'body: 452 4.3.1 full\r');
});

test('messages have the size asked for and need no dot-stuffing', () => {
  for (const sizeBytes of [2048, 51_200, 5_242_880]) {
    const { head, body } = makeMessages({ ...base, sizeBytes }).next();
    const text = head + body.toString('latin1');
    assert.equal(text.length, sizeBytes + 3);
    assert.equal(text.indexOf('\r\n.'), text.length - 5);
    assert.ok(text.endsWith('\r\n.\r\n'));
    assert.doesNotMatch(text, /[^\r]\n|\r[^\n]/);
  }
});
