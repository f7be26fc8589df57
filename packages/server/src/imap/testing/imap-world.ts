/**
 * A home with a real store, real certificates and a running IMAP service, for tests. Every test
 * ends with the count of our bugs at 0.
 */

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import type { AccountSettings, Store } from '@merpati/store/contract.ts';
import { type AccountId, accountId } from '@merpati/store/ids.ts';
import { makeJourneyId } from '@merpati/store/journey.ts';
import { type TokenVerifier, createAuthenticator } from '../../accounts/authenticate.ts';
import type { Fault, Home } from '../../home.ts';
import { type TestHomeOptions, testHome, testPassword } from '../../testing/home.ts';
import { type ImapOptions, type RunningImap, startImap } from '../listeners.ts';

export const password = testPassword;
export const you = 'you@merpati.test';
export const friend = 'friend@merpati.test';

export interface ImapWorld {
  readonly home: Home;
  readonly store: Store;
  /** The folder of the store. */
  readonly directory: string;
  readonly faults: Set<Fault>;
  /** PEM of the root that signed the certificate. */
  readonly ca: string;
  readonly running: RunningImap;
  readonly ports: { readonly imap: number; readonly imaps: number };
  /** Moves the clock of the home. */
  advance(ms: number): void;
  account(address: string): AccountId;
  /** One more of them. */
  addAccount(address: string): Promise<void>;
  /** Puts a message into the inbox, byte for byte. */
  deliver(address: string, message: string | Uint8Array): Promise<void>;
  /** A raw connection, greeted; `imaps` under TLS. */
  dial(protocol?: 'imap' | 'imaps'): Promise<RawImap>;
  /** The same, at a port of another service. */
  dialPort(port: number): Promise<RawImap>;
  /** The same, logged in. */
  enter(user?: string): Promise<RawImap>;
}

export interface ImapWorldOptions extends ImapOptions {
  readonly settings?: Partial<AccountSettings>;
  readonly config?: TestHomeOptions['config'];
  readonly tokens?: TokenVerifier;
}

export async function startImapWorld(
  t: TestContext,
  options: ImapWorldOptions = {},
): Promise<ImapWorld> {
  let aheadMs = 0;
  const made = await testHome({
    config: {
      hostname: 'mail.merpati.test',
      ...options.config,
      listen: { imap: ['127.0.0.1:0'], imaps: ['127.0.0.1:0'] },
    },
    world: { nowMs: () => Date.now() + aheadMs },
  });
  const { home, faults, ca } = made;
  await made.addDomain('merpati.test');
  const ids = new Map<string, AccountId>();
  const addAccount = async (address: string): Promise<void> => {
    ids.set(address, await made.addAccount(address, options.settings));
  };
  for (const address of [you, friend]) await addAccount(address);
  const { tokens } = options;
  const authenticator = createAuthenticator([home], tokens === undefined ? {} : { tokens });
  const running = await startImap(home, authenticator, {
    ...options,
    plainAllowed: options.plainAllowed ?? true,
  });
  t.after(async () => {
    await running.stop();
    await made[Symbol.asyncDispose]();
  });
  const port = (protocol: string) =>
    running.addresses.find((one) => one.protocol === protocol)?.port ?? 0;
  const ports = { imap: port('imap'), imaps: port('imaps') };
  const account = (address: string) => ids.get(address) ?? accountId(0);
  const dialPort = async (where: number, trusted: string | null = null) => {
    const raw = await RawImap.dial(where, trusted);
    raw.greeting = await raw.line();
    return raw;
  };
  const dial = (protocol: 'imap' | 'imaps' = 'imap') =>
    dialPort(ports[protocol], protocol === 'imaps' ? ca : null);
  return {
    home,
    store: home.store,
    directory: home.config.data,
    faults,
    ca,
    running,
    ports,
    account,
    addAccount,
    advance: (ms) => void (aheadMs += ms),
    deliver: (address, message) =>
      deliver(home.store, { account: account(address), address, message }),
    dial,
    dialPort,
    async enter(user = you) {
      const raw = await dial();
      await raw.ask(`LOGIN ${user} ${password}`);
      return raw;
    },
  };
}

let delivered = 0;

async function deliver(
  store: Store,
  what: { account: AccountId; address: string; message: string | Uint8Array },
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
        prefix: new Uint8Array(0),
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
export class RawImap {
  readonly socket: Duplex;
  greeting = '';
  #seen = '';
  #isGone = false;
  #tags = 0;
  #wake = (): void => undefined;

  private constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#seen += chunk.toString('latin1');
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

  static async dial(port: number, ca: string | null): Promise<RawImap> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawImap(ca === null ? socket : await secure(socket, ca));
  }

  /** Goes on under TLS, in a new object. */
  async startTls(ca: string): Promise<RawImap> {
    this.socket.removeAllListeners();
    return new RawImap(await secure(this.socket, ca));
  }

  /** Goes on over another stream, which is made of the socket, in a new object. */
  over(make: (socket: Duplex) => Duplex): RawImap {
    this.socket.removeAllListeners('data');
    return new RawImap(make(this.socket));
  }

  /** Octets, as they are. */
  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next line with its CRLF; '' when the server has hung up. */
  line(): Promise<string> {
    return this.#take(() => {
      const end = this.#seen.indexOf('\n');
      return end < 0 ? null : end + 1;
    });
  }

  /** Sends a command with a tag of its own; everything up to its tagged end, without CRLFs. */
  async ask(command: string): Promise<string[]> {
    return this.answer(this.begin(command));
  }

  /** Sends a command, and answers its tag. */
  begin(command: string): string {
    this.#tags += 1;
    const tag = `a${this.#tags}`;
    this.send(`${tag} ${command}\r\n`);
    return tag;
  }

  /** Lines up to the tagged end, which stands at the end without its tag. */
  async answer(tag: string): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = (await this.line()).replace(/\r\n$/, '');
      if (line.startsWith(`${tag} `)) return [...lines, line.slice(tag.length + 1)];
      lines.push(line);
      if (line === '') return lines;
    }
  }

  /** Everything until the server hangs up. */
  all(): Promise<string> {
    return this.#take(() => (this.#isGone ? this.#seen.length : null));
  }

  /** What has come and nobody has read. */
  get unread(): string {
    return this.#seen;
  }

  async #take(find: () => number | null): Promise<string> {
    for (;;) {
      const end = find() ?? (this.#isGone ? this.#seen.length : null);
      if (end !== null) {
        const text = this.#seen.slice(0, end);
        this.#seen = this.#seen.slice(end);
        return text;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function secure(socket: Duplex, ca: string): Promise<Duplex> {
  const secured = connectTls({ socket, ca, servername: 'mail.merpati.test' });
  await new Promise((resolve, reject) => {
    secured.once('secureConnect', resolve);
    secured.once('error', reject);
  });
  return secured;
}
