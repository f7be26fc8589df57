import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { checkConfig } from './check.ts';
import { configKeys } from './keys.ts';
import { readListenAddress, writeListenAddress } from './listen-address.ts';
import { editDistance, nearest } from './nearest.ts';
import { defaultConfig, readConfig } from './read.ts';

function folder(t: { after: (fn: () => void) => void }): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'merpati-config-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function read(t: { after: (fn: () => void) => void }, toml: string, env = {}) {
  const file = path.join(folder(t), 'merpati.toml');
  writeFileSync(file, toml);
  return readConfig({ file, env });
}

test('file, environment and defaults, in this order', (t) => {
  const { config, problems, sources } = read(
    t,
    'hostname = "mail.contoh.id"\n[limits]\nerrors_max = 3\n[listen]\nsmtp = [":25"]\n',
    {
      MERPATI_LIMITS__ERRORS_MAX: '4',
      MERPATI_LISTEN__POP3: '127.0.0.1:110, [::1]:110',
      HOME: '/',
    },
  );
  assert.deepEqual(problems, []);
  assert.equal(config?.hostname, 'mail.contoh.id');
  assert.equal(config?.limits.errors_max, 4);
  assert.deepEqual(config?.listen.pop3, ['127.0.0.1:110', '[::1]:110']);
  assert.deepEqual(config?.listen.smtp, [':25']);
  assert.equal(config?.limits.recipients_max, 1000);
  assert.equal(sources.get('limits.errors_max'), 'MERPATI_LIMITS__ERRORS_MAX');
  assert.match(sources.get('hostname') ?? '', /merpati\.toml$/);
});

test('what is published can be read by others', () => {
  const hostname = 'mail.contoh.id';
  const publish = { addresses: ['203.0.113.5', 'here'], spf: 'mx ipv4:1.2.3.4', reports_to: 'rua' };
  const problems = checkConfig(defaultConfig({ hostname, publish }), 0).map(({ code }) => code);
  const found = problems.filter((code) => code.startsWith('config.publish'));
  assert.deepEqual(found, [
    'config.publish.address',
    'config.publish.spf',
    'config.publish.reports',
  ]);
});

test('unknown keys are errors with their path and a proposal', (t) => {
  const { config, problems } = read(
    t,
    'hostnam = "x"\n[listen]\nsmpt = []\n'.concat(
      '[[routes]]\ndomain = "*"\nhost = "a"\nprot = 25\n[xyzzy]\na = 1\n',
    ),
    { MERPATI_LIMIT__ERRORS_MAX: '4' },
  );
  assert.equal(config, null);
  const found = problems.map((one) => [one.path, one.code, one.args['near'] ?? null]);
  assert.deepEqual(
    found.sort((a, b) => String(a[0]).localeCompare(String(b[0]))),
    [
      ['', 'config.env.unknown.near', 'MERPATI_LIMITS__ERRORS_MAX'],
      ['hostnam', 'config.key.unknown.near', 'hostname'],
      ['listen.smpt', 'config.key.unknown.near', 'listen.smtp'],
      ['routes[0].prot', 'config.key.unknown.near', 'routes[].port'],
      ['xyzzy', 'config.key.unknown', null],
    ],
  );
});

test('values of the wrong kind say what was expected and what was found', (t) => {
  const { problems } = read(
    t,
    'hostname = 7\n[limits]\nrecipients_max = 5\n[pop]\npolicy = "hidden"\n'.concat(
      '[[routes]]\ndomain = "*"\n[queue]\nretry_after_s = [1, "2"]\n',
    ),
  );
  const byPath = new Map(problems.map((one) => [one.path, one]));
  assert.deepEqual(byPath.get('hostname')?.args, { expected: 'text', found: '7' });
  assert.deepEqual(byPath.get('limits.recipients_max')?.args, { least: 100 });
  assert.deepEqual(byPath.get('pop.policy')?.args, { expected: 'hide, leave-copy' });
  assert.equal(byPath.get('routes[0].host')?.code, 'config.value.missing');
  assert.equal(byPath.get('queue.retry_after_s[1]')?.args['found'], '"2"');
});

test('a mistake in the TOML is named by line and column', (t) => {
  const { config, problems } = read(t, 'hostname = "a\n');
  assert.equal(config, null);
  assert.equal(problems[0]?.code, 'config.toml');
  assert.equal(problems[0]?.args['line'], 1);
});

test('secrets come from files: by configuration, from systemd, by the environment', (t) => {
  const toml =
    '[[routes]]\ndomain = "*"\nhost = "smart.example"\nusername = "u"\npassword_file = "smart"\n';
  const credentials = folder(t);
  writeFileSync(path.join(credentials, 'smart'), 'rahasia\n');
  const given = read(t, toml, { CREDENTIALS_DIRECTORY: credentials });
  assert.equal(given.config?.routes[0]?.password, 'rahasia');
  assert.equal(read(t, toml).problems[0]?.code, 'config.secret.unreadable');

  const hostname = path.join(credentials, 'smart');
  const byEnv = read(t, '', { MERPATI_HOSTNAME_FILE: hostname });
  assert.equal(byEnv.config?.hostname, 'rahasia');
  const missing = read(t, toml.replace('password_file = "smart"', ''));
  assert.equal(missing.problems[0]?.code, 'config.secret.missing');
});

test('ports that collide, half a certificate, names that are none', () => {
  const config = defaultConfig({
    hostname: 'localhost',
    data: '/proc/nowhere',
    listen: { smtp: [':2525', '127.0.0.1:2525'], pop3: ['[::1]:2525', 'nonsense'] },
    tls: { certificate_file: '/x' },
    dns: { servers: ['resolver.example'] },
    proxy: { networks: ['10.0.0.0/33', '10.0.0.0/8'] },
    queue: { expire_after_s: 60, delay_notice_after_s: 60 },
  });
  const codes = checkConfig(config, 0).map((one) => `${one.code} ${one.path}`);
  assert.deepEqual(
    codes.filter((one) => !one.startsWith('config.data')),
    [
      'config.hostname.syntax hostname',
      'config.listen.twice listen.smtp[1]',
      'config.listen.twice listen.pop3[0]',
      'config.listen.syntax listen.pop3[1]',
      'config.tls.half tls',
      'config.dns.syntax dns.servers[0]',
      'config.network.syntax proxy.networks[0]',
      'config.queue.order queue',
    ],
  );
});

test('a certificate: key that does not fit, name, end, a key that others can read', (t) => {
  const at = folder(t);
  const make = (name: string) =>
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 -subj /CN=${name}`
        .concat(` -addext subjectAltName=DNS:${name} -keyout ${at}/${name}.key`)
        .concat(` -out ${at}/${name}.pem`)
        .split(' '),
      { stdio: 'ignore' },
    );
  make('mail.contoh.id');
  make('other.contoh.id');
  chmodSync(path.join(at, 'mail.contoh.id.key'), 0o644);
  const config = (cert: string, key: string) =>
    defaultConfig({
      hostname: 'mail.contoh.id',
      data: at,
      listen: { smtp: [':2525'] },
      tls: {
        certificate_file: path.join(at, `${cert}.pem`),
        key_file: path.join(at, `${key}.key`),
      },
    });
  const codes = (cert: string, key: string, nowMs = Date.now()) =>
    checkConfig(config(cert, key), nowMs).map((one) => one.code);
  assert.deepEqual(codes('mail.contoh.id', 'mail.contoh.id'), [
    'config.secret.open',
    'config.tls.expires',
  ]);
  assert.deepEqual(codes('other.contoh.id', 'mail.contoh.id', Date.now() + 20 * 86_400_000), [
    'config.tls.mismatch',
    'config.secret.open',
    'config.tls.expired',
    'config.tls.name',
  ]);
});

test('every key is described, has a default or is needed, and a name in the environment', () => {
  const keys = configKeys();
  assert.ok(keys.length > 30);
  for (const key of keys) assert.notEqual(key.description, '', key.path);
  for (const key of keys.filter((one) => !one.path.includes('[]'))) {
    assert.notEqual(key.default, undefined, key.path);
    assert.match(key.env ?? '', /^MERPATI_[A-Z0-9_]+$/, key.path);
  }
  assert.equal(
    keys.find((one) => one.path === 'limits.recipients_max')?.type,
    'whole number ≥ 100',
  );
});

test('addresses to listen on', () => {
  for (const text of ['0.0.0.0:25', '[::1]:25', ':25']) {
    const read = readListenAddress(text);
    assert.ok(read);
    assert.equal(writeListenAddress(read), text);
  }
  assert.deepEqual(readListenAddress('25'), { address: null, port: 25 });
  assert.deepEqual(readListenAddress('*:25'), { address: null, port: 25 });
  for (const text of ['', 'host:25', '1.2.3:25', '::1:25', '[1.2.3.4]:25', ':70000', ':-1']) {
    assert.equal(readListenAddress(text), null, text);
  }
});

test('the nearest word', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('smpt', 'smtp'), 1);
  assert.equal(nearest('acount', ['alias', 'account', 'domain']), 'account');
  assert.equal(nearest('xyzzy', ['alias', 'account', 'domain']), null);
});
