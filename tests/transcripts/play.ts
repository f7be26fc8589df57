/** Plays a transcript: takes the client's part over real sockets and watches the server's. */

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createDeflateRaw, createInflateRaw, constants } from 'node:zlib';
import type { DeflateRaw } from 'node:zlib';
import { fillTemplate, lineHas, matchLine } from './format.ts';
import type { BlockPattern, Captures, PeerName, Service, Step, Transcript } from './format.ts';

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
      const isImap = this.#transcript.service.startsWith('imap');
      const connection = await this.#find(step.connection);
      await playStep(connection, step, { captures: this.#captures, isImap });
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
    if (isSecure.has(service)) await connection.startTls();
    return connection;
  }
}

const isSecure: ReadonlySet<Service> = new Set(['submissions', 'pop3s', 'imaps'] as const);

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

interface Playing {
  readonly captures: Captures;
  /** Blocks end with the tagged response, and lines go on in literals. */
  readonly isImap: boolean;
}

async function playStep(connection: Connection, step: PlayStep, playing: Playing): Promise<void> {
  const { captures, isImap } = playing;
  switch (step.kind) {
    case 'send-all':
      connection.send(
        Buffer.concat(step.templates.map((template) => fillTemplate(template, captures))),
      );
      return;
    case 'expect': {
      const isWhole = isImap && !/\{(?:\d+|…|literal .*)\}$/.test(step.pattern);
      const isRecentAsked = asksForRecent(step.pattern);
      const line = isWhole
        ? await connection.readResponse({ isRecentAsked })
        : await readFirstLine(connection, { isRecentAsked: isRecentAsked || !isImap });
      if (line === null) throw new Error('the server has closed the connection');
      if (!matchLine(step.pattern, line, captures)) throw new Error(`expected: ${step.pattern}`);
      return;
    }
    case 'expect-block':
      if (isImap) await matchResponses(connection, step.patterns, captures);
      else matchBlock(step.patterns, await connection.readReply(), captures);
      return;
    case 'has':
    case 'lacks': {
      const isRecentAsked = asksForRecent(step.text);
      const isThere = lineHas(step.text, told(connection.lastLine, isRecentAsked), captures);
      if (isThere !== (step.kind === 'has')) throw new Error(`${step.kind} not: ${step.text}`);
      return;
    }
    case 'start-tls':
      await connection.startTls();
      return;
    case 'start-deflate':
      connection.startDeflate();
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
  patterns: readonly BlockPattern[],
  lines: readonly string[],
  captures: Captures,
): void {
  const rest = lines.map((line) => line.replace(/^(\d{3})-/, '$1 '));
  for (const { pattern, has } of patterns) {
    if (pattern === '…') continue;
    const index = rest.findIndex(
      (line) =>
        matchLine(pattern, line, captures) && has.every((one) => lineHas(one, line, captures)),
    );
    if (index < 0) throw new Error(`no line fits: ${[pattern, ...has].join(' & ')}`);
    rest.splice(index, 1);
  }
  if (rest.length > 0 && !patterns.some(({ pattern }) => pattern === '…')) {
    throw new Error(`lines that nobody asked for: ${rest.join(' | ')}`);
  }
}

/** Reads on until all tagged responses of the block are there; without any, all of its lines. */
async function matchResponses(
  connection: Connection,
  patterns: readonly BlockPattern[],
  captures: Captures,
): Promise<void> {
  const isTagged = (line: string): boolean => !/^[*+…]/.test(line);
  const tagged = patterns.filter(({ pattern }) => isTagged(pattern)).length;
  const wanted = patterns.filter(({ pattern }) => pattern !== '…').length;
  const isRecentAsked = patterns.some((one) => [one.pattern, ...one.has].some(asksForRecent));
  const lines: string[] = [];
  const isWhole = (): boolean =>
    tagged > 0 ? lines.filter(isTagged).length >= tagged : lines.length >= wanted;
  while (!isWhole()) {
    const line = await connection.readResponse({ isRecentAsked });
    if (line === null) throw new Error('the server has closed the connection');
    lines.push(line);
  }
  matchBlock(patterns, lines, captures);
}

/** Of a response whose literal is shown in the lines behind it. */
async function readFirstLine(
  connection: Connection,
  { isRecentAsked }: { readonly isRecentAsked: boolean },
): Promise<string | null> {
  for (;;) {
    const line = await connection.readLine();
    if (line === null || isRecentAsked || !tellsRecent.test(line)) return line;
  }
}

const tellsRecent = /^\* \d+ RECENT$/;
const asksForRecent = (text: string): boolean => /RECENT|\\Recent/.test(text);

/** What a FETCH tells, without `\Recent` unless that is the question. */
function told(line: string, isRecentAsked: boolean): string {
  if (isRecentAsked || !/^\* \d+ FETCH /.test(line)) return line;
  return line.replaceAll(/\(\\Recent ?| \\Recent\b/g, (found) =>
    found.startsWith('(') ? '(' : '',
  );
}

export class Connection {
  #socket: Socket;
  readonly #name: string;
  readonly #said: string[];
  #buffer = Buffer.alloc(0);
  #hasEnded = false;
  #deflate: DeflateRaw | null = null;
  #lastLine = '';
  #wake: () => void = () => {};

  constructor(socket: Socket, name: string, said: string[]) {
    this.#socket = socket;
    this.#name = name;
    this.#said = said;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const end = (): void => this.#end();
    socket.on('close', end).on('end', end).on('error', end);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    this.#wake();
  }

  send(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('utf8').replace(/\r\n$/, '');
    for (const line of text.split('\r\n')) this.#note('C', line);
    (this.#deflate ?? this.#socket).write(bytes);
  }

  /** What the server said last, for who asks more of it. */
  get lastLine(): string {
    return this.#lastLine;
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
        this.#lastLine = line;
        this.#note('S', line);
        return line;
      }
      if (this.#hasEnded) {
        if (this.#buffer.length > 0) throw new Error('the last line has no CRLF');
        return null;
      }
      await this.#more(end);
    }
  }

  /**
   * A line of IMAP with all that it says in literals, CRLF between; null at the end. `* 2 RECENT`
   * and `\Recent` may come with anything in RFC 3501 and never in RFC 9051: passed over unless
   * asked for.
   */
  async readResponse(options: { readonly isRecentAsked: boolean }): Promise<string | null> {
    let response = await this.readLine();
    while (!options.isRecentAsked && response !== null && tellsRecent.test(response)) {
      response = await this.readLine();
    }
    for (let line = response; line !== null && response !== null;) {
      const [, octets] = /\{(\d+)\}$/.exec(line) ?? [];
      if (octets === undefined) break;
      const literal = await this.#readOctets(Number(octets));
      line = await this.readLine();
      response += `\r\n${literal}${line ?? ''}`;
    }
    this.#lastLine = response ?? '';
    return response === null ? null : told(response, options.isRecentAsked);
  }

  async #readOctets(count: number): Promise<string> {
    const end = Date.now() + lineMsMax;
    while (this.#buffer.length < count) {
      if (this.#hasEnded) throw new Error('the server has closed the connection in a literal');
      await this.#more(end);
    }
    const text = this.#buffer.subarray(0, count).toString('utf8');
    this.#buffer = this.#buffer.subarray(count);
    for (const line of text.split('\r\n')) this.#note('S', line);
    return text;
  }

  async #more(end: number): Promise<void> {
    if (Date.now() > end) throw new Error('the server says nothing');
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#wake = resolve;
      }),
      sleep(100),
    ]);
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

  /** Both ways compressed from here on. RFC 4978. */
  startDeflate(): void {
    const socket = this.#socket;
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
    const compressed = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    socket.removeAllListeners();
    inflate.on('data', (chunk: Buffer) => this.#take(chunk));
    inflate.on('end', () => this.#end()).on('error', () => this.#end());
    deflate.on('data', (chunk: Buffer) => socket.write(chunk));
    socket.on('data', (chunk: Buffer) => inflate.write(chunk));
    socket.on('end', () => inflate.end()).on('error', () => inflate.end());
    if (compressed.length > 0) inflate.write(compressed);
    this.#deflate = deflate;
    this.#note('C', '(DEFLATE)');
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
