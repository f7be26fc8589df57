/** Why a conversation with a server ended before it came to anything. */

import { replyText, type Reply } from '@merpati/formats/smtp/reply.ts';
import type { TlsFacts } from './tls-facts.ts';

/** Where in the conversation. */
export type SmtpPhase =
  | 'connect'
  | 'greeting'
  | 'hello'
  | 'starttls'
  | 'tls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  /** The whole message was sent, and no reply came: it may have been accepted all the same. */
  | 'accept'
  | 'reset'
  | 'quit';

export type SmtpFaultKind =
  /** No connection; `code` of the cause is the system's. */
  | 'connect'
  /** The server closed the connection, or it broke. */
  | 'closed'
  | 'timeout'
  /** What the server sent is not SMTP, or beyond every limit. */
  | 'protocol'
  /** The server said no to what comes before a message: greeting, EHLO, STARTTLS, AUTH. */
  | 'refused'
  /** The handshake failed, or the certificate is not the one it must be. */
  | 'tls'
  /** The server does not offer what is required: STARTTLS, AUTH, a mechanism. */
  | 'unsupported';

export class SmtpFault extends Error {
  override readonly name = 'SmtpFault';
  readonly kind: SmtpFaultKind;
  readonly phase: SmtpPhase;
  /** The server's words, for `refused`. */
  readonly reply: Reply | null;
  /** Of a handshake that went well with a server that is not the right one. */
  readonly tls: TlsFacts | null;

  constructor(
    kind: SmtpFaultKind,
    phase: SmtpPhase,
    about: {
      readonly message: string;
      readonly reply?: Reply;
      readonly cause?: unknown;
      readonly tls?: TlsFacts | null;
    },
  ) {
    super(about.message, about.cause === undefined ? undefined : { cause: about.cause });
    this.kind = kind;
    this.phase = phase;
    this.reply = about.reply ?? null;
    this.tls = about.tls ?? null;
  }
}

export function refused(phase: SmtpPhase, reply: Reply): SmtpFault {
  return new SmtpFault('refused', phase, { message: replyText(reply), reply });
}
