/** A first run with certificates by ACME: what is written can be served, and is checked. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readConfig } from '../config/read.ts';

const main = path.join(import.meta.dirname, 'main.ts');
const run = promisify(execFile);

test('setup --acme: ports, agreement, certificates to be listed', async (t) => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'merpati-setup-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const options = { cwd, env: { ...process.env, LANG: 'C' } };
  const merpati = (...args: string[]) => run(process.execPath, [main, ...args], options);
  const made = await merpati('setup', 'contoh.id', '--data', path.join(cwd, 'data'), '--acme');
  assert.doesNotMatch(made.stdout, /Without a certificate/);
  assert.match(made.stdout, /_mta-sts\.contoh\.id/);
  const { config } = readConfig({ file: path.join(cwd, 'merpati.toml'), env: {} });
  assert.deepEqual(config?.listen.https, [':443']);
  assert.deepEqual(config?.listen.acme, [':80']);
  assert.equal(config?.acme.terms_agreed, true);
  const listed = await merpati('certificate', 'list', '--json');
  assert.match(listed.stdout, /"source": ?"self-made"/);
  await assert.rejects(merpati('certificate', 'renew'), /only a running server/);
});
