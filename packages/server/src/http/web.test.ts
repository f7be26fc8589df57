/** The web ports over real sockets: policies by name, limits, what stands in log and metrics. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { request as askSecurely } from 'node:https';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Challenges } from '../certificates/challenges.ts';
import type { Config } from '../config/schema.ts';
import { testHome, type TestHome } from '../testing/home.ts';
import { startWeb } from './web.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Web {
  readonly made: TestHome;
  readonly https: number;
  readonly acme: number;
  readonly challenges: Challenges;
  readonly get: (url: string) => Promise<Answer>;
}

async function start(t: TestContext, more: Partial<Config> = {}): Promise<Web> {
  const any = ['127.0.0.1:0'];
  const made = await testHome({ config: { listen: { https: any, acme: any }, ...more } });
  await made.addDomain('contoh.test');
  const challenges = new Challenges();
  const service = await startWeb(made.home, challenges);
  t.after(async () => {
    await service.stop();
    await made[Symbol.asyncDispose]();
  });
  const port = (name: string) => service.addresses.find((one) => one.protocol === name)?.port ?? 0;
  const [https, acme] = [port('https'), port('acme')];
  const get = async (url: string): Promise<Answer> => {
    const { protocol, hostname, pathname, search } = new URL(url);
    const options = {
      host: '127.0.0.1',
      path: pathname + search,
      headers: { host: hostname },
      agent: false,
    };
    const sent =
      protocol === 'https:'
        ? askSecurely({ ...options, port: https, servername: hostname, rejectUnauthorized: false })
        : ask({ ...options, port: acme });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
    return { status: answer.statusCode ?? 0, headers: answer.headers, text };
  };
  return { made, https, acme, challenges, get };
}

/** RFC 8461 §3.2, §3.3. */
test('the MTA-STS policy, for the domains of this server alone', async (t) => {
  const { made, get } = await start(t);
  const policy = await get('https://MTA-STS.contoh.test/.well-known/mta-sts.txt');
  assert.equal(policy.status, 200);
  assert.match(String(policy.headers['content-type']), /^text\/plain\b/);
  assert.equal(
    policy.text,
    'version: STSv1\r\nmode: testing\r\nmx: mx.merpati.test\r\nmax_age: 1209600\r\n',
  );
  assert.match(String(policy.headers['strict-transport-security']), /max-age=/);
  assert.match(String(policy.headers['content-security-policy']), /default-src 'none'/);
  assert.equal(policy.headers['x-content-type-options'], 'nosniff');
  for (const url of [
    'https://mta-sts.other.test/.well-known/mta-sts.txt',
    'https://contoh.test/.well-known/mta-sts.txt',
    'https://mta-sts.contoh.test/',
    'https://mta-sts.contoh.test/.well-known/acme-challenge/x',
    'https://mta-sts.contoh.test/metrics',
  ]) {
    assert.equal((await get(url)).status, 404, url);
  }
  const metrics = await made.home.metrics.registry.metrics();
  assert.match(metrics, /http_request_seconds_count\{route="mta-sts",status="200"\} 1/);
  assert.match(metrics, /http_request_seconds_count\{route="none",status="404"\}/);
});

test('mail programs find their settings', async (t) => {
  const { made, get } = await start(t);
  Object.assign(made.home.config.listen, { imaps: [':993'], submissions: [':465'] });
  const question = '?emailaddress=tono@contoh.test';
  for (const [url, type, word] of [
    ['https://autoconfig.contoh.test/mail/config-v1.1.xml', 'text/xml', '<clientConfig'],
    ['https://contoh.test/.well-known/autoconfig/mail/config-v1.1.xml', 'text/xml', '993'],
    ['https://contoh.test/.well-known/mobileconfig', 'application/x-apple', 'PayloadType'],
  ] as const) {
    const { status, headers, text } = await get(url + question);
    assert.equal(status, 200, url);
    assert.ok(String(headers['content-type']).startsWith(type));
    assert.ok(text.includes(word), text);
  }
  const profile = await get(`https://contoh.test/.well-known/mobileconfig${question}`);
  assert.match(String(profile.headers['content-disposition']), /mail\.mobileconfig/);
  assert.equal((await get('https://contoh.test/.well-known/mobileconfig')).status, 404);
});

test('no policy where none is wanted', async (t) => {
  const { made, get } = await start(t);
  const { publish } = made.home.config;
  Object.assign(publish, { sts: 'none' });
  const answer = await get('https://mta-sts.contoh.test/.well-known/mta-sts.txt');
  assert.equal(answer.status, 404);
});

/** RFC 8555 §8.3. */
test('port 80: answers to an authority, the way to HTTPS, nothing else', async (t) => {
  const { get, challenges } = await start(t);
  challenges.texts.set('token', 'token.thumbprint');
  const at = '/.well-known/acme-challenge/token';
  const found = await get(`http://mail.contoh.test${at}`);
  assert.equal(found.text, 'token.thumbprint');
  assert.equal((await get(`http://mail.contoh.test${at}2`)).status, 404);
  for (const host of ['mta-sts.contoh.test', 'contoh.test', 'mx.merpati.test']) {
    const { status, headers } = await get(`http://${host}/a?b`);
    assert.equal(status, 308);
    assert.equal(headers.location, `https://${host}/a?b`);
  }
  assert.equal((await get('http://other.test/')).status, 404);
});

test('who dribbles, says too much or nonsense', async (t) => {
  const { acme } = await start(t);
  const say = async (text: string): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port: acme });
    socket.on('error', () => {});
    socket.end(text);
    let said = '';
    for await (const chunk of socket.setEncoding('latin1')) said += String(chunk);
    return said;
  };
  assert.match(await say('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(await say('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const long = `GET / HTTP/1.1\r\nHost: a.test\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
  assert.match(await say(long), /^HTTP\/1\.1 4/);
  const body = 'x'.repeat(70_000);
  const big = `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  assert.match(await say(big), /^HTTP\/1\.1 413 /);
  const two = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
  assert.equal((await say(two + two)).match(/HTTP\/1\.1 404/g)?.length, 2, 'pipelined');
});

test('behind a PROXY header the client is the real one; places are counted', async (t) => {
  const { made, acme } = await start(t, { proxy: { networks: ['127.0.0.1'] } });
  const socket = connect({ host: '127.0.0.1', port: acme });
  socket.write('PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\nGET / HTTP/1.1\r\n');
  socket.end('Host: a.test\r\nConnection: close\r\n\r\n');
  let said = '';
  for await (const chunk of socket.setEncoding('latin1')) said += String(chunk);
  assert.match(said, /^HTTP\/1\.1 404/);
  const gauge = await made.home.metrics.connections.get();
  assert.equal(gauge.values.find((one) => one.labels.protocol === 'acme')?.value, 0);
});
