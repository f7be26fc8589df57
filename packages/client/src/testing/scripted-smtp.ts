/**
 * An SMTP server for tests that does what the test tells it, on a real socket: it takes mail as a
 * good server would, and for each command a test may answer otherwise, late, damaged, or not at
 * all.
 */

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface TakenMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly body: Buffer;
  readonly via: 'DATA' | 'BDAT';
  readonly tls: boolean;
  readonly session: number;
}

export interface Heard {
  /** First word in upper case; `CONNECT`, `MESSAGE` after the last octet of one, `AUTH-LINE`. */
  readonly verb: string;
  readonly line: string;
  /** 1, 2, 3 … */
  readonly session: number;
  readonly tls: boolean;
  readonly socket: Socket;
}

/**
 * A reply (CRLF added), octets as they are; `hang`: silence for ever; `close`: gone without a word.
 */
export type Said = string | Uint8Array | undefined;

export interface ScriptedSmtpOptions {
  /** Lines of EHLO after the first; STARTTLS is added when `tls` is there. */
  readonly extensions?: readonly string[];
  /** `implicit`: from the first octet. */
  readonly tls?: {
    readonly key: string;
    readonly cert: string;
    readonly implicit?: boolean;
    /** It has not been renewed since 1999: TLS 1.0 and the ciphers of that time. */
    readonly isOld?: boolean;
  };
  /** undefined: as a good server would. */
  readonly on?: (heard: Heard) => Said | Promise<Said>;
  readonly name?: string;
  readonly address?: string;
  readonly port?: number;
}

export interface ScriptedSmtp extends AsyncDisposable {
  readonly port: number;
  /** Every command line, in order, `1: EHLO a.test`. */
  readonly commands: string[];
  readonly messages: TakenMessage[];
  readonly sessions: () => number;
  readonly open: () => number;
  on: ScriptedSmtpOptions['on'];
}

export async function startScriptedSmtp(options: ScriptedSmtpOptions = {}): Promise<ScriptedSmtp> {
  const server = createServer();
  server.listen(options.port ?? 0, options.address ?? '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  let sessions = 0;
  const scripted: ScriptedSmtp = {
    port: (server.address() as AddressInfo).port,
    commands: [],
    messages: [],
    sessions: () => sessions,
    open: () => sockets.size,
    on: options.on,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (socket) => {
    sessions += 1;
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    void new Session(scripted, options, { socket, number: sessions }).run();
  });
  return scripted;
}

class Session {
  readonly #scripted: ScriptedSmtp;
  readonly #options: ScriptedSmtpOptions;
  readonly #number: number;
  #socket: Socket;
  #isTls = false;
  #unread = Buffer.alloc(0);
  #wake: (() => void) | null = null;
  #from: string | null = null;
  #to: string[] = [];
  #blocks: Buffer[] = [];

  constructor(
    scripted: ScriptedSmtp,
    options: ScriptedSmtpOptions,
    given: { socket: Socket; number: number },
  ) {
    this.#scripted = scripted;
    this.#options = options;
    this.#socket = given.socket;
    this.#number = given.number;
  }

  async run(): Promise<void> {
    if (this.#options.tls?.implicit === true) this.#becomeTls();
    else this.#listen();
    await this.#say('CONNECT', '', () => `220 ${this.#options.name ?? 'mx.test'} ESMTP`);
    for (;;) {
      const line = await this.#line();
      if (line === null) return;
      this.#scripted.commands.push(`${this.#number}: ${line}`);
      const verb = (line.split(' ')[0] ?? '').toUpperCase();
      if (!(await this.#handle(verb, line))) return;
    }
  }

  /** false: the session is over. */
  async #handle(verb: string, line: string): Promise<boolean> {
    switch (verb) {
      case 'DATA':
        return this.#data(line);
      case 'BDAT':
        return this.#bdat(line);
      case 'STARTTLS': {
        const said = await this.#say(verb, line, () => '220 2.0.0 go ahead');
        if (said?.toString().startsWith('220') === true) this.#becomeTls();
        return said !== null;
      }
      case 'QUIT': {
        const said = await this.#say(verb, line, () => '221 2.0.0 bye');
        this.#socket.end();
        return said === null;
      }
      case 'AUTH':
        return (await this.#say(verb, line, () => '504 5.5.4 no')) !== null;
      default:
        return (await this.#say(verb, line, () => this.#ordinary(verb, line))) !== null;
    }
  }

  #ordinary(verb: string, line: string): string {
    switch (verb) {
      case 'EHLO':
        return this.#ehlo();
      case 'HELO':
        return '250 mx.test';
      case 'MAIL':
        this.#from = /<(.*?)>/.exec(line)?.[1] ?? '';
        return '250 2.1.0 Ok';
      case 'RCPT':
        if (this.#from === null) return '503 5.5.1 MAIL first';
        this.#to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
        return '250 2.1.5 Ok';
      case 'RSET':
        this.#reset();
        return '250 2.0.0 Ok';
      case 'NOOP':
        return '250 2.0.0 Ok';
      default:
        return '500 5.5.2 what?';
    }
  }

  #ehlo(): string {
    const usual = [
      'PIPELINING',
      '8BITMIME',
      'SMTPUTF8',
      'DSN',
      'SIZE 10000000',
      'ENHANCEDSTATUSCODES',
    ];
    const lines = [
      `${this.#options.name ?? 'mx.test'} hello`,
      ...(this.#options.extensions ?? usual),
    ];
    if (this.#options.tls !== undefined && !this.#isTls) lines.push('STARTTLS');
    return lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n');
  }

  async #data(line: string): Promise<boolean> {
    const ready = () => (this.#to.length === 0 ? '503 5.5.1 no recipients' : '354 go ahead');
    const said = await this.#say('DATA', line, ready);
    if (said === null) return false;
    if (!said.startsWith('354')) return true;
    for (;;) {
      const all = this.#unread;
      const end = all.subarray(0, 3).equals(Buffer.from('.\r\n')) ? 0 : all.indexOf('\r\n.\r\n');
      if (end >= 0) {
        const isEmpty = end === 0 && all[0] === 46;
        const stuffed = isEmpty ? Buffer.alloc(0) : all.subarray(0, end + 2);
        this.#unread = all.subarray(end + (isEmpty ? 3 : 5));
        const body = Buffer.from(stuffed.toString('latin1').replaceAll(/^\./gm, ''), 'latin1');
        return this.#message(body, 'DATA');
      }
      if (!(await this.#more())) return false;
    }
  }

  async #bdat(line: string): Promise<boolean> {
    const size = Number(line.split(' ')[1]);
    while (this.#unread.length < size) if (!(await this.#more())) return false;
    this.#blocks.push(this.#unread.subarray(0, size));
    this.#unread = this.#unread.subarray(size);
    if (/LAST/i.test(line)) return this.#message(Buffer.concat(this.#blocks), 'BDAT');
    return (await this.#say('BDAT', line, () => '250 2.0.0 more')) !== null;
  }

  async #message(body: Buffer, via: 'DATA' | 'BDAT'): Promise<boolean> {
    const message = { from: this.#from ?? '', to: [...this.#to], body, via } as const;
    const said = await this.#say('MESSAGE', '', () => `250 2.0.0 Ok: queued as ${body.length}`);
    if (said?.startsWith('250') === true) {
      this.#scripted.messages.push({ ...message, tls: this.#isTls, session: this.#number });
    }
    this.#reset();
    return said !== null;
  }

  #reset(): void {
    this.#from = null;
    this.#to = [];
    this.#blocks = [];
  }

  /** null: the session is over, or silent for ever. */
  async #say(verb: string, line: string, usual: () => string): Promise<string | null> {
    const socket = this.#socket;
    const heard = { verb, line, session: this.#number, tls: this.#isTls, socket };
    const chosen = await this.#scripted.on?.(heard);
    if (chosen === 'hang') return null;
    if (chosen === 'close') {
      socket.destroy();
      return null;
    }
    if (chosen instanceof Uint8Array) {
      socket.write(chosen);
      return Buffer.from(chosen).toString('latin1');
    }
    const reply = chosen ?? usual();
    socket.write(`${reply}\r\n`);
    if (reply.startsWith('421')) socket.end();
    return reply.startsWith('421') ? null : reply;
  }

  #becomeTls(): void {
    const { key = '', cert = '', isOld = false } = this.#options.tls ?? {};
    this.#socket.removeAllListeners('data');
    this.#unread = Buffer.alloc(0);
    const secure = new TLSSocket(this.#socket, {
      isServer: true,
      key,
      cert,
      ...(isOld ? { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } : {}),
    });
    secure.on('error', () => this.#socket.destroy());
    this.#socket = secure;
    this.#isTls = true;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#wake?.();
    });
    this.#socket.on('close', () => this.#wake?.());
  }

  async #line(): Promise<string | null> {
    for (;;) {
      const end = this.#unread.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#unread.subarray(0, end).toString('utf8');
        this.#unread = this.#unread.subarray(end + 2);
        return line;
      }
      if (!(await this.#more())) return null;
    }
  }

  /** false: nothing more comes. */
  async #more(): Promise<boolean> {
    const before = this.#unread.length;
    if (this.#socket.destroyed) return false;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
    return this.#unread.length > before;
  }
}
