/**
 * Sends mail as fast as a server takes it, at little cost of its own: raw sockets, prepared
 * messages, one small state machine per session. A program of its own, so that it can have a core
 * of its own: `node bench/generator.ts '{"port":25,…}'` prints what it has seen as one line of
 * JSON. As `smtp-source`, it waits for each reply unless told to use PIPELINING (RFC 2920).
 */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { makeMessages } from './messages.ts';
import type { MessageSource } from './messages.ts';
import { percentile } from './statistics.ts';

export interface GeneratorOptions {
  readonly port: number;
  readonly sessions: number;
  /** Then QUIT, and the next session on a new connection. */
  readonly messagesPerSession: number;
  /** No new message is begun after this time, or after so many. */
  readonly seconds: number;
  readonly messagesMax: number;
  readonly sizeBytes: number;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly pipelining: boolean;
}

export interface GeneratorReport {
  /** Answered 250 after the last octet. */
  readonly accepted: number;
  /** Replies that were not those expected; the session ends there. */
  readonly refused: number;
  readonly firstRefusal: string | null;
  /** From the first connection to the last 250. */
  readonly seconds: number;
  /** From the last octet sent to its 250, in milliseconds. */
  readonly commitMs: Latency;
  /** From MAIL FROM (or connecting, for the first of a session) to 250. */
  readonly messageMs: Latency;
  readonly cpuSeconds: number;
}

export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

const timeoutMs = 60_000;
const replyBytesMax = 16_384;

/** What all sessions of a run share. */
interface Run {
  readonly options: GeneratorOptions;
  readonly source: MessageSource;
  readonly untilMs: number;
  readonly commitMs: number[];
  readonly messageMs: number[];
  begun: number;
  refused: number;
  firstRefusal: string | null;
}

export async function generate(options: GeneratorOptions): Promise<GeneratorReport> {
  const run: Run = {
    options,
    source: makeMessages(options),
    untilMs: performance.now() + options.seconds * 1000,
    commitMs: [],
    messageMs: [],
    begun: 0,
    refused: 0,
    firstRefusal: null,
  };
  const start = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: options.sessions }, () => keepSending(run)));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    accepted: run.commitMs.length,
    refused: run.refused,
    firstRefusal: run.firstRefusal,
    seconds,
    commitMs: latency(run.commitMs),
    messageMs: latency(run.messageMs),
    cpuSeconds: (user + system) / 1e6,
  };
}

function latency(values: readonly number[]): Latency {
  const at = (share: number): number => percentile(values, share);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

async function keepSending(run: Run): Promise<void> {
  while (mayBegin(run) && run.refused === 0) await new Session(run).ended;
}

function mayBegin(run: Run): boolean {
  return run.begun < run.options.messagesMax && performance.now() < run.untilMs;
}

type Step = 'greeting' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'body' | 'quit';

const expected: Readonly<Record<Step, string>> = {
  greeting: '220',
  ehlo: '250',
  mail: '250',
  rcpt: '250',
  data: '354',
  body: '250',
  quit: '221',
};

/** One connection with up to `messagesPerSession` messages. */
class Session {
  readonly ended: Promise<void>;
  readonly #run: Run;
  readonly #socket: Socket;
  #step: Step = 'greeting';
  #left: number;
  #line = '';
  #messageStart = performance.now();
  #bodySent = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#left = run.options.messagesPerSession;
    const buffer = Buffer.allocUnsafe(replyBytesMax);
    this.#socket = connect({
      port: run.options.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback: (length) => this.#read(buffer, length) },
    });
    this.ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.setTimeout(timeoutMs, () => this.#fail('timeout'));
    this.#socket.on('error', (error) => this.#fail(error.message));
  }

  #read(buffer: Buffer, length: number): boolean {
    let start = 0;
    for (let at = buffer.indexOf(10); at >= 0 && at < length; at = buffer.indexOf(10, start)) {
      const line = this.#line + buffer.toString('latin1', start, at);
      this.#line = '';
      start = at + 1;
      if (line.charCodeAt(3) !== 0x2d) this.#reply(line);
    }
    if (start < length) this.#line += buffer.toString('latin1', start, length);
    return true;
  }

  #reply(line: string): void {
    if (!line.startsWith(expected[this.#step])) {
      this.#fail(`${this.#step}: ${line}`);
      return;
    }
    const { pipelining } = this.#run.options;
    switch (this.#step) {
      case 'greeting':
        this.#send('ehlo', 'EHLO generator.test\r\n');
        break;
      case 'ehlo':
        this.#begin();
        break;
      case 'mail':
        this.#send('rcpt', pipelining ? '' : `RCPT TO:<${this.#run.source.recipient()}>\r\n`);
        break;
      case 'rcpt':
        this.#send('data', pipelining ? '' : 'DATA\r\n');
        break;
      case 'data':
        this.#sendBody();
        break;
      case 'body':
        this.#accepted();
        break;
      case 'quit':
        this.#socket.end();
        break;
    }
  }

  #begin(): void {
    const { sender, pipelining } = this.#run.options;
    if (this.#left === 0 || !mayBegin(this.#run)) {
      this.#send('quit', 'QUIT\r\n');
      return;
    }
    this.#left -= 1;
    this.#run.begun += 1;
    const mail = `MAIL FROM:<${sender}>\r\n`;
    const rest = pipelining ? `RCPT TO:<${this.#run.source.recipient()}>\r\nDATA\r\n` : '';
    this.#send('mail', mail + rest);
  }

  #sendBody(): void {
    this.#step = 'body';
    const { head, body } = this.#run.source.next();
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
    this.#bodySent = performance.now();
  }

  #accepted(): void {
    const now = performance.now();
    this.#run.commitMs.push(now - this.#bodySent);
    this.#run.messageMs.push(now - this.#messageStart);
    this.#messageStart = now;
    this.#begin();
  }

  #send(step: Step, text: string): void {
    this.#step = step;
    if (text !== '') this.#socket.write(text, 'latin1');
  }

  #fail(why: string): void {
    this.#run.refused += 1;
    this.#run.firstRefusal ??= why;
    this.#socket.destroy();
  }
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '{}') as GeneratorOptions;
  console.log(JSON.stringify(await generate(options)));
}
