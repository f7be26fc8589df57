import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rcodes, typeCodes, writeDnsMessage } from '@merpati/formats/dns/message.ts';
import type { DnsAnswer, Resolver } from '../world.ts';
import { answersFrom, replyTo, startScriptedDns } from '../testing/scripted-dns.ts';
import { createResolver, type ResolverOptions } from './resolver.ts';
import type { NameServer } from './servers.ts';

const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));

function resolverOf(servers: NameServer[], over: Partial<ResolverOptions> = {}): Resolver {
  return createResolver({ servers, timeoutMs: 10_000, nowMs: Date.now, randomBytes, ...over });
}

const ascii = (text: string) => new TextEncoder().encode(text);
const a = (address: string) => ({ type: 'A', address }) as const;
const cname = (target: string) => ({ type: 'CNAME', target }) as const;
const record = (name: string, data: ReturnType<typeof a> | ReturnType<typeof cname>) =>
  ({ name, class: 1, ttlSeconds: 60, data }) as const;
const addresses = (answer: DnsAnswer) =>
  answer.kind === 'records' ? answer.records.map((r) => r.type === 'A' && r.address) : answer;

test('records of every type; names come out in lower case', async () => {
  const tlsa = { type: 'TLSA', usage: 3, selector: 1, matching: 1, data: ascii('hash') } as const;
  await using dns = await startScriptedDns(
    answersFrom({
      'a.test': [
        { type: 'MX', preference: 10, exchange: 'MX1.A.Test' },
        { type: 'TXT', strings: [ascii('v=spf1'), ascii(' -all')] },
        { type: 'AAAA', address: '2001:db8::1' },
      ],
      '_25._tcp.mx1.a.test': [tlsa],
    }),
  );
  const resolver = resolverOf([dns.server]);
  const mx = await resolver.query('A.test.', 'MX');
  assert.deepEqual(mx, {
    kind: 'records',
    records: [{ type: 'MX', preference: 10, exchange: 'mx1.a.test' }],
    ttlSeconds: 300,
    authenticated: false,
    aliases: [],
  });
  const txt = await resolver.query('a.test', 'TXT');
  assert.ok(txt.kind === 'records' && txt.records[0]?.type === 'TXT');
  assert.deepEqual(
    txt.records[0].strings.map((s) => Buffer.from(s).toString()),
    ['v=spf1', ' -all'],
  );
  const found = await resolver.query('_25._tcp.mx1.a.test', 'TLSA');
  assert.ok(found.kind === 'records');
  assert.deepEqual(
    found.records.map((r) => r.type === 'TLSA' && r.usage),
    [3],
  );
  assert.equal((await resolver.query('a.test', 'A')).kind, 'nodata');
  assert.equal((await resolver.query('b.test', 'A')).kind, 'nxdomain');
  // Names that cannot be: nobody is asked.
  const before = dns.asked.length;
  assert.equal((await resolver.query(`${'x'.repeat(64)}.test`, 'A')).kind, 'nxdomain');
  assert.equal((await resolver.query('a..test', 'A')).kind, 'nxdomain');
  assert.equal(dns.asked.length, before);
});

test('answers are kept for their TTL, and one question serves all who wait', async () => {
  let now = 1_000_000;
  await using dns = await startScriptedDns(answersFrom({ 'a.test': [a('192.0.2.1')] }));
  const resolver = resolverOf([dns.server], { nowMs: () => now });
  await Promise.all(Array.from({ length: 20 }, () => resolver.query('a.test', 'A')));
  assert.equal(dns.asked.length, 1);
  now += 100_000;
  const kept = await resolver.query('a.test', 'A');
  assert.ok(kept.kind === 'records' && kept.ttlSeconds === 200);
  await resolver.query('b.test', 'A');
  await resolver.query('b.test', 'A');
  assert.equal(dns.asked.length, 2);
  now += 61_000;
  await resolver.query('b.test', 'A');
  assert.equal(dns.asked.length, 3, 'RFC 2308 §5: the SOA minimum bounds a denial');
  now += 140_000;
  await resolver.query('a.test', 'A');
  assert.equal(dns.asked.length, 4);
});

test('a cut answer is asked for again by TCP (RFC 7766 §5)', async () => {
  const many = Array.from({ length: 200 }, (_, i) => a(`192.0.2.${i}`));
  await using dns = await startScriptedDns(answersFrom({ 'a.test': many }));
  const answer = await resolverOf([dns.server]).query('a.test', 'A');
  assert.ok(answer.kind === 'records');
  assert.equal(answer.records.length, 200);
  assert.deepEqual(dns.asked, ['A a.test udp', 'A a.test tcp']);
});

test('silent, failing, refusing and lame servers give way to the next one', async () => {
  await using good = await startScriptedDns(answersFrom({ 'a.test': [a('192.0.2.1')] }));
  const silent = () => null;
  const bad = [
    silent,
    (asked: Parameters<typeof replyTo>[0]) => replyTo(asked, { rcode: rcodes.servFail }),
    (asked: Parameters<typeof replyTo>[0]) => replyTo(asked, { rcode: rcodes.refused }),
    (asked: Parameters<typeof replyTo>[0]) => replyTo(asked, { authoritative: false }),
  ];
  for (const answer of bad) {
    await using dns = await startScriptedDns(answer);
    const patience = answer === silent ? { timeoutMs: 500 } : {};
    const found = await resolverOf([dns.server, good.server], patience).query('a.test', 'A');
    assert.deepEqual(addresses(found), ['192.0.2.1']);
    const alone = await resolverOf([dns.server], patience).query('a.test', 'A');
    assert.equal(alone.kind, 'error');
  }
  // Nobody listens there: known at once, without waiting.
  const closed = { address: '127.0.0.1', port: 1 };
  const startedMs = Date.now();
  const patient = resolverOf([closed, good.server], { timeoutMs: 60_000 });
  assert.deepEqual(addresses(await patient.query('a.test', 'A')), ['192.0.2.1']);
  assert.ok(Date.now() - startedMs < 30_000);
});

test('a lost datagram is asked for again', async () => {
  const real = answersFrom({ 'a.test': [a('192.0.2.1')] });
  let lost = 0;
  await using dns = await startScriptedDns((asked) => ((lost += 1) === 1 ? null : real(asked)));
  const found = await resolverOf([dns.server], { timeoutMs: 500 }).query('a.test', 'A');
  assert.deepEqual(addresses(found), ['192.0.2.1']);
});

test('a failure is remembered shortly, then asked again (RFC 9520 §3.2)', async () => {
  let now = 5000;
  await using dns = await startScriptedDns((asked) => replyTo(asked, { rcode: rcodes.servFail }));
  const resolver = resolverOf([dns.server], { nowMs: () => now });
  assert.deepEqual(await resolver.query('a.test', 'MX'), { kind: 'error', reason: 'servfail' });
  await resolver.query('a.test', 'MX');
  assert.equal(dns.asked.length, 1);
  now += 2001;
  dns.answer = answersFrom({ 'a.test': [{ type: 'MX', preference: 0, exchange: '' }] });
  const answer = await resolver.query('a.test', 'MX');
  assert.ok(answer.kind === 'records');
  assert.deepEqual(answer.records, [{ type: 'MX', preference: 0, exchange: '' }]);
});

test('forged answers are not heard: wrong id, wrong question, no response', async () => {
  await using dns = await startScriptedDns((asked) => {
    const forged = [record('a.test', a('203.0.113.66'))];
    const wrongName = [{ name: 'evil.test', type: typeCodes.A, class: 1 }];
    return [
      writeDnsMessage(replyTo(asked, { id: asked.query.id ^ 1, answers: forged })),
      writeDnsMessage(replyTo(asked, { questions: wrongName, answers: forged })),
      writeDnsMessage(replyTo(asked, { isResponse: false, answers: forged })),
      writeDnsMessage(replyTo(asked, { answers: [record('a.test', a('192.0.2.1'))] })),
    ];
  });
  assert.deepEqual(addresses(await resolverOf([dns.server]).query('a.test', 'A')), ['192.0.2.1']);
  // A flood of guesses: the question goes to TCP, where nobody can guess.
  dns.answer = (asked) =>
    asked.via === 'tcp'
      ? replyTo(asked, { answers: [record('b.test', a('192.0.2.2'))] })
      : Array.from({ length: 40 }, (_, i) =>
          writeDnsMessage(replyTo(asked, { id: asked.query.id ^ (i + 1) })),
        );
  assert.deepEqual(addresses(await resolverOf([dns.server]).query('b.test', 'A')), ['192.0.2.2']);
});

test('aliases are followed, within one answer and over several; loops end', async () => {
  await using dns = await startScriptedDns(
    answersFrom({
      'www.test': [cname('Web.test')],
      'web.test': [cname('host.test')],
      'host.test': [a('192.0.2.1')],
      'loop1.test': [cname('loop2.test')],
      'loop2.test': [cname('loop1.test')],
      'self.test': [cname('self.test')],
      'dangling.test': [cname('nowhere.test')],
      ...Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [`c${i}.test`, [cname(`c${i + 1}.test`)]]),
      ),
    }),
  );
  const resolver = resolverOf([dns.server]);
  const found = await resolver.query('www.test', 'A');
  assert.ok(found.kind === 'records');
  assert.deepEqual(found.aliases, ['web.test', 'host.test']);
  for (const name of ['loop1.test', 'self.test', 'c0.test']) {
    assert.deepEqual(await resolver.query(name, 'A'), { kind: 'error', reason: 'malformed' }, name);
  }
  assert.equal((await resolver.query('dangling.test', 'A')).kind, 'nxdomain');
  const alias = await resolver.query('www.test', 'CNAME');
  assert.ok(alias.kind === 'records');
  assert.deepEqual(alias.records, [{ type: 'CNAME', target: 'web.test' }]);
  // A recursive server gives the whole chain at once (unbound's local data: the alias alone).
  dns.answer = (asked) =>
    replyTo(asked, {
      recursionAvailable: true,
      answers: [record('x.test', cname('Y.test')), record('Y.test', a('192.0.2.3'))],
    });
  assert.deepEqual(addresses(await resolver.query('x.test', 'A')), ['192.0.2.3']);
});

test('servers that do not know EDNS are asked again without (RFC 6891 §6.2.2)', async () => {
  const real = answersFrom({ 'a.test': [a('192.0.2.1')] });
  await using dns = await startScriptedDns((asked) =>
    asked.query.edns === null
      ? real(asked)
      : replyTo(asked, { rcode: rcodes.formErr, questions: [] }),
  );
  assert.deepEqual(addresses(await resolverOf([dns.server]).query('a.test', 'A')), ['192.0.2.1']);
});

test('damaged answers: asked again by TCP, and in the end an error', async () => {
  await using dns = await startScriptedDns((asked) =>
    Uint8Array.of(asked.query.id >> 8, asked.query.id & 255, 0x80, 0, 0, 9, 0, 9, 0, 0, 0, 0, 192),
  );
  const answer = await resolverOf([dns.server]).query('a.test', 'A');
  assert.deepEqual(answer, { kind: 'error', reason: 'malformed' });
  assert.ok(dns.asked.includes('A a.test tcp'));
});

test('AD is believed from a server on this machine only', async () => {
  await using dns = await startScriptedDns((asked) =>
    replyTo(asked, { authenticData: true, answers: [record('a.test', a('192.0.2.1'))] }),
  );
  const near = await resolverOf([dns.server]).query('a.test', 'A');
  assert.ok(near.kind === 'records' && near.authenticated);
  const far = await resolverOf([dns.server], { isTrusted: () => false }).query('a.test', 'A');
  assert.ok(far.kind === 'records' && !far.authenticated);
});

test('names go to other machines in mixed case; who changes it is asked by TCP', async () => {
  const names: string[] = [];
  const answers = [record('abcdefghijklmnop.test', a('192.0.2.1'))];
  await using dns = await startScriptedDns((asked) => {
    names.push(asked.name);
    return replyTo(asked, { answers });
  });
  const resolver = resolverOf([dns.server], { isTrusted: () => false });
  assert.deepEqual(addresses(await resolver.query(answers[0]?.name ?? '', 'A')), ['192.0.2.1']);
  assert.equal(names.length, 1);
  assert.notEqual(names[0], answers[0]?.name);
  dns.answer = (asked) => {
    const questions = asked.query.questions.map((q) => ({ ...q, name: q.name.toLowerCase() }));
    return replyTo(asked, { questions, answers: [record(asked.name, a('192.0.2.2'))] });
  };
  const other = await resolver.query('qrstuvwxyzabcdef.test', 'A');
  assert.deepEqual(addresses(other), ['192.0.2.2']);
  assert.deepEqual(dns.asked.slice(1), [
    'A qrstuvwxyzabcdef.test udp',
    'A qrstuvwxyzabcdef.test tcp',
  ]);
});

test('memory is bounded: old answers make room', async () => {
  await using dns = await startScriptedDns((asked) =>
    replyTo(asked, { answers: [record(asked.name, a('192.0.2.1'))] }),
  );
  const resolver = resolverOf([dns.server], { timeoutMs: 5000 });
  // More than 256 at once: the rest wait for a free socket.
  const names = Array.from({ length: 600 }, (_, i) => `n${i}.test`);
  const answers = await Promise.all(names.map((name) => resolver.query(name, 'A')));
  assert.ok(answers.every((answer) => answer.kind === 'records'));
});

test('badly signed is said by the resolver: RFC 8914', async () => {
  const extended = (code: number) => ({ code: 15, data: Uint8Array.of(0, code, 104, 105) });
  await using dns = await startScriptedDns((asked) =>
    replyTo(asked, {
      rcode: rcodes.servFail,
      recursionAvailable: true,
      edns: {
        udpOctetsMax: 1232,
        version: 0,
        dnssecOk: false,
        options: [extended(asked.name.toLowerCase() === 'bogus.test' ? 6 : 22)],
      },
    }),
  );
  const resolver = resolverOf([dns.server]);
  assert.deepEqual(await resolver.query('bogus.test', 'A'), { kind: 'error', reason: 'bogus' });
  assert.deepEqual(await resolver.query('slow.test', 'A'), { kind: 'error', reason: 'servfail' });
});

test('no way round the one that validates: others are not asked, whatever it says', async () => {
  await using strict = await startScriptedDns((asked) =>
    replyTo(asked, { rcode: rcodes.servFail, recursionAvailable: true }),
  );
  await using other = await startScriptedDns(answersFrom({ 'a.test': [a('192.0.2.1')] }));
  const isTrusted = ({ port }: NameServer) => port === strict.server.port;
  const resolver = resolverOf([other.server, strict.server], { isTrusted });
  assert.equal(resolver.isTrusted, true);
  assert.deepEqual(await resolver.query('a.test', 'A'), { kind: 'error', reason: 'servfail' });
  assert.deepEqual(other.asked, []);
  const untrusting = resolverOf([strict.server, other.server], { isTrusted: () => false });
  assert.equal(untrusting.isTrusted, false);
  assert.deepEqual(addresses(await untrusting.query('a.test', 'A')), ['192.0.2.1']);
});

test('signed as long as every answer on the way was, and from memory too', async () => {
  const signed = new Set(['a.test', 'b.test']);
  const records: Record<string, ReturnType<typeof cname> | ReturnType<typeof a>> = {
    'a.test': cname('b.test'),
    'b.test': a('192.0.2.1'),
    'c.test': cname('d.test'),
    'd.test': a('192.0.2.1'),
  };
  // Each answer holds one record only: the resolver has to go on asking.
  await using dns = await startScriptedDns((asked) => {
    const name = asked.name.toLowerCase();
    const found = records[name];
    return replyTo(asked, {
      authenticData: name === 'c.test' || signed.has(name),
      answers: found === undefined ? [] : [record(name, found)],
    });
  });
  const resolver = resolverOf([dns.server]);
  const ask = async (name: string) => {
    const answer = await resolver.query(name, 'A');
    assert.ok(answer.kind === 'records');
    return answer.authenticated;
  };
  assert.equal(await ask('a.test'), true);
  assert.equal(await ask('c.test'), false, 'what the alias leads to is not signed');
  const before = dns.asked.length;
  assert.deepEqual([await ask('a.test'), await ask('c.test')], [true, false]);
  assert.equal(dns.asked.length, before);
});
