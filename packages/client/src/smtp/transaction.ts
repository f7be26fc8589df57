/**
 * One message over an open connection: MAIL, RCPT for everybody, and the content by BDAT where that
 * is offered, else by DATA. RFC 5321 §3.3, §4.5.2; pipelining RFC 2920 §3.1; chunking RFC 3030 §2.
 *
 * BDAT counts octets, so nothing within the message can end it: that is why it is preferred. It is
 * not sent ahead of the answers to RCPT: a server that refuses and forgets to take the octets would
 * read the message as commands.
 */

import { DotWriter } from '@merpati/formats/smtp/dot.ts';
import { replyText, type Reply } from '@merpati/formats/smtp/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Capabilities } from './capabilities.ts';
import type { Connection } from './connection.ts';
import { NeedsScanner, scanContent, type Content, type ContentNeeds } from './content.ts';
import {
  findUnfit,
  findUnfitRecipient,
  mustScan,
  writeMail,
  writeRcpt,
  type Envelope,
  type Unfit,
} from './envelope.ts';
import { SmtpFault, type SmtpPhase } from './fault.ts';
import type { SmtpTimeouts } from './timeouts.ts';

export type RecipientResult =
  | { readonly kind: 'accepted'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly reply: Reply; readonly phase: SmtpPhase }
  /** Never said to the server, which could not have taken it. */
  | ({ readonly kind: 'unfit' } & Unfit)
  /** The conversation ended before a verdict. */
  | { readonly kind: 'broken'; readonly fault: SmtpFault };

export interface Talk {
  readonly connection: Connection;
  readonly capabilities: Capabilities;
  readonly timeouts: SmtpTimeouts;
  /** The server still holds a transaction that came to nothing. */
  readonly resetFirst: boolean;
}

export interface Transacted {
  /** In the order of the envelope's recipients. */
  readonly results: readonly RecipientResult[];
  /** The next message must begin with RSET. */
  readonly mustReset: boolean;
}

/** Beyond these the message is streamed; up to here it goes out with one write. */
const oneWriteOctetsMax = 64 * 1024;

export async function transact(talk: Talk, envelope: Envelope, content: Content) {
  const results = envelope.recipients.map((): RecipientResult | undefined => undefined);
  const fill = (result: RecipientResult) => {
    for (const [i, known] of results.entries()) results[i] = known ?? result;
  };
  const transaction = new Transaction(talk, envelope, results);
  try {
    const verdict = await transaction.run(content);
    if (verdict !== null) fill(verdict);
  } catch (error) {
    if (!(error instanceof SmtpFault)) {
      talk.connection.destroy();
      throw error;
    }
    fill({ kind: 'broken', fault: error });
  }
  return {
    results: results as RecipientResult[],
    mustReset: transaction.mustReset,
  } satisfies Transacted;
}

class Transaction {
  mustReset = false;
  readonly #talk: Talk;
  readonly #envelope: Envelope;
  /** undefined: still to be sent to. */
  readonly #results: (RecipientResult | undefined)[];

  constructor(talk: Talk, envelope: Envelope, results: (RecipientResult | undefined)[]) {
    this.#talk = talk;
    this.#envelope = envelope;
    this.#results = results;
  }

  /** What is true of everybody who has no result of his own; null when nobody is left. */
  async run(content: Content): Promise<RecipientResult | null> {
    const { connection, capabilities } = this.#talk;
    const chunks = content.chunks()[Symbol.asyncIterator]();
    try {
      const first = await chunks.next();
      const head = first.done === true ? new Uint8Array(0) : first.value;
      const needs = await this.#needsOf(content, head);
      const about = { size: content.size, needs, isTls: connection.tls !== null };
      const unfit = findUnfit(this.#envelope, capabilities, about);
      if (unfit !== null) return { kind: 'unfit', ...unfit };
      for (const [i, { address }] of this.#envelope.recipients.entries()) {
        const why = findUnfitRecipient(address, capabilities);
        if (why !== null) this.#results[i] = { kind: 'unfit', ...why };
      }
      if (!this.#isAnybodyLeft) return null;
      const mail = writeMail(this.#envelope, capabilities, about);
      const refusal = capabilities.pipelining
        ? await this.#openAtOnce(mail)
        : await this.#openStepByStep(mail);
      if (refusal !== null || !this.#isAnybodyLeft) return refusal;
      const body: Body = { head, rest: chunks, size: content.size };
      const reply = capabilities.chunking
        ? await this.#sendByBdat(body)
        : await this.#sendByData(body);
      return reply;
    } finally {
      await chunks.return?.();
    }
  }

  get #isAnybodyLeft(): boolean {
    return this.#results.includes(undefined);
  }

  /** Small messages are always looked at, large ones when it matters. */
  async #needsOf(content: Content, head: Uint8Array): Promise<ContentNeeds | null> {
    if (head.length === content.size) {
      const scanner = new NeedsScanner();
      scanner.push(head);
      return scanner.end();
    }
    return mustScan(this.#envelope, this.#talk.capabilities) ? scanContent(content) : null;
  }

  // ---------------------------------------------------------------- envelope

  #rcptLines(): { index: number; line: string }[] {
    return this.#envelope.recipients
      .map((recipient, index) => ({ index, line: writeRcpt(recipient, this.#talk.capabilities) }))
      .filter(({ index }) => this.#results[index] === undefined);
  }

  /** All commands in one write; with DATA at the end, unless BDAT will follow. */
  async #openAtOnce(mail: string): Promise<RecipientResult | null> {
    const { connection, capabilities, timeouts, resetFirst } = this.#talk;
    const rcpts = this.#rcptLines();
    const lines = [...(resetFirst ? ['RSET'] : []), mail, ...rcpts.map(({ line }) => line)];
    if (!capabilities.chunking) lines.push('DATA');
    connection.send(`${lines.join('\r\n')}\r\n`, lines);
    if (resetFirst) await connection.reply('reset', timeouts.commandMs);
    const mailReply = await connection.reply('mail', timeouts.mailMs);
    const isTaken = this.#isPositive(mailReply, 'mail');
    this.mustReset = isTaken;
    for (const { index } of rcpts) {
      const reply = await connection.reply('rcpt', timeouts.rcptMs);
      if (!this.#isPositive(reply, 'rcpt')) this.#results[index] = refusal(reply, 'rcpt');
    }
    if (!isTaken) this.#refuseAll(refusal(mailReply, 'mail'));
    if (capabilities.chunking) return null;
    const dataReply = await connection.reply('data', timeouts.dataMs);
    if (this.#goesAhead(dataReply)) return this.#isAnybodyLeft ? null : this.#sendNothing();
    return this.#isAnybodyLeft ? refusal(dataReply, 'data') : null;
  }

  /** What the server said to MAIL counts more than what it then said to RCPT. */
  #refuseAll(result: RecipientResult): void {
    for (const [i, known] of this.#results.entries()) {
      if (known === undefined || known.kind === 'refused') this.#results[i] = result;
    }
  }

  /** RFC 2920 §3.1: the server goes ahead although it has refused everybody. */
  async #sendNothing(): Promise<null> {
    const { connection, timeouts } = this.#talk;
    connection.send('.\r\n', '.');
    await connection.reply('accept', timeouts.acceptMs);
    this.mustReset = false;
    return null;
  }

  async #openStepByStep(mail: string): Promise<RecipientResult | null> {
    const { connection, capabilities, timeouts, resetFirst } = this.#talk;
    if (resetFirst) {
      connection.send('RSET\r\n', 'RSET');
      await connection.reply('reset', timeouts.commandMs);
    }
    connection.send(`${mail}\r\n`, mail);
    const mailReply = await connection.reply('mail', timeouts.mailMs);
    if (!this.#isPositive(mailReply, 'mail')) return refusal(mailReply, 'mail');
    this.mustReset = true;
    for (const { index, line } of this.#rcptLines()) {
      connection.send(`${line}\r\n`, line);
      const reply = await connection.reply('rcpt', timeouts.rcptMs);
      if (!this.#isPositive(reply, 'rcpt')) this.#results[index] = refusal(reply, 'rcpt');
      if (reply.code === 421) return refusal(reply, 'rcpt');
    }
    if (!this.#isAnybodyLeft || capabilities.chunking) return null;
    connection.send('DATA\r\n', 'DATA');
    const reply = await connection.reply('data', timeouts.dataMs);
    return this.#goesAhead(reply) ? null : refusal(reply, 'data');
  }

  #goesAhead(reply: Reply): boolean {
    if (reply.code >= 200 && reply.code < 300) throw this.#nonsense(reply, 'data');
    return reply.code === 354;
  }

  /** Yes or no; anything between is no SMTP. */
  #isPositive(reply: Reply, phase: SmtpPhase): boolean {
    if (reply.code >= 300 && reply.code < 400) throw this.#nonsense(reply, phase);
    return reply.code < 300;
  }

  #nonsense(reply: Reply, phase: SmtpPhase): SmtpFault {
    this.#talk.connection.destroy();
    const message = `a reply that makes no sense here: ${replyText(reply)}`;
    return new SmtpFault('protocol', phase, { message, reply });
  }

  // ---------------------------------------------------------------- content

  async #sendByBdat(body: Body): Promise<RecipientResult> {
    const { connection, timeouts } = this.#talk;
    const command = `BDAT ${body.size} LAST`;
    const send = () => connection.send(`${command}\r\n`, [command, shownBody(body.size)]);
    if (body.head.length === body.size) {
      await connection.together(() => {
        send();
        return body.size > 0 ? connection.write(body.head, timeouts.blockMs) : undefined;
      });
    } else {
      send();
      let sent = 0;
      for await (const chunk of chunksOf(body)) {
        sent += chunk.length;
        if (sent > body.size) break;
        await connection.write(chunk, timeouts.blockMs);
        if (connection.hasReply) return this.#interrupted();
      }
      if (sent !== body.size) throw new Error(`a body of ${body.size} octets gave ${sent}`);
    }
    return this.#verdict();
  }

  async #sendByData(body: Body): Promise<RecipientResult> {
    const { connection, timeouts } = this.#talk;
    const dots = new DotWriter();
    connection.transcript.out(shownBody(body.size));
    connection.transcript.out('.');
    try {
      if (body.head.length === body.size && body.size <= oneWriteOctetsMax) {
        const pieces = [...dots.write(body.head), dots.end()];
        await connection.write(Buffer.concat(pieces), timeouts.blockMs);
        return await this.#verdict();
      }
      for await (const chunk of chunksOf(body)) {
        const pieces = dots.write(chunk);
        const octets = pieces.length === 1 ? chunk : Buffer.concat(pieces);
        await connection.write(octets, timeouts.blockMs);
        if (connection.hasReply) return await this.#interrupted();
      }
      await connection.write(dots.end(), timeouts.blockMs);
      return await this.#verdict();
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      // A bare CR or LF: what the server has got of it never becomes a message.
      connection.destroy();
      const text = 'the message has CR or LF alone, which DATA cannot carry';
      return { kind: 'unfit', reason: 'binarymime', status: '5.6.3', text };
    }
  }

  async #verdict(): Promise<RecipientResult> {
    const { connection, timeouts } = this.#talk;
    const reply = await connection.reply('accept', timeouts.acceptMs);
    this.mustReset = false;
    return this.#isPositive(reply, 'accept') ? { kind: 'accepted', reply } : refusal(reply, 'body');
  }

  /** The server has answered before it had everything: it means no, and the rest is not for it. */
  async #interrupted(): Promise<RecipientResult> {
    const { connection, timeouts } = this.#talk;
    const reply = await connection.reply('body', timeouts.acceptMs);
    connection.destroy();
    if (!this.#isPositive(reply, 'body')) return refusal(reply, 'body');
    const message = 'the server accepted a message before it had all of it';
    return { kind: 'broken', fault: new SmtpFault('protocol', 'body', { message }) };
  }
}

interface Body {
  readonly head: Uint8Array;
  readonly rest: AsyncIterator<Uint8Array>;
  readonly size: number;
}

async function* chunksOf({ head, rest }: Body): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

const shownBody = (size: number) => `(${size} octets of message)`;
const refusal = (reply: Reply, phase: SmtpPhase): RecipientResult => ({
  kind: 'refused',
  reply,
  phase,
});
