import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runProgram } from '../../../../../tests/peers/machine.ts';

const command = path.resolve(import.meta.dirname, '../../../bin/merpati.js');
const endS = Math.floor(Date.now() / 86_400_000) * 86_400;
const report = `<feedback><report_metadata><org_name>Besar\u009b31m</org_name>
<email>a@besar.test</email><report_id>1</report_id>
<date_range><begin>${endS - 86_400}</begin><end>${endS - 1}</end></date_range></report_metadata>
<policy_published><domain>merpati.test</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>merpati.test</header_from></identifiers><auth_results><spf>
<domain>lain.test</domain><result>softfail</result></spf></auth_results></record></feedback>`;

test('merpati report: nothing yet, then something, for people and programs', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-report-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = path.join(folder, 'merpati.toml');
  const data = path.join(folder, 'data');
  mkdirSync(data);
  writeFileSync(config, `hostname = "mx.merpati.test"\ndata = "${data}"\n`);
  const file = path.join(folder, 'report.xml.gz');
  writeFileSync(file, gzipSync(report));
  const run = (...args: string[]) =>
    runProgram(process.execPath, [command, '--config', config, ...args]);

  await run('domain', 'add', 'merpati.test');
  const none = await run('report', 'tls');
  assert.equal(none.code, 0);
  const tlsRecord = '_smtp._tls.merpati.test TXT "v=TLSRPTv1; rua=mailto:tls-reports@merpati.test"';
  assert.ok(none.stderr.includes(tlsRecord), none.stderr);
  const belum = await run('report', 'dmarc', '--lang', 'id');
  const dmarcRecord = '"v=DMARC1; p=none; rua=mailto:dmarc-reports@merpati.test"';
  assert.match(belum.stderr, /^Tidak ada laporan dalam 30 hari terakhir/);
  assert.ok(belum.stderr.includes(`_dmarc.merpati.test TXT ${dmarcRecord}`), belum.stderr);

  const kept = await run('report', 'dmarc', '--import', file);
  assert.match(
    kept.stdout,
    /^Imported a dmarc report of Besar[^\u009b]*31m about merpati\.test\.\n$/,
  );
  const again = await run('report', 'dmarc', '--import', file, '--lang', 'id');
  assert.match(again.stdout, /sudah ada\.\n$/);
  const piped = await run('report', 'dmarc', 'merpati.test', '--days', '5');
  const [titles = '', row = ''] = piped.stdout.split('\n');
  assert.match(titles, /^address\tname\tdomain\tmessages\t/);
  assert.match(
    row,
    /^192\.0\.2\.1\t\S*\tmerpati\.test\t3\t3\t3\t0\t0\t0\tspf=softfail \(lain\.test\)$/,
  );
  const json = await run('report', 'dmarc', '--json');
  const { schema, views } = JSON.parse(json.stdout) as {
    schema: string;
    views: { domains: { messages: number }[] }[];
  };
  assert.deepEqual([schema, views[0]?.domains[0]?.messages], ['merpati.report.dmarc/1', 3]);

  for (const [args, code, said] of [
    [['--import', config], 1, /could not be taken as a report: .*\[report\.unread\]/s],
    [['--import', path.join(folder, 'none')], 3, /\[report\.file\]/],
    [['--days', 'x'], 2, /"x" is no number of days/],
    [['lain.test'], 3, /not responsible for lain\.test/],
  ] as const) {
    const wrong = await run('report', 'dmarc', ...args);
    assert.equal(wrong.code, code, wrong.stderr);
    assert.match(wrong.stderr, said);
    assert.equal(wrong.stdout, '');
  }
});
