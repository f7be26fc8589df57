/** Plays a transcript: takes the client's part over real sockets and watches the server's. */

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fillTemplate, matchLine } from './format.ts';
import type { Captures, PeerName, Step, Transcript } from './format.ts';

const lineMsMax = 10_000;
const silenceMs = 200;

/** Throws with the place in the transcript and what was said so far when the server departs. */
export async function playTranscript(
  transcript: Transcript,
  peer: PeerName,
  port: number,
): Promise<void> {
  using play = new Play(transcript, peer, port);
  for (let index = 0; index < play.length; index += 1) await play.step(index);
}

/** A transcript being played, step by step. */
export class Play implements Disposable {
  readonly #transcript: Transcript;
  readonly #steps: readonly PlayStep[];
  readonly #port: number;
  readonly #connections = new Map<string, Connection>();
  readonly #captures: Captures = new Map();
  readonly #said: string[] = [];

  constructor(transcript: Transcript, peer: PeerName, port: number) {
    this.#transcript = transcript;
    this.#steps = mergeSends(transcript.steps(peer));
    this.#port = port;
  }

  get length(): number {
    return this.#steps.length;
  }

  async step(index: number): Promise<void> {
    const step = this.#steps[index];
    if (step === undefined) throw new Error(`there is no step ${index}`);
    try {
      await playStep(await this.#find(step.connection), step, this.#captures);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const place = `${this.#transcript.path}:${step.line}`;
      throw new Error(`${place}: ${why}\n${this.#said.join('\n')}`, { cause: error });
    }
  }

  /** The connection that is used next, for who wants to say something else on it. */
  async connectionAt(index: number): Promise<Connection> {
    return await this.#find(this.#steps[index]?.connection ?? '');
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #find(name: string): Promise<Connection> {
    const open = this.#connections.get(name);
    if (open) return open;
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    const connection = new Connection(socket, name, this.#said);
    this.#connections.set(name, connection);
    const { service } = this.#transcript;
    if (service === 'submissions' || service === 'pop3s') await connection.startTls();
    return connection;
  }
}

type PlayStep = Exclude<Step, { kind: 'send' }> | SendStep;
interface SendStep {
  readonly kind: 'send-all';
  readonly line: number;
  readonly connection: string;
  readonly templates: readonly Extract<Step, { kind: 'send' }>['bytes'][];
}

/** Neighbouring `C:` lines of a connection leave in one packet. */
function mergeSends(steps: readonly Step[]): PlayStep[] {
  const merged: PlayStep[] = [];
  for (const step of steps) {
    const last = merged.at(-1);
    if (step.kind !== 'send') merged.push(step);
    else if (last?.kind === 'send-all' && last.connection === step.connection) {
      merged[merged.length - 1] = { ...last, templates: [...last.templates, step.bytes] };
    } else {
      const { line, connection } = step;
      merged.push({ kind: 'send-all', line, connection, templates: [step.bytes] });
    }
  }
  return merged;
}

async function playStep(connection: Connection, step: PlayStep, captures: Captures): Promise<void> {
  switch (step.kind) {
    case 'send-all':
      connection.send(
        Buffer.concat(step.templates.map((template) => fillTemplate(template, captures))),
      );
      return;
    case 'expect': {
      const line = await connection.readLine();
      if (line === null) throw new Error('the server has closed the connection');
      if (!matchLine(step.pattern, line, captures)) throw new Error(`expected: ${step.pattern}`);
      return;
    }
    case 'expect-block':
      matchBlock(step.patterns, await connection.readReply(), captures);
      return;
    case 'start-tls':
      await connection.startTls();
      return;
    case 'client-closes':
      connection.close();
      return;
    case 'server-closes': {
      const line = await connection.readLine();
      if (line !== null) throw new Error('expected the end of the connection');
      return;
    }
    case 'silent':
      await sleep(silenceMs);
      if (connection.hasLine()) throw new Error('expected silence');
      return;
    case 'wait':
      await sleep(step.ms);
      return;
    default:
      step satisfies never;
  }
}

function matchBlock(
  patterns: readonly string[],
  lines: readonly string[],
  captures: Captures,
): void {
  const rest = lines.map((line) => line.replace(/^(\d{3})-/, '$1 '));
  for (const pattern of patterns) {
    if (pattern === '…') continue;
    const index = rest.findIndex((line) => matchLine(pattern, line, captures));
    if (index < 0) throw new Error(`no line fits: ${pattern}`);
    rest.splice(index, 1);
  }
  if (rest.length > 0 && !patterns.includes('…')) {
    throw new Error(`lines that nobody asked for: ${rest.join(' | ')}`);
  }
}

export class Connection {
  #socket: Socket;
  readonly #name: string;
  readonly #said: string[];
  #buffer = Buffer.alloc(0);
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, name: string, said: string[]) {
    this.#socket = socket;
    this.#name = name;
    this.#said = said;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#hasEnded = true;
      this.#wake();
    };
    socket.on('close', end).on('end', end).on('error', end);
  }

  send(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('utf8').replace(/\r\n$/, '');
    for (const line of text.split('\r\n')) this.#note('C', line);
    this.#socket.write(bytes);
  }

  hasLine(): boolean {
    return this.#buffer.length > 0;
  }

  /** null at the end of the connection. */
  async readLine(): Promise<string | null> {
    const end = Date.now() + lineMsMax;
    for (;;) {
      const at = this.#buffer.indexOf('\r\n');
      if (at >= 0) {
        const line = this.#buffer.subarray(0, at).toString('utf8');
        this.#buffer = this.#buffer.subarray(at + 2);
        this.#note('S', line);
        return line;
      }
      if (this.#hasEnded) {
        if (this.#buffer.length > 0) throw new Error('the last line has no CRLF');
        return null;
      }
      if (Date.now() > end) throw new Error('the server says nothing');
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        sleep(100),
      ]);
    }
  }

  /** All lines of an SMTP reply; all lines of a POP3 listing before its dot. */
  async readReply(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.readLine();
      if (line === null) throw new Error('the server has closed the connection');
      if (line === '.') return lines;
      lines.push(line);
      if (/^\d{3}(?: |$)/.test(line) && (lines.length === 1 || /^\d{3}-/.test(lines[0] ?? ''))) {
        return lines;
      }
    }
  }

  async startTls(): Promise<void> {
    if (this.hasLine()) throw new Error('the server said more before TLS');
    this.#socket.removeAllListeners();
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    this.#socket = secure;
    this.#listen(secure);
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
      secure.once('close', () => reject(new Error('closed during the TLS handshake')));
    });
    this.#note('C', '(TLS)');
  }

  close(): void {
    this.#socket.destroy();
  }

  /**
   * Resolves when nothing more is to be expected: the server has ended it, or is silent for so
   * long.
   */
  async settled(silentMs: number): Promise<'ended' | 'silent'> {
    for (let length = -1; !this.#hasEnded;) {
      if (this.#buffer.length === length) return 'silent';
      length = this.#buffer.length;
      await sleep(silentMs);
    }
    return 'ended';
  }

  #note(side: 'C' | 'S', text: string): void {
    const cut = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    this.#said.push(`  ${side}${this.#name}: ${cut}`);
  }
}
