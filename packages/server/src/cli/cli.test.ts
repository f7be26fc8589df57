/** The command as people meet it: a process, its output, its exit code. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before, describe, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

const command = path.resolve(import.meta.dirname, '../../bin/merpati.js');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

const plainEnv = { PATH: process.env['PATH'] ?? '', HOME: os.tmpdir(), LANG: 'C.UTF-8' };

function start(args: readonly string[], options: RunOptions = {}) {
  const cache = process.env['NODE_COMPILE_CACHE'];
  const env = { ...plainEnv, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended = new Promise<Ran>((resolve) => {
    child.on('close', (code) => resolve({ code, ...said }));
  });
  return { child, said, ended };
}

const run = (args: readonly string[], options: RunOptions = {}) => start(args, options).ended;

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'merpati-cli-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

describe('without any server', { concurrency: 2 }, () => {
  test('help: both languages, every command with examples, 80 columns', async () => {
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.out, /^Usage: merpati \[options\] \[command\]/);
    const indonesian = await run(['--help'], { env: { LANG: 'id_ID.UTF-8' } });
    assert.match(indonesian.out, /^Pemakaian: merpati \[opsi\] \[perintah\]/);
    assert.match((await run(['--help', '--lang', 'id'])).out, /^Pemakaian/);
    const names = [...help.out.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1] ?? '');
    assert.ok(names.length >= 14, names.join(' '));
    for (const name of names.filter((one) => !['version', 'help'].includes(one))) {
      const about = await run([name, '--help', '--lang', 'id']);
      assert.equal(about.code, 0, name);
      assert.match(about.out, /\nContoh:\n/, name);
      for (const line of [...about.out.split('\n'), ...help.out.split('\n')]) {
        assert.ok(line.length <= 100, `${name}: ${line}`);
      }
    }
  });

  test('misuse: what, why, what next, code 2; nothing on standard output', async () => {
    const table: [string[], RegExp][] = [
      [['acount'], /there is no "acount"\n {2}Did you mean account\?\n {2}\[cli\.usage\]/],
      [['account', 'lst'], /Did you mean list\?/],
      [['account', 'list', '--jsn'], /Did you mean --json\?/],
      [['account', 'add'], /address is missing\n {2}Usage: merpati account add/],
      [['journey', 'a', 'b'], /too many words/],
      [['lab', 'fault', 'greylst'], /Did you mean greylist\?/],
      [['lab', '--ports-from', 'x'], /--ports-from 1024…59509/],
      [['queue', 'retry'], /Give ids, a filter, or --all/],
      [['mail', 'send', '--to', 'a@b.test', '--wait', 'long'], /"long" is no time\n {2}--wait 30s/],
      [['mail', 'send', '--as', 'a@b.test'], /there are no recipients/],
      [['probe', 'mime-prase'], /Did you mean mime-parse\?/],
    ];
    for (const [args, expected] of table) {
      const { code, out, err } = await run(args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(out, '', args.join(' '));
      assert.match(err, expected);
    }
    const { err } = await run(['acount', '--json', '--lang', 'id']);
    const error = JSON.parse(err) as Record<string, unknown>;
    assert.equal(error['schema'], 'merpati.error/1');
    assert.equal(error['code'], 'cli.usage');
    assert.equal(error['next'], 'Maksud Anda account?');
  });

  test('where there is no data, it says how to begin', async (t) => {
    const cwd = folder(t);
    const env = { MERPATI_DATA: path.join(cwd, 'none'), XDG_RUNTIME_DIR: cwd };
    const missing = await run(['account', 'list'], { cwd, env });
    assert.equal(missing.code, 3);
    assert.match(missing.err, /merpati lab.*merpati setup/);
    const lab = await run(['--lab', 'status'], { cwd, env });
    assert.equal(lab.code, 1);
    assert.match(lab.err, /no lab is running\n {2}Start it in another terminal: merpati lab/);
    assert.ok(!existsSync(path.join(cwd, 'none')), 'a question must not create a store');
  });

  test('setup writes a configuration once, makes the account, prints the DNS', async (t) => {
    const cwd = folder(t);
    const args = ['setup', 'contoh.id', '--data', path.join(cwd, 'data'), '--account', 'rina'];
    const made = await run(args, { cwd });
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /password [a-z2-9]{4}(-[a-z2-9]{4}){3}/);
    assert.match(made.out, /^contoh\.id\. 3600 IN MX 10 mail\.contoh\.id\.$/m);
    assert.match(made.out, /^\d{6}a\._domainkey\.contoh\.id\. 3600 IN TXT "v=DKIM1; k=rsa;/m);
    // Without a certificate nobody can log in: no service is announced.
    assert.doesNotMatch(made.out, /IN SRV/);
    assert.equal(statSync(path.join(cwd, 'data')).mode & 0o777, 0o700);
    const again = await run(args, { cwd });
    assert.equal(again.code, 5);
    const text = readFileSync(path.join(cwd, 'merpati.toml'), 'utf8');
    assert.match(text, /^hostname = "mail\.contoh\.id"$/m);

    const listed = await run(['account', 'list', '--json'], { cwd });
    const { schema, items } = JSON.parse(listed.out) as { schema: string; items: object[] };
    assert.equal(schema, 'merpati.account.list/1');
    assert.deepEqual(
      items.map((item) => (item as { address: string }).address),
      ['rina@contoh.id'],
    );
    const piped = await run(['account', 'list', '--fields', 'address,usedBytes'], { cwd });
    assert.equal(piped.out, 'address\tusedBytes\nrina@contoh.id\t0\n');
    const bare = await run(['alias', 'list', '--no-header'], { cwd });
    assert.match(bare.out, /^postmaster@contoh\.id\trina@contoh\.id$/m);

    const refused = await run(['account', 'remove', 'rina@contoh.id'], { cwd });
    assert.equal(refused.code, 2);
    assert.match(refused.err, /cannot be undone\n {2}Add --yes/);
    const dry = await run(['account', 'remove', 'rina@contoh.id', '--dry-run'], { cwd });
    assert.equal(dry.code, 0);
    assert.match(dry.out, /^Would remove/);
    const weak = ['account', 'add', 'tono@contoh.id', '--password-file', '-'];
    assert.equal((await run(weak, { cwd, input: 'short\n' })).code, 2);
    const good = await run([...weak, '--json'], { cwd, input: 'panjang sekali\n' });
    assert.equal(good.code, 0, good.err);
    assert.equal((JSON.parse(good.out) as { password: null }).password, null);
    assert.equal((await run(weak, { cwd, input: 'panjang sekali\n' })).code, 5);
    assert.equal((await run(['store', 'check', '--deep'], { cwd })).code, 0);
  });

  test('config check ends with 8 when something is wrong', async (t) => {
    const cwd = folder(t);
    writeFileSync(path.join(cwd, 'merpati.toml'), 'hostnam = "x"\n[listen]\nsmtp = ":25"\n');
    const checked = await run(['config', 'check'], { cwd });
    assert.equal(checked.code, 8);
    assert.match(
      checked.out,
      /✕ hostnam: There is no such key\. Did you mean hostname\? \[config\.key\.unknown\]/,
    );
    assert.match(checked.out, /✕ listen\.smtp: Expected list of text, found ":25"\./);
    const served = await run(['serve'], { cwd });
    assert.equal(served.code, 1);
    assert.match(served.err, /cannot use the configuration/);
    const explained = await run(['config', 'explain', 'queue.expire_after_s'], { cwd });
    assert.match(explained.out, /^queue\.expire_after_s {2}whole number ≥ 60, default 432000\n/);
  });

  test('probe as a filter and for people', async () => {
    const input =
      '{"id":1,"op":"saslprep","value":"IX","stored":true}\n{"id":2,"op":"of-tomorrow"}\n';
    const filter = await run(['probe', '--jsonl'], { input });
    assert.equal(filter.code, 0);
    assert.equal(
      filter.out,
      '{"id":1,"value":"IX"}\n{"id":2,"error":"unsupported","unsupported":"of-tomorrow"}\n',
    );
    const asked = ['probe', 'header-parse', '--set', 'kind=address', 'Rina <rina@contoh.id>'];
    const person = await run([...asked, '--json']);
    assert.match(person.out, /"address":"rina@contoh\.id"/);
    const failed = await run(['probe', 'header-parse', '--set', 'kind=x', 'y']);
    assert.equal(failed.code, 8);
  });

  test('completion knows nouns, verbs and options', async () => {
    const { out, code } = await run(['completion', 'bash']);
    assert.equal(code, 0);
    assert.match(out, /"account"\) next="add list show/);
    assert.match(out, /"mail send"\) next="--to /);
    assert.match((await run(['completion', 'fish'])).out, /complete -c merpati/);
    assert.equal((await run(['completion', 'tcsh'])).code, 2);
  });

  test('a reader that goes away is no error', async () => {
    const { child, ended } = start(['--help']);
    child.stdout.destroy();
    assert.equal((await ended).code, 0);
  });
});

async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!(await done())) {
    if (Date.now() > endMs) assert.fail(`${what} did not happen`);
    await delay(20);
  }
}

/** Where it listens, as its log says. */
function portIn(log: string, protocol: string): number {
  const line = log.split('\n').find((one) => one.includes('server.started')) ?? '{}';
  const { listen } = JSON.parse(line) as { listen: { protocol: string; port: number }[] };
  return listen.find((one) => one.protocol === protocol)?.port ?? assert.fail(log);
}

test('serve: health, metrics, a second one refused, SIGHUP, SIGTERM', async (t) => {
  const cwd = folder(t);
  const data = path.join(cwd, 'data');
  const configure = (smtp: number, http: number) => {
    const places = `smtp = ["127.0.0.1:${smtp}"]\nhttp = ["127.0.0.1:${http}"]`;
    const text = `hostname = "mail.contoh.id"\ndata = "${data}"\n[listen]\n${places}\n`;
    writeFileSync(path.join(cwd, 'merpati.toml'), text);
  };
  configure(0, 0);
  const server = start(['serve'], { cwd });
  t.after(() => server.child.kill('SIGKILL'));
  await until('the start', () => /server\.started.*\n/.test(server.said.err));
  assert.equal(server.said.out, '');
  const smtp = portIn(server.said.err, 'smtp');
  const http = portIn(server.said.err, 'http');
  configure(smtp, http); // for the one that finds them taken

  const get = (at: string) => fetch(`http://127.0.0.1:${http}${at}`);
  assert.deepEqual(await (await get('/healthz')).json(), { status: 'ok' });
  assert.equal((await get('/healthz/live')).status, 200);
  assert.equal((await get('/healthz/ready')).status, 200);
  assert.match(await (await get('/metrics')).text(), /^merpati_bugs_total 0$/m);
  assert.equal((await get('/')).status, 404);

  assert.equal(statSync(path.join(data, 'control.sock')).mode & 0o777, 0o600);
  const added = await run(['domain', 'add', 'contoh.id'], { cwd });
  assert.equal(added.code, 0, added.err);
  const status = await run(['status', '--json'], { cwd });
  assert.match(status.out, /"domains":\["contoh\.id"\]/);

  const second = await run(['serve'], { cwd });
  assert.equal(second.code, 5);
  assert.match(second.err, /in use by process \d+/);
  const other = { MERPATI_DATA: path.join(cwd, 'other') };
  const third = await run(['serve'], { cwd, env: other });
  assert.equal(third.code, 5);
  assert.match(third.err, /127\.0\.0\.1:\d+ is in use by another program/);

  server.child.kill('SIGHUP');
  await until('the reload', () => server.said.err.includes('tls.reloaded'));
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
  for (const line of server.said.err.trim().split('\n')) {
    assert.ok('event' in (JSON.parse(line) as object), line);
  }
  assert.ok(!existsSync(path.join(data, 'control.sock')));
});

describe('with a lab', () => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'merpati-cli-lab-'));
  const env = { XDG_RUNTIME_DIR: cwd };
  const ask = (args: readonly string[], input?: string) =>
    run(['--lab', ...args], { env, cwd, ...(input === undefined ? {} : { input }) });
  let lab: ReturnType<typeof start>;

  before(async () => {
    lab = start(['lab', '--ports-from', 'free'], { env, cwd });
    await until('the first message', () => lab.said.out.includes('Ctrl-C'));
  });

  after(async () => {
    lab.child.kill('SIGINT');
    const { code, err } = await lab.ended;
    assert.equal(code, 0, err);
    assert.match(err, /Stopped, and its mail is gone\./);
    assert.deepEqual(readdirSync(path.join(cwd, 'merpati-lab')), []);
    rmSync(cwd, { recursive: true });
  });

  test('what it said when it started', () => {
    assert.match(lab.said.out, /✓✓ in the inbox of friend@surat\.test after /);
    assert.match(lab.said.out, /curl --cacert \S+lab-ca\.pem/);
    assert.doesNotMatch(lab.said.out, /\u001b/);
  });

  test('an account without a question, in any spelling; then conflicts', async () => {
    const added = await ask(['account', 'add', 'NAME@surat.test', '--password', 'PW']);
    assert.equal(added.code, 0, added.err);
    assert.equal(added.out, 'Added name@surat.test.\n');
    assert.equal((await ask(['account', 'add', 'name@surat.test'])).code, 5);
    const nowhere = await ask(['account', 'add', 'x@nowhere.test']);
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.err, /Add one with: merpati --lab domain add nowhere\.test\n/);
    assert.equal((await ask(['account', 'show', 'nmae@surat.test'])).code, 3);
    const forgot = await run(['account', 'list'], { env: { ...env, MERPATI_DATA: '/none' }, cwd });
    assert.match(forgot.err, /add --lab/);
  });

  test('send and watch, then list, read, save, fetch, restore', async () => {
    mkdirSync(path.join(cwd, 'att'), { recursive: true });
    const attachment = path.join(cwd, 'att', 'lampiran ✓.bin');
    const octets = Buffer.from([0, 1, 2, 255, 10, 13, 46, 10]);
    writeFileSync(attachment, octets);
    const args = ['--subject', 'Héllo', '--body', '-', '--attach', attachment, '--watch'];
    const sent = await ask(
      ['mail', 'send', '--to', 'Friend <friend@surat.test>', ...args],
      'satu\n.\ndua\n',
    );
    assert.equal(sent.code, 0, sent.err);
    assert.match(sent.out, /^✓ sent to friend@surat\.test {2}merpati --lab journey [0-9a-z]{10}$/m);
    assert.match(sent.out, /in the inbox of friend@surat\.test after [\d.]+ m?s\n$/);

    const as = ['--as', 'friend@surat.test'];
    const listed = await ask(['mail', 'list', ...as, '--json']);
    const { items } = JSON.parse(listed.out) as { items: { subject: string }[] };
    assert.equal(items[0]?.subject, 'Héllo');
    const saved = path.join(cwd, 'saved');
    const read = await ask(['mail', 'read', ...as, '--save', saved]);
    assert.match(read.out, /^Subject: Héllo$/m);
    assert.match(read.out, /^satu\n\.\ndua$/m);
    assert.deepEqual(readFileSync(path.join(saved, 'lampiran ✓.bin')), octets);
    const raw = await ask(['mail', 'read', ...as, '--raw']);
    assert.match(raw.out, /^Return-Path: <you@merpati\.test>\r\n/);

    const byImap = await ask(['mail', 'read', ...as, '--imap', '--raw']);
    assert.equal(byImap.out, raw.out, byImap.err);
    const place = /IMAP \d+\/(\d+)/.exec(lab.said.out)?.[1];
    const url = ['--server', `imaps://localhost:${place}`, '--insecure'];
    const login = ['--user', 'friend@surat.test', '--password', 'merpati'];
    const there = await ask(['mail', 'list', ...url, ...login, '--json']);
    const rows = JSON.parse(there.out) as { items: { subject: string; seen: boolean }[] };
    assert.deepEqual(
      rows.items.map(({ subject }) => subject),
      (JSON.parse(listed.out) as typeof rows).items.map(({ subject }) => subject),
    );
    const none = await ask(['mail', 'list', ...url, ...login, '--folder', 'Nowhere']);
    assert.match(none.err, /\[imap\.nonexistent\]/);
    const wrong = await ask(['mail', 'list', ...url, ...login.slice(0, 3), 'wrong']);
    assert.match(wrong.err, /\[imap\.auth\]/);

    const kept = path.join(cwd, 'maildir-imap');
    const copied = await ask(['mail', 'fetch', kept, ...url, ...login, '--keep']);
    assert.match(copied.out, /^\d+ fetched .*, 0 were here, 0 deleted there$/m, copied.err);
    assert.equal(readdirSync(path.join(kept, 'new')).length, items.length);
    const twice = await ask(['mail', 'fetch', kept, ...url, ...login, '--keep']);
    assert.match(twice.out, /^0 fetched .*, \d+ were here, 0 deleted there$/m, twice.err);

    const maildir = path.join(cwd, 'maildir');
    const nowhere = await ask(['mail', 'fetch', path.join(saved, 'lampiran ✓.bin'), ...as]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.err, /cannot fetch mail: ENOTDIR.*\n {2}\[file\.unwritable\]/);
    const fetched = await ask(['mail', 'fetch', maildir, ...as]);
    // However many the other tests have sent.
    const [, count, deleted] =
      /^(\d+) fetched .*, 0 were here, (\d+) deleted there$/m.exec(fetched.out) ?? [];
    assert.equal(count, String(items.length), fetched.out);
    assert.equal(deleted, count);
    assert.equal(readdirSync(path.join(maildir, 'new')).length, items.length);
    assert.equal((await ask(['mail', 'list', ...as, '--no-header'])).out, '');
    const gone = await ask(['mail', 'downloaded', ...as, '--no-header']);
    assert.equal(gone.out.trim().split('\n').length, items.length);
    assert.equal(
      (await ask(['mail', 'restore', ...as, '--all'])).out,
      `${items.length} restored to the inbox.\n`,
    );
  });

  test('a journey as JSON lines, as a drawing, as somebody may see it', async () => {
    const sent = await ask(['mail', 'send', '--to', 'friend@surat.test', '--body', 'x', '--watch']);
    const [, id = ''] = /merpati --lab journey ([0-9a-z]{10})$/m.exec(sent.out) ?? [];
    const json = await ask(['journey', id, '--json']);
    const events = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    assert.ok(events.length > 10);
    assert.ok(
      events.every((one) => (one as { schema: string }).schema === 'merpati.journey.event/1'),
    );
    const drawn = await ask(['journey', id, '--dialogue', '--lang', 'id']);
    assert.match(drawn.out, /^✓✓ di kotak masuk friend@surat\.test setelah/);
    assert.match(drawn.out, /~> MAIL FROM:<you@merpati\.test>/);
    const other = await ask(['journey', 'search', '--as', 'friend@surat.test', '--no-header']);
    assert.ok(other.out.trim().split('\n').length >= 2);
    // Somebody whom none of it concerns: nothing is listed, nothing is shown while it happens.
    const as = ['--as', 'siti@surat.test'];
    await ask(['account', 'add', 'siti@surat.test', '--password', 'rahasia sekali']);
    assert.equal((await ask(['journey', 'search', ...as, '--no-header'])).out, '');
    assert.equal((await ask(['journey', id])).code, 0);
    assert.equal((await ask(['journey', id, ...as])).code, 3);
    assert.equal((await ask(['journey', 'tail', id, ...as])).code, 3);
    await ask(['account', 'remove', 'siti@surat.test', '--yes']);
    assert.equal((await ask(['journey', '0000000000'])).code, 3);
  });

  test('a fault delays; the queue shows it; retry brings it', async () => {
    assert.equal((await ask(['lab', 'fault', 'full'])).out, 'fault\twhere\nfull\tmx.surat.test\n');
    const to = ['--to', 'friend@surat.test'];
    const sent = await ask(['mail', 'send', ...to, '--body', 'x', '--wait', '2s']);
    assert.equal(sent.code, 9);
    assert.match(sent.err, /To watch on: merpati --lab journey tail [0-9a-z]{10}\n/);
    const queue = await ask(['queue', 'list', '--json']);
    const [row] = (JSON.parse(queue.out) as { items: { id: string; lastReply: string }[] }).items;
    assert.match(row?.lastReply ?? '', /^452 4\.3\.1/);
    const id = row?.id ?? '';
    assert.equal((await ask(['queue', 'hold', id])).code, 0);
    assert.match((await ask(['journey'])).out, /^◌ held back/);
    assert.equal((await ask(['lab', 'fault', 'full', 'off'])).code, 0);
    assert.equal((await ask(['queue', 'retry', '--to', 'nobody@surat.test'])).code, 3);
    assert.equal((await ask(['queue', 'release', id, '--dry-run'])).code, 0);
    assert.equal((await ask(['queue', 'release', id])).out, 'release: 1 done.\n');
    await ask(['queue', 'retry', '--all']);
    await until('the arrival', async () => (await ask(['journey'])).out.startsWith('✓✓'));
    assert.equal((await ask(['queue', 'cancel', id, '--yes'])).code, 3);
  });

  test('a watch: what fails ends it with 1, partly with 7, Ctrl-C with 130', async () => {
    const sendTo = (...to: string[]) => [
      ...['--lab', 'mail', 'send', '--body', 'x', '--watch'],
      ...to.flatMap((one) => ['--to', one]),
    ];
    assert.equal((await run(sendTo('nobody@surat.test'), { env, cwd })).code, 1);
    const both = await run(sendTo('nobody@surat.test', 'friend@surat.test'), { env, cwd });
    assert.equal(both.code, 7);
    const held = start([...sendTo('friend@surat.test'), '--hold', '1h'], { env, cwd });
    await until('the queue', async () => held.said.out.includes('held back until'));
    held.child.kill('SIGINT');
    const { code, err } = await held.ended;
    assert.equal(code, 130);
    const [, id = ''] = /To watch on: merpati --lab journey tail (\w+)\n/.exec(err) ?? [];
    assert.match((await ask(['journey', id])).out, /^◌ held until/);
    assert.equal((await ask(['queue', 'cancel', '--all', '--yes'])).code, 0);
  });

  test('misuse of what the lab knows: an id, a time, a circle', async () => {
    for (const id of ['', 'q7-f3', '0123456789a']) {
      const { code, err } = await ask(['journey', id]);
      assert.equal(code, 2, err);
      assert.match(err, /"[^"]*" is not the beginning of an id\n.* merpati --lab journey search/);
    }
    const send = ['mail', 'send', '--to', 'friend@surat.test', '--body', 'x'];
    const long = await ask([...send, '--hold', '99999d']);
    assert.equal(long.code, 2);
    assert.match(long.err, /a message is held back for 366 days at most/);
    const first = await ask(['alias', 'add', 'one@surat.test', 'two+x@surat.test']);
    assert.deepEqual([first.code, first.err], [0, '']);
    const back = await ask(['alias', 'add', 'two@surat.test', 'one@surat.test', 'a@b.test']);
    assert.equal(back.code, 0);
    const way = 'two@surat.test → one@surat.test → two@surat.test';
    assert.ok(back.err.startsWith(`It leads back to itself: ${way}. `), back.err);
    for (const one of ['one', 'two']) {
      assert.equal((await ask(['alias', 'remove', `${one}@surat.test`, '--yes'])).code, 0);
    }
  });

  test('completion: addresses of accounts and of aliases, in bash', async () => {
    const script = path.join(cwd, 'completion.bash');
    writeFileSync(script, (await run(['completion', 'bash'])).out);
    assert.equal((await ask(['alias', 'add', 'info@surat.test', 'friend@surat.test'])).code, 0);
    const bin = path.join(cwd, 'bin');
    mkdirSync(bin, { recursive: true });
    const program = `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`;
    writeFileSync(path.join(bin, 'merpati'), program, { mode: 0o755 });
    // As bash calls it: an @ is a word, and what stands before it is not replaced.
    const table: [string[], string[]][] = [
      [['account', 'edit', 'fr'], ['friend@surat.test']],
      [['account', 'edit', 'friend', '@', 'su'], ['@surat.test']],
      [['alias', 'set', 'inf'], ['info@surat.test']],
      [['account', 'add', 'fr'], []],
      [['mail', 'send', '--as', 'you'], ['you@merpati.test']],
      [['alias', 'set', '--j'], ['--json']],
      [['accou'], ['account']],
    ];
    for (const [typed, expected] of table) {
      const words = ['merpati', '--lab', ...typed].map((word) => `'${word}'`);
      const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _merpati`;
      const text = `. '${script}'; ${ask}; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const bash = spawn('bash', ['--norc', '-c', text], {
        env: { ...plainEnv, ...env, PATH: `${bin}:${plainEnv.PATH}` },
      });
      let out = '';
      bash.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
      await new Promise((resolve) => bash.on('close', resolve));
      assert.deepEqual(out.split('\n').filter(Boolean), expected, typed.join(' '));
    }
    assert.equal((await ask(['alias', 'remove', 'info@surat.test', '--yes'])).code, 0);
  });

  test('sendmail: options and exit codes of that program', async () => {
    const mail = 'To: friend@surat.test\nBcc: you@merpati.test\nSubject: sendmail\n\nx\n.\ny\n';
    const from = ['-f', 'you@merpati.test'];
    assert.equal((await ask(['sendmail', '-t', '-oi', ...from, '-F', 'You'], mail)).code, 0);
    await until('the copy', async () => {
      const { out } = await ask(['mail', 'read', '--as', 'you@merpati.test']);
      return /^Subject: sendmail$/m.test(out) && /\n\.\ny\n/.test(out);
    });
    const raw = await ask(['mail', 'read', '--as', 'you@merpati.test', '--raw']);
    assert.match(raw.out, /^From: You <you@merpati\.test>\r$/m);
    assert.match(raw.out, /^Message-ID: </m);
    assert.doesNotMatch(raw.out, /^Bcc/im);
    assert.equal((await ask(['sendmail', ...from, 'nobody@merpati.test'], mail)).code, 67);
    assert.equal((await ask(['sendmail', '-fx@example.org', 'you@merpati.test'], mail)).code, 77);
    assert.equal((await ask(['sendmail', '-t'], 'Subject: x\n\n')).code, 64);
    const alone = await run(['sendmail', '-t'], {
      input: mail,
      cwd,
      env: { MERPATI_DATA: '/none' },
    });
    assert.equal(alone.code, 75);
    const refused = ['mail', 'send', '--to', 'nobody@merpati.test', '--body', 'x'];
    assert.equal((await ask([...refused, '--sysexits'])).code, 67);
    assert.equal((await ask(refused)).code, 1);
  });

  test('sendmail as cron calls it: bare names get the domain of the server', async () => {
    const cron = ['sendmail', '-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'you'];
    const mail = 'From: root (Cron Daemon)\nTo: you\nSubject: Cron <root@x> true\n\nok\n';
    const refused = await ask(cron, mail);
    assert.equal(refused.code, 77);
    assert.match(refused.err, /no account may send as root@merpati\.test\n {2}To let one: .*alias/);
    await ask(['alias', 'add', 'root@merpati.test', 'you@merpati.test']);
    assert.equal((await ask(cron, mail)).code, 0);
    await until('the copy', async () => {
      const { out } = await ask(['mail', 'read', '--as', 'you@merpati.test', '--raw']);
      return /^From: Cron Daemon <root@merpati\.test>\r\nTo: you@merpati\.test\r$/m.test(out);
    });
    await ask(['alias', 'remove', 'root@merpati.test', '--yes']);
  });

  test('ports that are taken: the next block is proposed', async () => {
    const ports = /SMTP (\d+)/.exec(lab.said.out)?.[1];
    const from = String(Number(ports) - 525);
    const second = await run(['lab', '--ports-from', from], { env, cwd });
    assert.equal(second.code, 5);
    assert.match(second.err, /your lab is running already\n {2}Use it: merpati --lab …\n/);
    const elsewhere = { XDG_RUNTIME_DIR: mkdtempSync(path.join(cwd, 'other-')) };
    const third = await run(['lab', '--ports-from', from], { env: elsewhere, cwd });
    assert.match(
      third.err,
      /ports [\d, …]+ are in use\n {2}On other ports: merpati lab --ports-from \d+/,
    );
  });

  test('doctor: all is well in the lab', async () => {
    const { code, out } = await ask(['doctor']);
    assert.equal(code, 0, out);
    assert.match(out, /^mx\.merpati\.test\n {2}✓ mx\.merpati\.test is 127\./);
    assert.match(out, /\n {2}✓ mail for surat\.test comes to mx\.surat\.test\n/);
  });

  test('store reindex: all of a store, or one account', async () => {
    const one = await ask(['store', 'reindex', '--account', 'you@merpati.test', '--progress=json']);
    assert.equal(one.code, 0, one.err);
    assert.match(one.out, /^mx\.merpati\.test: \d+ messages read\n$/);
    assert.match(one.err, /"what":"Reading","done":\d+,"total":\d+/);
    const all = await ask(['store', 'reindex', '--json']);
    assert.match(all.out, /"merpati\.store\.reindex\/1"/);
    assert.match(all.out, /"server": ?"mx\.surat\.test"/);
    const unknown = await ask(['store', 'reindex', '--account', 'nobody@merpati.test']);
    assert.notEqual(unknown.code, 0);
  });

  test('store: check, statistics, backup', async () => {
    const checked = await ask(['store', 'check', '--deep', '--progress=json']);
    const progress = checked.err.trim().split('\n');
    for (const line of progress) {
      const { schema, done, total } = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(
        [schema, typeof done, typeof total],
        [...['merpati.progress/1', 'number', 'number']],
      );
    }
    assert.ok(progress.some((line) => line.includes('"what":"bodies"')));
    assert.equal(checked.code, 0, checked.out + checked.err);
    assert.match(checked.out, /^✓ mx\.surat\.test: /m);
    assert.equal((await ask(['store', 'stats', '--no-header'])).out.trim().split('\n').length, 2);
    const copy = path.join(cwd, 'backup');
    assert.equal((await ask(['store', 'backup', copy])).code, 0);
    assert.ok(readdirSync(copy).includes('mx.surat.test'));
    assert.equal((await ask(['store', 'backup', copy])).code, 5);
  });
});
