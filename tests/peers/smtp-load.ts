/**
 * SMTP load for tests that kill, fill and cut: sessions that send numbered messages one after the
 * other and remember which were answered 250. The content follows from the number, so that it can
 * be checked octet for octet later.
 */

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Sent {
  readonly number: number;
  readonly recipient: string;
  /** The text of the final reply. */
  readonly reply: string;
}

export interface LoadOptions {
  readonly port: number;
  readonly sessions: number;
  readonly recipients: readonly string[];
  /** Of the first message; the next ones count on. */
  readonly firstNumber: number;
  /** Octets of the body of a message. */
  readonly sizeOf: (number: number) => number;
}

/** Lines of hex that nothing else has: the digest of number and line. */
export function makeBody(number: number, size: number): string {
  const lines: string[] = [];
  for (let octets = 0, line = 0; octets < size; line += 1, octets += 66) {
    lines.push(createHash('sha256').update(`${number} ${line}`).digest('hex'));
  }
  return `${lines.join('\r\n')}\r\n`;
}

export function makeMessage(number: number, size: number): string {
  return `X-Number: ${number}\r\nSubject: number ${number}\r\n\r\n${makeBody(number, size)}`;
}

/** Which of our messages this is, and whether its content is what was sent. */
export function checkMessage(
  message: string,
  sizeOf: (number: number) => number,
): { readonly number: number; readonly isWhole: boolean } {
  const number = Number(/^X-Number: (\d+)\r\n/m.exec(message)?.[1] ?? Number.NaN);
  return { number, isWhole: message.endsWith(makeMessage(number, sizeOf(number))) };
}

export class SmtpLoad {
  readonly #options: LoadOptions;
  readonly #sockets = new Set<Socket>();
  readonly accepted: Sent[] = [];
  readonly refused: Sent[] = [];
  #next: number;
  #isOver = false;
  #wake: (() => void)[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#next = options.firstNumber;
    for (let i = 0; i < options.sessions; i += 1) this.#open();
  }

  /** The number that the next message would have had. */
  get nextNumber(): number {
    return this.#next;
  }

  get isIdle(): boolean {
    return this.#sockets.size === 0;
  }

  /** Resolves after so many 250s, or when all connections have ended. */
  async until(count: number): Promise<void> {
    while (this.accepted.length < count && this.#sockets.size > 0) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** No further messages; resolves when the last session has ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    while (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  #open(): void {
    const { port } = this.#options;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#sockets.add(socket);
    const session = this.#talk();
    session.next();
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const match = /^(?:\d{3}-.*\r\n)*(\d{3}(?: .*)?)\r\n$/.exec(text);
      if (match === null) return;
      text = '';
      const { value, done } = session.next(match[1] ?? '');
      if (value !== undefined) socket.write(value);
      if (done === true) socket.end();
    });
    const drop = (): void => {
      this.#sockets.delete(socket);
      this.#notify();
    };
    socket.on('error', () => socket.destroy());
    socket.on('close', drop);
  }

  /** Yields what to send and is given the reply. */
  *#talk(): Generator<string | undefined, string | undefined, string> {
    yield undefined; // the greeting
    let reply: string = yield 'EHLO load.test\r\n';
    while (!this.#isOver) {
      const number = this.#next;
      this.#next += 1;
      const recipient = this.#options.recipients[number % this.#options.recipients.length] ?? '';
      const judge = (): void => {
        (reply.startsWith('250') ? this.accepted : this.refused).push({ number, recipient, reply });
        this.#notify();
      };
      reply = yield 'MAIL FROM:<load@surat.test>\r\n';
      if (reply.startsWith('250')) reply = yield `RCPT TO:<${recipient}>\r\n`;
      if (reply.startsWith('250')) reply = yield 'DATA\r\n';
      if (reply.startsWith('354')) {
        reply = yield `${makeMessage(number, this.#options.sizeOf(number))}.\r\n`;
        judge();
      } else {
        judge();
        reply = yield 'RSET\r\n';
      }
    }
    return 'QUIT\r\n';
  }
}
