/** `merpati domain` as people meet it, in a lab whose zone is what the command says. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before, describe } from 'node:test';
import { defaultConfig } from '../config/read.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { startAnywhere } from '../lab/ports.ts';
import { silentLog } from '../observe/log.ts';
import { realWorld } from '../real-world.ts';

const command = path.resolve(import.meta.dirname, '../../bin/merpati.js');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: os.tmpdir(), LANG: 'C.UTF-8' };
  const child = spawn(process.execPath, [command, ...args], { env });
  child.stdin.end();
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
}

describe('in the lab', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-domain-'));
  let lab: Lab;
  const ask = (...args: readonly string[]) => run(['--lab', '--data', folder, ...args]);
  const json = async (...args: readonly string[]) => {
    const { out, err } = await ask('--json', ...args);
    assert.notEqual(out, '', err);
    return JSON.parse(out) as { readonly [key: string]: unknown };
  };

  before(async () => {
    const fixed = { real: realWorld(defaultConfig({}).dns), log: silentLog, version: '0' };
    lab = await startAnywhere(Math.random, '127.0.0.1', (ports) =>
      startLab({ folder, ports, ...fixed }),
    );
  });
  after(async () => {
    await lab.stop();
    rmSync(folder, { recursive: true });
  });

  test('records as a table, as a zone, as an update, as JSON', async () => {
    const table = await ask('domain', 'dns', 'Merpati.TEST', '--lang', 'id');
    assert.match(table.out, /^; WAJIB\n; MX: .*\nmerpati\.test\. 1 IN MX 10 mx\.merpati\.test\.\n/);
    const zone = await ask('domain', 'dns', 'merpati.test', '--as', 'zone');
    assert.match(
      zone.out,
      /^; merpati\.test\nmerpati\.test\.\t1\tIN\tMX\t10 mx\.merpati\.test\.\n/,
    );
    const update = await ask('domain', 'publish', 'merpati.test', '--dry-run');
    assert.match(update.out, /^zone merpati\.test\.\nupdate add merpati\.test\. 1 MX 10 /);
    assert.match(update.out, /\nsend\n$/);
    const { schema, items } = await json('domain', 'dns', 'merpati.test');
    assert.equal(schema, 'merpati.domain.dns/1');
    const first = (items as { type: string; needed: boolean; inZone: boolean }[])[0];
    assert.deepEqual([first?.type, first?.needed, first?.inZone], ['MX', true, true]);
    const wrong = await ask('domain', 'dns', 'merpati.test', '--as', 'cloudflare');
    assert.deepEqual([wrong.code, wrong.out], [2, '']);
    assert.equal((await ask('domain', 'dns', 'lain.test')).code, 3);
  });

  test('all is there; then the name servers fall silent', async () => {
    const good = await ask('domain', 'check', 'merpati.test');
    assert.equal(good.code, 0, good.out);
    assert.match(good.out, /^merpati\.test {2}asked: ns\.lab\.test\nREQUIRED\n {2}✓ MX /);
    assert.doesNotMatch(good.out, /[✕▲◑]/);
    await ask('lab', 'fault', 'dns-servfail', '--domain', 'surat.test');
    const bad = await ask('domain', 'check', 'surat.test', '--lang', 'id');
    assert.equal(bad.code, 8, bad.out);
    assert.match(bad.out, /perlu diperbaiki/);
    await ask('lab', 'fault', 'dns-servfail', 'off', '--domain', 'surat.test');
  });

  test('keys: those that sign, new ones, and never a secret', async () => {
    const before = await ask('domain', 'keys', 'merpati.test');
    assert.match(before.out, /^selector\t.*\n\d{6}a\trsa-sha256\tsigning\t/);
    const { items } = await json('domain', 'keys', 'merpati.test', 'rotate');
    assert.equal((items as object[]).length, 4);
    assert.doesNotMatch(JSON.stringify(items), /PRIVATE|privateText/);
    await ask('domain', 'check', 'merpati.test');
    const after = await ask('domain', 'keys', 'merpati.test', '--no-header');
    assert.match(after.out, /^\d{6}a\trsa-sha256\tretired\t.*\n.*\n\d{6}b\trsa-sha256\tsigning\t/);
    assert.equal((await ask('domain', 'keys', 'merpati.test', 'burn')).code, 2);
  });

  test('a new domain has its keys in the DNS at once; updates want a server', async () => {
    assert.equal((await ask('domain', 'add', 'toko.test')).code, 0);
    const check = await ask('domain', 'check', 'toko.test');
    assert.equal(check.code, 0, check.out);
    assert.match((await ask('domain', 'keys', 'toko.test')).out, /\tsigning\t/);
    const publish = await ask('domain', 'publish', 'toko.test');
    assert.equal(publish.code, 1);
    assert.match(publish.err, /acme\.dns_server.*merpati --lab domain dns toko\.test/);
    assert.equal((await ask('domain', 'remove', 'toko.test', '--yes')).code, 0);
    const [home] = lab.context.homes;
    assert.equal(await home.store.record('dkim-keys', 'toko.test'), null);
  });
});
