/**
 * Accounts at all protocols at once, over real sockets: the second factor, app passwords and what
 * becomes of sessions when one is taken back, one throttle for all. RFC 6238; RFC 4954 §6.
 */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import type { AdminContext } from '../admin/operation.ts';
import { perform } from '../admin/perform.ts';
import type { Connection } from '../admin/connection.ts';
import { runHome } from '../serve.ts';
import { testHome, type TestHome } from '../testing/home.ts';
import { waitFor } from '../testing/smtp-home.ts';
import { provisionTotp, switchTotpOn, verifyTotp } from './totp.ts';

const any = ['127.0.0.1:0'];
const address = 'tono@merpati.test';

interface Setting {
  readonly made: TestHome;
  readonly call: Connection['call'];
  readonly open: (protocol: 'submissions' | 'imaps' | 'pop3s') => Promise<Talk>;
  /** The first words of the answer to a login. */
  readonly logIn: (password: string) => Promise<Record<'smtp' | 'imap' | 'pop3', string>>;
}

async function start(t: TestContext): Promise<Setting> {
  const listen = { submissions: any, imaps: any, pop3s: any, http: [] };
  const made = await testHome({ config: { hostname: 'mx.merpati.test', listen } });
  await made.addDomain('merpati.test');
  await made.addAccount(address);
  const running = await runHome(made.home);
  t.after(() => running.stop());
  const context: AdminContext = { homes: [made.home], lab: null, server: null };
  const open: Setting['open'] = async (protocol) => {
    const port = running.addresses.find((one) => one.protocol === protocol)?.port ?? 0;
    return Talk.open(port);
  };
  return {
    made,
    call: async (name, input) => (await perform(context, name, input)) as never,
    open,
    async logIn(password) {
      const [smtp, imap, pop3] = await Promise.all([
        open('submissions'),
        open('imaps'),
        open('pop3s'),
      ]);
      const said = {
        smtp: await smtp.logInSmtp(password),
        imap: await imap.say(`a LOGIN ${address} ${password}`, /^a .*$/m),
        pop3: (await pop3.say(`USER ${address}`), await pop3.say(`PASS ${password}`)),
      };
      if (said.pop3.startsWith('+OK')) await pop3.say('QUIT');
      return said;
    },
  };
}

class Talk {
  readonly #socket: TLSSocket;
  #said = '';

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    socket.on('error', () => {});
  }

  static async open(port: number): Promise<Talk> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const talk = new Talk(socket);
    await talk.heard(/^.*\r\n/);
    return talk;
  }

  async say(line: string, answer = /^.*\r\n/m): Promise<string> {
    this.#said = '';
    this.#socket.write(`${line}\r\n`);
    return this.heard(answer);
  }

  async logInSmtp(password: string): Promise<string> {
    await this.say('EHLO me.test', /^250 .*\r\n/m);
    return this.say(`AUTH PLAIN ${Buffer.from(`\0${address}\0${password}`).toString('base64')}`);
  }

  async heard(words: RegExp): Promise<string> {
    return waitFor(async () => words.exec(this.#said)?.[0].trimEnd() ?? null);
  }
}

/** As RFC 6238 has it, written a second time. */
function codeAt(secret: Uint8Array, ms: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(ms / 30_000)));
  const hash = createHmac('sha1', secret).update(counter).digest();
  const at = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

function fromBase32(text: string): Buffer {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = text
    .split('')
    .map((one) => letters.indexOf(one).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

test('codes: of now, and of the neighbours; each of them once', async () => {
  assert.equal(codeAt(Buffer.from('12345678901234567890'), 59_000), '287082', 'RFC 6238, App. B');
  await using made = await testHome();
  await made.addDomain('merpati.test');
  const id = await made.addAccount(address);
  const { store } = made.home;
  const nowMs = 1_800_000_000_000;
  const { uri, secret } = await provisionTotp(store, { id, address }, nowMs);
  assert.match(uri, /^otpauth:\/\/totp\/Merpati:tono%40merpati\.test\?issuer=Merpati&secret=/);
  const key = fromBase32(secret);
  assert.equal(key.length, 20);
  const code = codeAt(key, nowMs);
  assert.equal(await verifyTotp(store, id, { code, nowMs }), false, 'it is not on yet');
  for (const wrong of ['', '12345', 'x'.repeat(6), '000000000']) {
    assert.equal(await switchTotpOn(store, id, { code: wrong, nowMs }), false);
  }
  const early = codeAt(key, nowMs - 90_000);
  assert.equal(await switchTotpOn(store, id, { code: early, nowMs }), false);
  const both = [0, 1].map(() => switchTotpOn(store, id, { code, nowMs }));
  const right = (await Promise.all(both)).filter(Boolean);
  assert.equal(right.length, 1, 'a code counts once');
  const next = `${codeAt(key, nowMs + 30_000).slice(0, 3)} ${codeAt(key, nowMs + 30_000).slice(3)}`;
  assert.equal(await verifyTotp(store, id, { code: next, nowMs }), true);
  assert.equal(await verifyTotp(store, id, { code, nowMs }), false, 'older than the last one');
});

test('with a second factor mail programs need app passwords', async (t) => {
  const { made, call, logIn, open } = await start(t);
  const begun = await call('account.totp', { address, step: 'begin' });
  assert.match((await logIn('merpati')).smtp, /^235/, 'until a code has been seen');
  await assert.rejects(call('account.totp', { address, step: 'confirm', code: '1' }), {
    code: 'totp.wrong',
  });
  const key = fromBase32(begun.provisioned?.secret ?? '');
  const code = codeAt(key, made.home.world.nowMs());
  await call('account.totp', { address, step: 'confirm', code });
  const refused = await logIn('merpati');
  assert.match(refused.smtp, /^534 5\.7\.9 .*app password/);
  assert.match(refused.imap, /^a NO \[ALERT\] .*app password/);
  assert.match(refused.pop3, /^-ERR \[AUTH\] /);
  assert.match(
    (await logIn('wrong')).smtp,
    /^535 5\.7\.8/,
    'whoever does not know is told nothing',
  );

  const { password } = await call('app-password.add', { address, label: 'Thunderbird' });
  const welcome = await logIn(password);
  assert.match(welcome.smtp, /^235/);
  assert.match(welcome.imap, /^a OK/);
  assert.match(welcome.pop3, /^\+OK/);
  const shown = await waitFor(async () => {
    const now = await call('account.show', { address });
    return now.appPasswords[0]?.lastUse ? now : null;
  });
  assert.equal(shown.secondFactor, true);
  assert.equal(shown.appPasswords[0]?.lastUse?.address, '127.0.0.1');
  assert.match(shown.appPasswords[0]?.lastUse?.protocol ?? '', /^(submission|imap|pop3)/);
  await assert.rejects(call('account.totp', { address, step: 'begin' }), { code: 'totp.on' });
  await call('account.totp', { address, step: 'remove' });
  assert.match(await (await open('submissions')).logInSmtp('merpati'), /^235/);
});

test('an app password that is taken back ends the sessions that came by it', async (t) => {
  const { call, open } = await start(t);
  const kept = await call('app-password.add', { address, label: 'phone' });
  const lost = await call('app-password.add', { address, label: 'phone' });
  const [smtp, imap, pop3, other] = await Promise.all([
    open('submissions'),
    open('imaps'),
    open('pop3s'),
    open('imaps'),
  ]);
  assert.match(await smtp.logInSmtp(lost.password), /^235/);
  assert.match(await imap.say(`a LOGIN ${address} ${lost.password}`, /^a .*$/m), /^a OK/);
  assert.match(await other.say(`a LOGIN ${address} ${kept.password}`, /^a .*$/m), /^a OK/);
  await pop3.say(`USER ${address}`);
  assert.match(await pop3.say(`PASS ${lost.password}`), /^\+OK/);
  await imap.say('b SELECT INBOX', /^b OK/m);
  await imap.say('c IDLE', /^\+ /m);

  const { appPasswords } = await call('account.show', { address });
  const id = Math.max(...appPasswords.map((one) => one.id));
  await call('app-password.remove', { address, id });
  assert.match(await imap.heard(/^\* BYE .*$/m), /taken back/);
  assert.match(await pop3.say('STAT'), /^-ERR \[AUTH\]/);
  assert.match(await smtp.say(`MAIL FROM:<${address}>`), /^530 5\.7\.0 .*taken back/);
  assert.match(await other.say('b NOOP', /^b .*$/m), /^b OK/, 'the other one of that label stays');
});

test('failed logins are counted together, whatever the protocol', async (t) => {
  const { open, logIn } = await start(t);
  const [smtp, imap] = [await open('submissions'), await open('imaps')];
  for (let n = 0; n < 4; n += 1) {
    assert.match(await smtp.logInSmtp('wrong'), /^535/);
    if (n < 3) assert.match(await imap.say(`a LOGIN ${address} wrong`, /^a .*$/m), /AUTHENT/);
  }
  const pop3 = await open('pop3s');
  await pop3.say(`USER ${address}`);
  assert.match(await pop3.say('PASS wrong'), /^-ERR \[AUTH\]/, 'the eighth');
  const throttled = await logIn('merpati');
  assert.match(throttled.smtp, /^454 4\.7\.0/);
  assert.match(throttled.imap, /UNAVAILABLE/);
  assert.match(throttled.pop3, /^-ERR \[SYS\/TEMP\]/);
});
