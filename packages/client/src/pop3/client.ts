/**
 * A POP3 client: one session, commands as methods, contents as streams. RFC 1939; RFC 2449 (CAPA,
 * response codes, pipelining); RFC 2595 and RFC 8314 (TLS); RFC 5034 (AUTH); RFC 6856 (UTF8, LANG).
 */

import { latin1, readUtf8 } from '@merpati/formats/bytes.ts';
import {
  type Pop3Command,
  type BareName,
  writePop3Command,
} from '@merpati/formats/pop3/command.ts';
import { listingLinesMax } from '@merpati/formats/pop3/limits.ts';
import {
  type Capabilities,
  type Pop3Reply,
  readCapabilities,
  readDropListing,
  readPop3Reply,
  readScanListing,
  readUidListing,
} from '@merpati/formats/pop3/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { type Credentials, authenticate } from './authenticate.ts';
import type { DialOptions, TlsTrust } from '../dial.ts';
import { Connection } from './connection.ts';
import { Pop3Fault, faultOf } from './fault.ts';

export interface Pop3Options extends Omit<DialOptions, 'port' | 'timeoutMs'> {
  /** Default: 995 for `implicit`, else 110. */
  readonly port?: number;
  /** TLS from the first octet (RFC 8314 §3.2), after STLS and never without, or not at all. */
  readonly security: 'implicit' | 'stls' | 'none';
  readonly trust?: TlsTrust;
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** Lets a password travel without TLS to other hosts than this one. */
  readonly cleartextAllowed?: boolean;
  /** The dialogue for people; never carries a secret. */
  readonly onLine?: (direction: 'in' | 'out', text: string) => void;
}

/**
 * A message on its way: its octets, byte for byte, the last line closed by CRLF. It must be read
 * to its end: replies to later commands come behind it. Leaving the loop early ends the
 * connection.
 */
export type Retrieval = AsyncIterableIterator<Uint8Array, void>;

/**
 * @example
 * await using client = await Pop3Client.connect({ host: 'mail.example.org', security: 'implicit'
 * }); await client.login({ user: 'rina@example.org', password: 'secret' }); for (const [message,
 * uidl] of await client.uidl()) console.log(message, uidl); await client.quit();
 */
export class Pop3Client {
  readonly #connection: Connection;
  readonly #options: Pop3Options;
  #capabilities: Capabilities | null = null;
  /** Resolves when the reply before the next one has been read. */
  #turn: Promise<void> = Promise.resolve();
  #isPipelining = false;

  private constructor(connection: Connection, options: Pop3Options) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Connected, greeted and under TLS as asked. Throws `Pop3Fault`. */
  static async connect(options: Pop3Options): Promise<Pop3Client> {
    const port = options.port ?? (options.security === 'implicit' ? 995 : 110);
    const timeoutMs = options.timeoutMs ?? 60_000;
    const connection = await Connection.open({ ...options, port, timeoutMs });
    const client = new Pop3Client(connection, options);
    try {
      if (options.security === 'implicit') await connection.startTls(options.trust ?? {});
      client.#expectOk(await client.#readReply(), 'greeting');
      if (options.security === 'stls') await client.#stls();
      return client;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** What the server can do now; asked for once before and once after login. RFC 2449 §5. */
  async capabilities(): Promise<Capabilities> {
    if (this.#capabilities !== null) return this.#capabilities;
    const lines: string[] = [];
    const reply = await this.#command({ name: 'CAPA' }, async (first) => {
      if (first.kind === 'ok') await this.#readListing((line) => lines.push(line));
      return first;
    });
    // A server without CAPA is one of RFC 1939 and nothing else.
    this.#capabilities = readCapabilities(reply.kind === 'ok' ? lines : ['USER']);
    this.#isPipelining = this.#capabilities.has('PIPELINING');
    return this.#capabilities;
  }

  /**
   * By the best mechanism that both sides have; turns UTF8 on where it exists. A password never
   * travels without TLS unless to this very host, or allowed by `cleartextAllowed`.
   */
  async login(credentials: Credentials): Promise<void> {
    const capabilities = await this.capabilities();
    // Without it a server may keep internationalised messages back. RFC 6856 §2.1.
    if (capabilities.has('UTF8')) await this.#command({ name: 'UTF8' }, async (reply) => reply);
    await authenticate(credentials, {
      capabilities,
      tls: this.#connection.tls,
      isPrivate:
        this.#connection.tls !== null ||
        this.#connection.isLoopback ||
        this.#options.cleartextAllowed === true,
      command: (command) => this.#command(command, async (reply) => reply),
      answer: (octets) => this.#answer(octets),
    });
    this.#capabilities = null;
  }

  /** Messages and octets of the maildrop. */
  async stat(): Promise<{ messages: number; octets: number }> {
    const reply = await this.#ok({ name: 'STAT' });
    return this.#read(() => readDropListing(reply.text));
  }

  /** Message number → octets. */
  async list(): Promise<Map<number, number>> {
    const sizes = new Map<number, number>();
    await this.#listing({ name: 'LIST', message: null }, (line) => {
      const { message, octets } = readScanListing(line);
      sizes.set(message, octets);
    });
    return sizes;
  }

  /** Message number → unique-id. */
  async uidl(): Promise<Map<number, string>> {
    const ids = new Map<number, string>();
    await this.#listing({ name: 'UIDL', message: null }, (line) => {
      const { message, uidl } = readUidListing(line);
      ids.set(message, uidl);
    });
    return ids;
  }

  /** A message. Where the server allows pipelining, several may be asked for ahead. */
  retr(message: number): Promise<Retrieval> {
    return this.#retrieve({ name: 'RETR', message });
  }

  /** The header and so many lines of the body. */
  top(message: number, lines: number): Promise<Retrieval> {
    return this.#retrieve({ name: 'TOP', message, lines });
  }

  /** Takes effect at `quit`. */
  async dele(message: number): Promise<void> {
    await this.#ok({ name: 'DELE', message });
  }

  async rset(): Promise<void> {
    await this.#ok({ name: 'RSET' });
  }

  async noop(): Promise<void> {
    await this.#ok({ name: 'NOOP' });
  }

  /** Language tag → its name; RFC 6856 §3. */
  async languages(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    await this.#listing({ name: 'LANG', range: null }, (line) => {
      const [tag = '', ...words] = line.split(' ');
      found.set(tag, words.join(' '));
    });
    return found;
  }

  /** Replies in this language from now on. */
  async lang(range: string): Promise<void> {
    await this.#ok({ name: 'LANG', range });
  }

  /**
   * Ends the session: what was marked by `dele` is gone when this resolves. When it throws, the
   * marks may or may not have taken effect.
   */
  async quit(): Promise<void> {
    const reply = await this.#command({ name: 'QUIT' }, async (first) => first);
    this.#connection.end();
    this.#expectOk(reply, 'QUIT');
  }

  /** Hangs up; nothing is deleted. */
  destroy(): void {
    this.#connection.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
  }

  async #stls(): Promise<void> {
    const reply = await this.#command({ name: 'STLS' }, async (first) => first);
    if (reply.kind !== 'ok') throw new Pop3Fault('unsupported', 'the server offers no TLS (STLS)');
    await this.#connection.startTls(this.#options.trust ?? {});
    this.#capabilities = null; // RFC 2595 §4: forget what was said in the clear.
  }

  async #ok(command: Pop3Command): Promise<Extract<Pop3Reply, { kind: 'ok' | 'err' }>> {
    return this.#command(command, async (reply) => this.#expectOk(reply, command.name));
  }

  async #listing(command: Pop3Command, onLine: (line: string) => void): Promise<void> {
    await this.#command(command, async (reply) => {
      this.#expectOk(reply, command.name);
      await this.#readListing((line) => this.#read(() => onLine(line)));
    });
  }

  async #readListing(onLine: (line: string) => void): Promise<void> {
    for (let count = 0; ; count += 1) {
      const line = await this.#connection.readListingLine();
      if (line === 'end') return;
      if (count >= listingLinesMax) throw this.#broken('a listing without end');
      onLine(readUtf8(line) ?? latin1(line));
    }
  }

  /** The turn passes on when the content has been read to its end, or the connection is gone. */
  async #retrieve(command: Pop3Command): Promise<Retrieval> {
    const passOn = await this.#begin(command);
    try {
      this.#expectOk(await this.#readReply(), command.name);
    } catch (error) {
      passOn();
      throw error;
    }
    return this.#content(passOn);
  }

  #content(passOn: () => void): Retrieval {
    const connection = this.#connection;
    let isOver = false;
    const finish = (): { done: true; value: undefined } => {
      isOver = true;
      passOn();
      return { done: true, value: undefined };
    };
    return {
      async next() {
        if (isOver) return { done: true, value: undefined };
        let piece = { octets: new Uint8Array(0) as Uint8Array, last: false };
        while (piece.octets.length === 0 && !piece.last) {
          piece = await connection.readContent().catch((error: unknown) => {
            finish();
            throw error;
          });
        }
        if (piece.last) finish();
        return piece.octets.length > 0 ? { done: false, value: piece.octets } : finish();
      },
      async return() {
        if (!isOver) connection.destroy();
        return finish();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Sends a command and reads its reply when its turn has come. */
  async #command<T>(command: Pop3Command, read: (reply: Pop3Reply) => Promise<T>): Promise<T> {
    const passOn = await this.#begin(command);
    try {
      return await read(await this.#readReply());
    } finally {
      passOn();
    }
  }

  /** Resolves when the reply to this command is the next to come; its result passes the turn on. */
  async #begin(command: Pop3Command): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#turn;
    this.#turn = promise;
    // QUIT and the like change what follows; they are never sent ahead.
    const isAhead = this.#isPipelining && aheadAllowed.has(command.name);
    try {
      if (isAhead) this.#send(command);
      await before;
      if (!isAhead) this.#send(command);
    } catch (error) {
      resolve();
      throw error;
    }
    return resolve;
  }

  #send(command: Pop3Command): void {
    let line: Uint8Array;
    try {
      line = writePop3Command(command);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      throw new Pop3Fault('unsupported', `${command.name}: ${error.message}`, error);
    }
    this.#options.onLine?.('out', isSecret(command) ? `${command.name} …` : latin1(line).trimEnd());
    this.#connection.write(line);
  }

  /** One step of a SASL exchange; the octets are base64 already, or `*`. */
  async #answer(octets: Uint8Array): Promise<Pop3Reply> {
    this.#options.onLine?.('out', '…');
    this.#connection.write(octets);
    return this.#readReply();
  }

  async #readReply(): Promise<Pop3Reply> {
    const line = await this.#connection.readLine();
    const reply = this.#read(() => readPop3Reply(line));
    this.#options.onLine?.('in', reply.kind === 'continue' ? '+ …' : latin1(line));
    return reply;
  }

  #expectOk(reply: Pop3Reply, during: string): Extract<Pop3Reply, { kind: 'ok' | 'err' }> {
    if (reply.kind !== 'ok') throw faultOf(reply, during);
    return reply;
  }

  /** Turns a `SyntaxFault` into the fault that ends the conversation. */
  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      throw this.#broken(error.message);
    }
  }

  #broken(why: string): Pop3Fault {
    this.#connection.destroy();
    return new Pop3Fault('protocol', `the server broke the protocol: ${why}`);
  }
}

const aheadAllowed: ReadonlySet<string> = new Set<Pop3Command['name']>([
  'RETR',
  'TOP',
  'DELE',
  'LIST',
  'UIDL',
  'NOOP',
  'STAT' satisfies BareName,
]);

function isSecret(command: Pop3Command): boolean {
  return command.name === 'PASS' || (command.name === 'AUTH' && command.initial !== null);
}
