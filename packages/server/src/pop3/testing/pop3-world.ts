/**
 * A home with a real store, real certificates and a running POP3 service, for tests. Every test
 * ends with the count of our bugs at 0.
 */

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TestContext } from 'node:test';
import { Pop3Client, type Pop3Options } from '@merpati/client/pop3/client.ts';
import type { AccountSettings, Store } from '@merpati/store/contract.ts';
import { type AccountId, accountId } from '@merpati/store/ids.ts';
import { makeJourneyId } from '@merpati/store/journey.ts';
import { createAuthenticator } from '../../accounts/authenticate.ts';
import type { Fault, Home } from '../../home.ts';
import { testHome, testPassword } from '../../testing/home.ts';
import { type RunningPop3, startPop3 } from '../listeners.ts';

export const password = testPassword;
export const you = 'you@merpati.test';
export const friend = 'friend@merpati.test';

export interface Pop3World {
  readonly home: Home;
  readonly store: Store;
  /** The folder of the store. */
  readonly directory: string;
  readonly faults: Set<Fault>;
  /** PEM of the root that signed the certificate. */
  readonly ca: string;
  readonly running: RunningPop3;
  readonly ports: { readonly pop3: number; readonly pop3s: number };
  /** Moves the clock of the home. */
  advance(ms: number): void;
  account(address: string): AccountId;
  addAccount(address: string): Promise<void>;
  /** Puts a message into the inbox, byte for byte, behind the prefix. */
  deliver(address: string, message: string | Uint8Array, prefix?: string): Promise<void>;
  /** Our own client, logged in. */
  login(more?: Partial<Pop3Options> & { user?: string }): Promise<Pop3Client>;
  /** A raw connection; `pop3s` under TLS. */
  dial(protocol: 'pop3' | 'pop3s'): Promise<RawPop3>;
}

export interface Pop3WorldOptions {
  readonly settings?: Partial<AccountSettings>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly plainAllowed?: boolean;
}

export async function startPop3World(
  t: TestContext,
  options: Pop3WorldOptions = {},
): Promise<Pop3World> {
  let aheadMs = 0;
  const made = await testHome({
    config: {
      hostname: 'mail.merpati.test',
      listen: { pop3: ['127.0.0.1:0'], pop3s: ['127.0.0.1:0'] },
      limits: { ...options.limits },
    },
    world: { nowMs: () => Date.now() + aheadMs },
  });
  const { home, faults, ca } = made;
  await made.addDomain('merpati.test');
  const ids = new Map<string, AccountId>();
  for (const address of [you, friend]) {
    ids.set(address, await made.addAccount(address, options.settings));
  }
  const running = await startPop3(home, createAuthenticator([home]), {
    plainAllowed: options.plainAllowed ?? true,
  });
  t.after(async () => {
    await running.stop();
    await made[Symbol.asyncDispose]();
  });
  const port = (protocol: string) =>
    running.addresses.find((one) => one.protocol === protocol)?.port ?? 0;
  const ports = { pop3: port('pop3'), pop3s: port('pop3s') };
  const account = (address: string) => ids.get(address) ?? accountId(0);
  return {
    home,
    store: home.store,
    directory: home.config.data,
    faults,
    ca,
    running,
    ports,
    account,
    async addAccount(address) {
      ids.set(address, await made.addAccount(address, options.settings));
    },
    advance: (ms) => void (aheadMs += ms),
    deliver: (address, message, prefix = '') =>
      deliver(home.store, { account: account(address), address, message, prefix }),
    async login({ user = you, ...more } = {}) {
      const client = await Pop3Client.connect({
        host: '127.0.0.1',
        port: ports.pop3s,
        security: 'implicit',
        trust: { ca, servername: 'mail.merpati.test' },
        ...more,
      });
      await client.login({ user, password });
      return client;
    },
    dial: (protocol) => RawPop3.dial(ports[protocol], protocol === 'pop3s' ? ca : null),
  };
}

let delivered = 0;

async function deliver(
  store: Store,
  what: { account: AccountId; address: string; message: string | Uint8Array; prefix: string },
): Promise<void> {
  const bytes = typeof what.message === 'string' ? Buffer.from(what.message, 'utf8') : what.message;
  const writer = store.newBody();
  for (let from = 0; from < bytes.length; from += 65_536) {
    await writer.write(bytes.subarray(from, from + 65_536));
  }
  const body = await writer.finish();
  delivered += 1;
  const nowMs = Date.now();
  const accepted = await store.accept({
    head: {
      id: makeJourneyId(nowMs, delivered),
      startedUs: nowMs * 1000,
      direction: 'in',
      sender: 'rina@surat.test',
      recipients: [what.address],
      messageId: null,
      subject: null,
      size: bytes.length,
      submittedBy: null,
    },
    events: [],
    body,
    deliveries: [
      {
        account: what.account,
        mailbox: 'inbox',
        key: createHash('sha256').update(`${delivered}`).digest('hex'),
        prefix: Buffer.from(what.prefix, 'latin1'),
        flags: 0,
        keywords: [],
        internalDateMs: nowMs,
        summary: { from: '', to: '', subject: '', dateMs: null, messageId: null },
        recipient: what.address,
      },
    ],
    queue: null,
    sending: null,
    nowMs,
  });
  if (!accepted.ok) throw new Error(`not delivered: ${accepted.code}`);
}

/** A connection for tests that care for each octet. */
export class RawPop3 {
  readonly socket: Socket;
  #seen: Buffer = Buffer.alloc(0);
  #isGone = false;
  #wake = (): void => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#seen = Buffer.concat([this.#seen, chunk]);
      this.#wake();
    });
    const gone = (): void => {
      this.#isGone = true;
      this.#wake();
    };
    socket.on('end', gone);
    socket.on('close', gone);
    socket.on('error', gone);
  }

  static async dial(port: number, ca: string | null): Promise<RawPop3> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    if (ca === null) return new RawPop3(socket);
    return new RawPop3(await RawPop3.#secure(socket, ca));
  }

  static async #secure(socket: Socket, ca: string): Promise<Socket> {
    const secure = connectTls({
      socket,
      ca,
      servername: 'mail.merpati.test',
    });
    await new Promise((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    return secure;
  }

  /** This connection goes on under TLS, in a new object. */
  async startTls(ca: string): Promise<RawPop3> {
    this.socket.removeAllListeners();
    return new RawPop3(await RawPop3.#secure(this.socket, ca));
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next line with its CRLF; '' when the server has hung up. */
  async line(): Promise<string> {
    return this.#take(() => {
      const end = this.#seen.indexOf('\n');
      return end < 0 ? null : end + 1;
    });
  }

  /** Sends a command and gives back the first line of its reply. */
  ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.line();
  }

  /** The rest of a multi-line reply, as it went over the wire, final dot included. */
  async rest(): Promise<string> {
    return this.#take(() => {
      if (this.#seen.subarray(0, 3).toString('latin1') === '.\r\n') return 3;
      const end = this.#seen.indexOf('\r\n.\r\n');
      return end < 0 ? null : end + 5;
    });
  }

  /** Everything until the server hangs up. */
  async all(): Promise<string> {
    return this.#take(() => (this.#isGone ? this.#seen.length : null));
  }

  async login(user = you, secret = password): Promise<string> {
    await this.ask(`USER ${user}`);
    return this.ask(`PASS ${secret}`);
  }

  async #take(find: () => number | null): Promise<string> {
    for (;;) {
      const end = find() ?? (this.#isGone ? this.#seen.length : null);
      if (end !== null) {
        const text = this.#seen.subarray(0, end).toString('latin1');
        this.#seen = this.#seen.subarray(end);
        return text;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
