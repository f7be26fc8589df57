/**
 * TLS as OpenSSL's own client sees it at every port: versions, ciphers, certificates by name,
 * sessions by tickets. RFC 6066 §3; RFC 7301; RFC 9325 §3.1, §4.2; RFC 5077.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthenticator } from '../../packages/server/src/accounts/authenticate.ts';
import { show } from '../../packages/server/src/certificates/from-files.ts';
import { ServedCertificates } from '../../packages/server/src/certificates/served.ts';
import { openAuthority } from '../../packages/server/src/lab/authority.ts';
import { runHome, type Running } from '../../packages/server/src/serve.ts';
import { testHome, type TestHome } from '../../packages/server/src/testing/home.ts';
import { findProgram, requireProgram } from '../programs.ts';

const any = ['127.0.0.1:0'];
const listen = {
  smtp: any,
  submission: any,
  submissions: any,
  pop3: any,
  pop3s: any,
  imap: any,
  imaps: any,
  https: any,
  http: [],
};
/** For s_client's `-starttls`; null: TLS from the first octet. */
const upgrades = {
  smtp: 'smtp',
  submission: 'smtp',
  submissions: null,
  pop3: 'pop3',
  pop3s: null,
  imap: 'imap',
  imaps: null,
  https: null,
} as const;
type Protocol = keyof typeof upgrades;
const protocols = Object.keys(upgrades) as Protocol[];

interface Server extends AsyncDisposable {
  readonly made: TestHome;
  readonly running: Running;
  /** Moves the clock of the server. */
  pass(ms: number): void;
  /** What s_client says, standard output and error. */
  readonly ask: (protocol: Protocol, ...options: string[]) => Promise<string>;
}

/** A server with two certificates: one for itself, one for a domain. */
async function start(): Promise<Server> {
  let passedMs = 0;
  const made = await testHome({
    config: { hostname: 'mx.merpati.test', listen },
    world: { nowMs: () => Date.now() + passedMs },
  });
  const { home, directory } = made;
  show(home, await twoCertificates(directory));
  const running = await runHome(home, { authenticator: createAuthenticator([home]) });
  return {
    made,
    running,
    pass: (ms) => void (passedMs += ms),
    ask: (protocol, ...options) => ask(running, directory, { protocol, options }),
    async [Symbol.asyncDispose]() {
      await running.stop();
      await made[Symbol.asyncDispose]();
    },
  };
}

async function twoCertificates(directory: string) {
  const authority = await openAuthority(directory, Date.now());
  return [
    await authority.issue(['mx.merpati.test', 'localhost', '127.0.0.1'], Date.now()),
    await authority.issue(['mail.contoh.test', 'mta-sts.contoh.test'], Date.now()),
  ];
}

function ask(
  running: Running,
  directory: string,
  about: { readonly protocol: Protocol; readonly options: readonly string[] },
): Promise<string> {
  const at = running.addresses.find((one) => one.protocol === about.protocol);
  const upgrade = upgrades[about.protocol];
  const args = [
    's_client',
    '-connect',
    `127.0.0.1:${at?.port}`,
    '-CAfile',
    join(directory, 'lab-ca.pem'),
    ...(upgrade === null ? [] : ['-starttls', upgrade]),
    ...about.options,
  ];
  return new Promise((resolve) => {
    const asked = execFile(
      findProgram('openssl') ?? 'openssl',
      args,
      { timeout: 20_000 },
      (_fault, out, err) => resolve(out + err),
    );
    let said = '';
    asked.stdout?.on('data', (piece: string) => {
      said += piece;
      if (said.includes('Verify return code'))
        void hasSession(about).then(() => asked.stdin?.end());
    });
  });
}

/** With TLS 1.3 the ticket comes after the handshake, and s_client tells of it in a file only. */
async function hasSession({ options }: { readonly options: readonly string[] }): Promise<void> {
  const at = options.indexOf('-sess_out');
  const file = at < 0 || options.includes('-tls1_2') ? undefined : options[at + 1];
  if (file === undefined) return;
  for (let i = 0; i < 500 && !existsSync(file); i += 1) await delay(10);
}

const subjectOf = (text: string) => /subject=CN = (\S+)/.exec(text)?.[1] ?? null;

test('every port: the certificate by name, versions, ciphers, applications', async (t) => {
  if (!requireProgram(t, 'openssl')) return;
  await using server = await start();
  await Promise.all(protocols.map((protocol) => checkPort(t, server, protocol)));
});

async function checkPort(t: TestContext, { ask }: Server, protocol: Protocol): Promise<void> {
  const noName = await ask(protocol, '-noservername', '-verify_return_error');
  t.diagnostic(`${protocol}: ${/New, (.*)/.exec(noName)?.[1]}`);
  assert.match(noName, /New, TLSv1\.3/, protocol);
  assert.match(noName, /Verify return code: 0/, protocol);
  assert.equal(subjectOf(noName), 'mx.merpati.test');
  for (const version of ['-tls1_2', '-tls1_3']) {
    const named = await ask(protocol, '-servername', 'MTA-STS.contoh.test', version);
    assert.equal(subjectOf(named), 'mail.contoh.test', protocol + version);
  }
  const unknown = await ask(protocol, '-servername', 'other.test');
  assert.equal(subjectOf(unknown), 'mx.merpati.test');

  const old = ['-cipher', 'DEFAULT@SECLEVEL=0'];
  for (const version of ['-tls1', '-tls1_1']) {
    const refused = await ask(protocol, version, ...old);
    assert.match(refused, /alert protocol version|no peer certificate/, protocol + version);
    assert.match(refused, /Cipher is \(NONE\)/, protocol + version);
  }
  for (const cipher of ['AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-CCM8']) {
    const weak = await ask(protocol, '-tls1_2', '-cipher', `${cipher}@SECLEVEL=0`);
    assert.match(weak, /Cipher is \(NONE\)/, `${protocol} ${cipher}`);
  }
  const strong = await ask(protocol, '-tls1_2', '-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305');
  assert.match(strong, /Cipher is ECDHE-ECDSA-CHACHA20-POLY1305/);
  if (protocol === 'https') {
    assert.match(await ask(protocol, '-alpn', 'h2,http/1.1'), /ALPN protocol: http\/1\.1/);
    return;
  }
  const browser = await ask(protocol, '-alpn', 'h2,http/1.1');
  assert.match(browser, /alert no application protocol|Cipher is \(NONE\)/, protocol);
  const own = protocol.replace(/s$/, '').replace('submission', 'smtp');
  assert.match(await ask(protocol, '-alpn', own), new RegExp(`ALPN protocol: ${own}`), protocol);
}

test('sessions: resumed by tickets, until the keys or the certificates are others', async (t) => {
  if (!requireProgram(t, 'openssl')) return;
  await using server = await start();
  const { directory, home } = server.made;
  for (const version of ['-tls1_2', '-tls1_3']) {
    const sessions = (step: string) =>
      Promise.all(protocols.map((protocol) => askSession(server, { protocol, version, step })));
    const all = (word: string) => protocols.map((protocol) => `${protocol} ${word}`);
    await sessions('first');
    assert.deepEqual(await sessions('again'), all('Reused'));
    server.pass(6 * 3_600_000);
    assert.deepEqual(await sessions('other keys'), all('New'));
    assert.deepEqual(await sessions('again'), all('Reused'));
    show(home, await twoCertificates(directory));
    assert.deepEqual(await sessions('other certificates'), all('New'));
    assert.deepEqual(await sessions('again'), all('Reused'));
  }
});

/** Comes back with the session of the last time. */
async function askSession(
  server: Server,
  about: { readonly protocol: Protocol; readonly version: string; readonly step: string },
): Promise<string> {
  const { protocol, version, step } = about;
  const file = join(server.made.directory, `${protocol}.session`);
  const before = step === 'first' ? [] : ['-sess_in', file];
  const name = ['-servername', 'mail.contoh.test', version];
  const next = `${file}.next`;
  const said = await server.ask(protocol, ...name, ...before, '-sess_out', next);
  if (existsSync(next)) renameSync(next, file);
  assert.equal(subjectOf(said), 'mail.contoh.test', `${protocol} ${version} ${step}`);
  return `${protocol} ${/^(New|Reused), TLS/m.exec(said)?.[1] ?? said}`;
}

test('what is asked for in vain changes nothing', async () => {
  await using made = await testHome();
  const { home, directory } = made;
  const pairs = await twoCertificates(directory);
  show(home, pairs);
  const before = home.tls?.context('mail.contoh.test');
  const [first, second] = pairs;
  assert.ok(first && second);
  const mixed = { certificate: first.certificate, key: second.key };
  assert.throws(() => show(home, [first, mixed]), /key values mismatch/);
  assert.equal(home.tls?.context('MAIL.contoh.test'), before);
  assert.ok(home.tls instanceof ServedCertificates);
});
