/**
 * One SMTP session: a plain value, and the loop that reads a command, finds its row in the table
 * and sends what the row answers. RFC 5321 §3, §4.1.4 (order); RFC 2920 (PIPELINING): replies leave
 * together, when the client has nothing more on the way.
 */

import { isAscii } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { readUtf8 } from '@merpati/formats/bytes.ts';
import { commandLimits, readCommand } from '@merpati/formats/smtp/command.ts';
import type { Command, MailParameters, Verb } from '@merpati/formats/smtp/command.ts';
import { writeReply } from '@merpati/formats/smtp/reply.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import type { AccountRow } from '@merpati/store/contract.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Authenticator, Login } from '../accounts/authenticate.ts';
import type { Inspection } from '../checks/inspection.ts';
import type { Recipient } from '../incoming/incoming.ts';
import type { Home } from '../home.ts';
import { WireFault } from '../net/wire.ts';
import type { Wire } from '../net/wire.ts';
import { Refusal, storeRefusal } from '../refusal.ts';
import type { Intake } from './intake.ts';
import { sessionLimits } from './limits.ts';
import { refusalReply, replies, reply, syntaxReply } from './replies.ts';

/** How much the lab's fault `slow` delays each group of replies. */
const slowMs = 2000;

/** For other servers (port 25), or for our users (587, 465; RFC 6409). */
export type Service = 'smtp' | 'submission';

/** `greeted`: no EHLO yet. `ready`: no transaction. `mail`, `rcpt`, `chunks`: in one. */
export type State = 'greeted' | 'ready' | 'mail' | 'rcpt' | 'chunks';

export interface Transaction {
  /** '' is the null sender. */
  readonly sender: string;
  readonly parameters: MailParameters;
  readonly recipients: Recipient[];
  /** Told the client, or refused: DATA then answers 554 instead of 503. */
  recipientsTried: number;
  readonly startedUs: number;
  /** Open while BDAT chunks come in. */
  intake: Intake | null;
  /** Of who connects and what they bring; null: nobody asks. */
  inspection: Inspection | null;
  /** What its journey tells before the flow begins. */
  readonly events: JourneyEvent[];
}

export interface Session {
  readonly service: Service;
  readonly wire: Wire;
  readonly authenticator: Authenticator;
  /** Plain passwords without TLS: for the lab and tests, on loopback only. */
  readonly plainAllowed: boolean;
  /** The one that listens; after login the one of the account. */
  home: Home;
  state: State;
  hello: { readonly name: string; readonly isExtended: boolean } | null;
  login: {
    readonly account: AccountRow;
    readonly mechanism: string;
    readonly proof: Extract<Login, { ok: true }>;
  } | null;
  transaction: Transaction | null;
  /** Refusals since the last accepted message. */
  errors: number;
  idleCommands: number;
  /** After the reply at hand the connection is closed. */
  isEnding: boolean;
  /** Replies not sent yet. */
  out: string;
}

/** null: nothing more to say, as after STARTTLS. */
export type Answer = Reply | null;

/** One command: when it may come, and what it does. Its grammar is in formats/smtp/command.ts. */
export interface CommandRow<V extends Verb = Verb> {
  readonly verb: V;
  readonly states: readonly State[];
  /** Answers, or throws Refusal or SyntaxFault. */
  run(session: Session, command: Command & { verb: V }): Answer | Promise<Answer>;
}

export type CommandTable = { readonly [V in Verb]: CommandRow<V> };

/**
 * Serves until the client leaves or must leave. Rejects with WireFault when the connection is gone.
 */
export async function runSession(session: Session, table: CommandTable): Promise<void> {
  const { wire, home } = session;
  if (home.faults.has('busy')) {
    await wire.write(writeReply(replies.busy));
    return;
  }
  say(session, reply(220, null, `${home.config.hostname} ESMTP Merpati`));
  try {
    while (!session.isEnding) {
      const line = wire.takeLine(commandLimits.lineOctetsMax) ?? (await nextLine(session));
      const answered = answer(session, table, line);
      say(session, answered instanceof Promise ? await answered : answered);
      if (session.out.length > sessionLimits.unsentMax) await flush(session);
    }
    await flush(session);
  } catch (error) {
    await sayLastWords(session, error);
    throw error;
  } finally {
    session.transaction?.inspection?.abandon();
    await session.transaction?.intake?.abort();
  }
}

/** Adds a reply to those that leave with the next `flush`. */
export function say(session: Session, said: Answer): void {
  if (said !== null) session.out += writeReply(said);
}

/** Sends what was said. Called before each wait for the client (RFC 2920 §3.2). */
export function flush(session: Session): void | Promise<void> {
  const { out, home, wire } = session;
  if (out === '') return;
  session.out = '';
  if (home.faults.has('slow')) return delay(slowMs).then(() => wire.write(out));
  return wire.write(out);
}

function nextLine(session: Session): Promise<Uint8Array> {
  const flushed = flush(session);
  return flushed instanceof Promise ? flushed.then(() => awaitLine(session)) : awaitLine(session);
}

function awaitLine(session: Session): Promise<Uint8Array> {
  const timeoutMs = session.home.shared.connections.isStressed
    ? sessionLimits.stressedTimeoutMs
    : session.home.config.limits.command_timeout_s * 1000;
  return session.wire.readLine(commandLimits.lineOctetsMax, timeoutMs);
}

/** What the line gets; a promise only when the command has to wait for something. */
function answer(session: Session, table: CommandTable, line: Uint8Array): Answer | Promise<Answer> {
  let verb = '';
  try {
    const text = decode(line);
    verb = text.slice(0, 4).toUpperCase();
    const command = readCommand(text);
    // The row of a verb takes commands of that verb: a fact of the table's type that indexing
    // loses.
    const row = table[command.verb] as CommandRow;
    if (!row.states.includes(session.state))
      throw new Refusal('bad-sequence', sequenceHint(session));
    const answered = row.run(session, command);
    if (!(answered instanceof Promise)) return answered;
    return answered.catch((error: unknown) => refuse(session, error, verb));
  } catch (error) {
    return refuse(session, error, verb);
  }
}

function refuse(session: Session, thrown: unknown, verb: string): Reply {
  const error = thrown instanceof StoreUnavailable ? storeRefusal(thrown) : thrown;
  let refused: Reply;
  let code = 'syntax';
  let isBlameless = false;
  if (error instanceof Refusal) {
    const row = refusalReply(error);
    refused = row.reply;
    code = error.code;
    isBlameless = row.blameless && !hasTriedEnough(session);
    if (row.closes) session.isEnding = true;
    if (error.code === 'internal') noteBug(session, error.cause);
  } else if (error instanceof SyntaxFault) {
    refused = syntaxReply(error, verb);
    // Octets follow that nobody can tell from commands.
    if (error.code === 'smtp.bdat') session.isEnding = true;
  } else if (error instanceof WireFault) {
    throw error;
  } else {
    noteBug(session, error);
    code = 'bug';
    refused = replies.bug;
    session.isEnding = true;
  }
  session.home.metrics.refused.inc({ protocol: session.service, code });
  session.home.log.info({
    event: 'smtp.refused',
    session: session.wire.id,
    ip: session.wire.remote.address,
    code,
    reply: refused.code,
    text: refused.lines[0],
  });
  if (!isBlameless) session.errors += 1;
  if (session.errors <= session.home.config.limits.errors_max || session.isEnding) return refused;
  session.isEnding = true;
  say(session, refused);
  return reply(421, '4.7.0', 'Too many errors, goodbye');
}

/**
 * A list that is longer than one message may have gets 452 for the rest and sends that later (RFC
 * 5321 §4.5.3.1.10); somebody who never stops is no list.
 */
function hasTriedEnough({ transaction, home }: Session): boolean {
  const triedMax = home.config.limits.recipients_max * sessionLimits.recipientsTriedFactorMax;
  return transaction !== null && transaction.recipientsTried > triedMax;
}

function noteBug(session: Session, error: unknown): void {
  session.home.metrics.bugs.inc();
  session.home.log.error(
    { event: 'bug', session: session.wire.id, ip: session.wire.remote.address, err: error },
    'an SMTP command ended in an unexpected error',
  );
}

/** Counts a command that brings no message nearer. */
export function countIdle(session: Session): void {
  session.idleCommands += 1;
  if (session.idleCommands <= sessionLimits.idleCommandsMax) return;
  throw new Refusal('too-many-errors', 'Too many commands without a message, goodbye');
}

/** RFC 5321 §4.1.1.5: no sender, no recipients, no data. */
export async function resetTransaction(session: Session): Promise<void> {
  const intake = session.transaction?.intake ?? null;
  session.transaction?.inspection?.abandon();
  session.transaction = null;
  session.state = session.hello === null ? 'greeted' : 'ready';
  if (intake !== null) await intake.abort();
}

function sequenceHint(session: Session): string {
  if (session.state === 'greeted') return 'Say EHLO first';
  if (session.state === 'ready') return 'That needs a MAIL command before';
  return 'Not now: a message is under way, RSET drops it';
}

function decode(line: Uint8Array): string {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
  if (isAscii(bytes)) return bytes.toString('latin1');
  const text = readUtf8(line);
  if (text === null) throw new SyntaxFault('smtp.control', 'not UTF-8');
  return text;
}

async function sayLastWords(session: Session, error: unknown): Promise<void> {
  const words = lastWords(error);
  if (words === null) return;
  session.isEnding = true;
  say(session, words);
  await flush(session);
}

function lastWords(error: unknown): Reply | null {
  if (!(error instanceof WireFault)) return replies.bug;
  switch (error.reason) {
    case 'timeout':
      return replies.timeout;
    case 'stopping':
      return replies.stopping;
    case 'line-too-long':
      return replies.lineTooLong;
    case 'bare-lf':
      return replies.bareLf;
    case 'ended':
    case 'reset':
    case 'tls':
      return null;
    default:
      throw new Error(`unhandled reason ${String(error.reason satisfies never)}`);
  }
}
