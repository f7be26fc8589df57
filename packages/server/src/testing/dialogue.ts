/**
 * The client's part of an SMTP conversation in tests: says exactly what it is told, and reads
 * replies.
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { createReplyReader, replyText } from '@merpati/formats/smtp/reply.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';

const replyMsMax = 30_000;

export interface DialogueOptions {
  readonly port: number;
  /** Of ours: any of 127.0.0.0/8. */
  readonly from?: string;
  /** TLS from the first octet, trusting this root. */
  readonly ca?: string;
  /** Sent before anything else, also before TLS. */
  readonly first?: Uint8Array;
}

export class Dialogue implements Disposable {
  #socket: Socket;
  #reader = createReplyReader();
  readonly #replies: Reply[] = [];
  #wake: (() => void) | null = null;
  #isEnded = false;
  /** What the server sent, decrypted. */
  received = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#attach(socket);
  }

  static async connect(options: DialogueOptions): Promise<Dialogue> {
    const { port, from } = options;
    const socket = connect({ port, host: '127.0.0.1', ...(from && { localAddress: from }) });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    if (options.first !== undefined) socket.write(options.first);
    if (options.ca === undefined) return new Dialogue(socket);
    return new Dialogue(await secure(socket, options.ca));
  }

  /** Connected, greeted, EHLO said. Answers the dialogue and its EHLO reply. */
  static async open(options: DialogueOptions): Promise<Dialogue> {
    const dialogue = await Dialogue.connect(options);
    await dialogue.expect(220);
    await dialogue.say('EHLO client.example', 250);
    return dialogue;
  }

  get socket(): Socket {
    return this.#socket;
  }

  send(...lines: string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  raw(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  async reply(): Promise<Reply> {
    const startedMs = performance.now();
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      if (this.#isEnded) throw new Error(`the server has closed; it said: ${this.received}`);
      const restMs = replyMsMax - (performance.now() - startedMs);
      if (restMs <= 0) throw new Error(`the server says nothing; it said: ${this.received}`);
      await this.#event(restMs);
    }
  }

  /** The next reply begins so: a code, or `550 5.1.1`. */
  async expect(start: number | string): Promise<Reply> {
    const reply = await this.reply();
    const text = replyText(reply);
    assert.ok(text.startsWith(String(start)), `expected ${start}, got ${text}`);
    return reply;
  }

  async say(line: string, start: number | string): Promise<Reply> {
    this.send(line);
    return this.expect(start);
  }

  /** MAIL and RCPTs, each with 250. */
  async envelope(sender: string, ...recipients: string[]): Promise<void> {
    await this.say(`MAIL FROM:<${sender}>`, 250);
    for (const recipient of recipients) await this.say(`RCPT TO:<${recipient}>`, 250);
  }

  /** A whole transaction; answers the last reply. */
  async deliver(
    sender: string,
    recipient: string | readonly string[],
    text: string,
  ): Promise<Reply> {
    const recipients = typeof recipient === 'string' ? [recipient] : recipient;
    await this.envelope(sender, ...recipients);
    await this.say('DATA', 354);
    this.raw(text.replace(/^\./gm, '..'));
    this.raw('.\r\n');
    return this.reply();
  }

  async startTls(ca: string): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners();
    plain.on('error', () => {});
    this.#socket = await secure(plain, ca);
    this.#reader = createReplyReader();
    this.#attach(this.#socket);
  }

  async closed(): Promise<void> {
    const startedMs = performance.now();
    while (!this.#isEnded) {
      if (performance.now() - startedMs > replyMsMax) throw new Error('the server does not close');
      await this.#event(replyMsMax);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #attach(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString();
      this.#replies.push(...this.#reader.push(chunk));
      this.#wake?.();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#wake?.();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', () => {});
  }

  async #event(msMax: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, msMax);
    });
    clearTimeout(timer);
    this.#wake = null;
  }
}

async function secure(plain: Socket, ca: string): Promise<TLSSocket> {
  const socket = connectTls({ socket: plain, ca, servername: 'mx.merpati.test' });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
}
