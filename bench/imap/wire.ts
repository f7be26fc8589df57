/**
 * A client that costs little: sends a command, counts what comes until its tagged answer, and looks
 * at nothing in between.
 */

import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export interface Answer {
  /** The tagged line, without its tag. */
  readonly text: string;
  readonly octets: number;
  readonly ms: number;
}

const tailOctetsMax = 4096;

export class Wire implements Disposable {
  readonly #socket: TLSSocket;
  #tags = 0;
  #tail = '';
  #octets = 0;
  #wanted: RegExp | null = null;
  #found: ((line: string) => void) | null = null;
  #failed: ((error: Error) => void) | null = null;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('the server has closed the connection')));
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    const wire = new Wire(socket);
    socket.setNoDelay(true);
    await wire.until(/(?:^|\n)\* (?:OK|PREAUTH)[^\n]*\n/);
    return wire;
  }

  /** Waits for text at the end of what has come. */
  until(wanted: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#wanted = wanted;
      this.#found = resolve;
      this.#failed = reject;
      this.#look();
    });
  }

  write(octets: string | Uint8Array): void {
    this.#socket.write(octets);
  }

  /** A line, or pieces of one with literals between. Throws when the answer is not OK. */
  async command(...pieces: readonly (string | Uint8Array)[]): Promise<Answer> {
    this.#tags += 1;
    const tag = `zq${this.#tags}`;
    this.#octets = 0;
    this.#tail = '';
    const start = performance.now();
    const answered = this.until(new RegExp(`(?:^|\\n)${tag} [^\\n]*\\n`));
    this.#socket.cork();
    this.write(`${tag} `);
    for (const piece of pieces) this.write(piece);
    this.write('\r\n');
    this.#socket.uncork();
    const line = (await answered).trim();
    const ms = performance.now() - start;
    const text = line.slice(line.indexOf(' ') + 1);
    if (!text.startsWith('OK')) throw new Error(`${String(pieces[0]).slice(0, 80)}: ${text}`);
    return { text, octets: this.#octets, ms };
  }

  login(user: string, password: string): Promise<Answer> {
    return this.command(`LOGIN ${user} ${password}`);
  }

  async end(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#failed = null;
    this.#socket.end();
    await closed;
  }

  [Symbol.dispose](): void {
    this.#failed = null;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#octets += chunk.length;
    const from = Math.max(0, chunk.length - tailOctetsMax);
    const kept = from > 0 ? '' : this.#tail.slice(-tailOctetsMax);
    this.#tail = kept + chunk.toString('latin1', from);
    this.#look();
  }

  #look(): void {
    if (this.#wanted === null) return;
    const match = this.#wanted.exec(this.#tail);
    if (match === null) return;
    this.#wanted = null;
    this.#failed = null;
    this.#tail = this.#tail.slice(match.index + match[0].length);
    this.#found?.(match[0]);
  }
}
