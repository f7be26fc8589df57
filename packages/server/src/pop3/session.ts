/**
 * One POP3 session: reads a command, finds its row in the table, runs it, and so on until somebody
 * leaves. RFC 1939 §3 (states, autologout); RFC 2449 §6.6 (pipelining).
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type Pop3Command, readPop3Command } from '@merpati/formats/pop3/command.ts';
import { writePop3Reply } from '@merpati/formats/pop3/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { CorruptBlob, StoreUnavailable } from '@merpati/store/contract.ts';
import { whyNotWelcome } from '../accounts/still-welcome.ts';
import type { Authenticator, Login, LoginContext } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { type Wire, WireFault } from '../net/wire.ts';
import { commands } from './commands/table.ts';
import { pop3Limits } from './limits.ts';
import type { MaildropLock } from '../shared.ts';
import type { Maildrop } from './maildrop.ts';
import {
  type Answer,
  type Language,
  type Refused,
  answers,
  fillIn,
  preferredLanguage,
  refusals,
} from './replies.ts';

/** How much the lab's fault `slow` delays each group of replies. */
const slowMs = 2000;
const nothing = new Uint8Array(0);
const failedLogins: ReadonlySet<Refused> = new Set([
  'wrong-password',
  'throttled',
  'disabled',
  'app-password-needed',
]);

export interface Pop3Service {
  /** Of the listener; the login may lead to another. */
  readonly home: Home;
  readonly authenticator: Authenticator;
  /** Passwords without TLS, from this very machine only; for the lab. */
  readonly plainAllowed: boolean;
}

export interface Authorization {
  readonly name: 'authorization';
  /** Given by USER, awaiting PASS. */
  readonly user: string | null;
}

export interface Transaction {
  readonly name: 'transaction';
  readonly login: Extract<Login, { ok: true }>;
  readonly maildrop: Maildrop;
  readonly lock: MaildropLock;
}

export class Session {
  readonly wire: Wire;
  readonly service: Pop3Service;
  state: Authorization | Transaction = { name: 'authorization', user: null };
  language: Language = preferredLanguage;
  isUtf8 = false;
  /** The last word has been said. */
  isOver = false;
  /** A multi-line reply is under way: whatever goes wrong now can only end the connection. */
  isSending = false;

  #errors = 0;
  #failedLogins = 0;
  #commandsBeforeLogin = 0;
  #unsent: Uint8Array[] = [];
  #unsentOctets = 0;

  constructor(wire: Wire, service: Pop3Service) {
    this.wire = wire;
    this.service = service;
  }

  get loginContext(): LoginContext {
    const { id, remote } = this.wire;
    return { protocol: 'pop3', session: id, address: remote.address };
  }

  /** For commands that the table allows in the TRANSACTION state only. */
  get transaction(): Transaction {
    if (this.state.name !== 'transaction') throw new Error('not in the TRANSACTION state');
    return this.state;
  }

  // ---------------------------------------------------------------- saying

  ok(answer: Answer, facts: Readonly<Record<string, string | number>> = {}): void {
    this.okText(fillIn(answers[answer][this.language], facts));
  }

  /** A text that programs read. */
  okText(text: string): void {
    this.put(writePop3Reply({ kind: 'ok', text }));
  }

  refuse(why: Refused): void {
    this.service.home.metrics.refused.inc({ protocol: 'pop3', code: why });
    if (refusals[why].isError) this.#errors += 1;
    if (failedLogins.has(why)) this.#failedLogins += 1;
    const { errors_max: errorsMax } = this.service.home.config.limits;
    if (this.#errors >= errorsMax || this.#failedLogins >= pop3Limits.failedLoginsMax) {
      this.isOver = true;
    }
    const isLast = this.#errors >= errorsMax && refusals[why].isError;
    const words = refusals[isLast ? 'too-many-errors' : why];
    this.put(writePop3Reply({ kind: 'err', code: words.code, text: words[this.language] }));
  }

  /** Into what is sent next; at the latest before the session waits for the client. */
  put(octets: Uint8Array): void {
    this.#unsent.push(octets);
    this.#unsentOctets += octets.length;
  }

  /** As `put`, and waits while the client is slower than the sender. */
  async send(octets: Uint8Array): Promise<void> {
    this.put(octets);
    if (this.#unsentOctets > pop3Limits.replyOctetsMax) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#unsentOctets === 0) return;
    const [first = nothing, ...more] = this.#unsent;
    const octets = more.length === 0 ? first : Buffer.concat(this.#unsent);
    this.#forget();
    if (this.service.home.faults.has('slow')) await delay(slowMs);
    for (let from = 0; from < octets.length; from += pop3Limits.sliceOctetsMax) {
      await this.wire.write(octets.subarray(from, from + pop3Limits.sliceOctetsMax));
      // Nobody is there to read the rest of a large message: do not read it from disk either.
      if (this.wire.isClosed) throw new WireFault('reset');
    }
  }

  #forget(): void {
    this.#unsent = [];
    this.#unsentOctets = 0;
  }

  // ---------------------------------------------------------------- listening

  async readLine(): Promise<Uint8Array> {
    const options = { bareLf: 'accept' } as const;
    const line = this.wire.takeLine(pop3Limits.lineOctetsMax, options);
    if (line !== null && this.#unsentOctets < pop3Limits.replyOctetsMax) return line;
    await this.flush();
    return line ?? this.wire.readLine(pop3Limits.lineOctetsMax, this.#patienceMs(), options);
  }

  #patienceMs(): number {
    if (this.state.name === 'transaction') return pop3Limits.idleTimeoutMs;
    const { isStressed } = this.service.home.shared.connections;
    return isStressed ? pop3Limits.stressedTimeoutMs : pop3Limits.greetingTimeoutMs;
  }

  /** Until the client leaves, is sent away or is lost (then `WireFault`). */
  async run(): Promise<void> {
    const { config, faults } = this.service.home;
    if (faults.has('busy')) {
      this.refuse('busy');
      await this.flush();
      return;
    }
    this.ok('greeting', { host: config.hostname === '' ? 'Merpati' : config.hostname });
    try {
      while (!this.isOver) await this.#step(await this.readLine());
      await this.flush();
    } catch (error) {
      const reason = error instanceof WireFault ? error.reason : null;
      if (reason !== 'stopping' && reason !== 'line-too-long') throw error;
      this.refuse(reason);
      await this.flush();
    }
  }

  async #step(line: Uint8Array): Promise<void> {
    try {
      await this.#perform(readPop3Command(line));
    } catch (error) {
      if (error instanceof WireFault) throw error;
      this.#recover(error);
    }
  }

  async #perform(command: Pop3Command): Promise<void> {
    if (this.state.name === 'authorization') this.#commandsBeforeLogin += 1;
    if (this.#commandsBeforeLogin > pop3Limits.commandsBeforeLoginMax) {
      this.isOver = true;
      this.refuse('too-many-errors');
      return;
    }
    const row = commands[command.name];
    if (!row.states.includes(this.state.name)) {
      this.refuse(this.state.name === 'authorization' ? 'login-first' : 'logged-in');
      return;
    }
    if (this.state.name === 'transaction' && (await whyNotWelcome(this.state.login)) !== null) {
      // Nothing is deleted: whoever took the password back did not want that.
      this.isOver = true;
      this.refuse('no-more');
      return;
    }
    // The row's `run` takes just the command of its name, which a lookup by name cannot express.
    await row.run(this, command as never);
  }

  #recover(error: unknown): void {
    const why = this.noteFailure(error);
    if (this.isSending) {
      // Half a message must not look like a whole one: no final dot, no further word.
      this.isOver = true;
      this.#forget();
      this.wire.destroy();
    } else this.refuse(why);
  }

  /** Logs what is not the client's doing; answers what the client may know of it. */
  noteFailure(error: unknown): Refused {
    if (error instanceof SyntaxFault) {
      return error.code === 'pop3.unknown-command' ? 'unknown-command' : 'bad-arguments';
    }
    const { log, metrics } = this.service.home;
    const facts = { session: this.wire.id, ip: this.wire.remote.address, err: error };
    if (error instanceof StoreUnavailable) {
      log.warn({ event: 'store.unavailable', ...facts });
      return 'unavailable';
    }
    if (error instanceof CorruptBlob) {
      log.error({ event: 'store.corrupt', ...facts });
      return 'message-damaged';
    }
    metrics.bugs.inc();
    log.error({ event: 'bug', ...facts }, 'an unexpected error in a POP3 session');
    return 'internal';
  }
}
