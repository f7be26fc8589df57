/**
 * What the server says: fixed replies, and the one table from refusals to reply and status codes.
 * RFC 5321 §4.2.2, RFC 3463, RFC 5248, RFC 7372.
 */

import type { Reply } from '@merpati/formats/smtp/reply.ts';
import type { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Refusal, RefusalCode } from '../refusal.ts';

export function reply(code: number, enhanced: string | null, ...lines: string[]): Reply {
  return { code, enhanced, lines };
}

export const replies = {
  ok: reply(250, '2.0.0', 'Ok'),
  senderOk: reply(250, '2.1.0', 'Ok'),
  recipientOk: reply(250, '2.1.5', 'Ok'),
  startData: reply(354, null, 'Send the message, end with a line of a single dot'),
  goodbye: reply(221, '2.0.0', 'Goodbye'),
  readyForTls: reply(220, '2.0.0', 'Ready for TLS'),
  stopping: reply(421, '4.3.2', 'This server is being stopped, please come back'),
  timeout: reply(421, '4.4.2', 'You have been silent for too long'),
  busy: reply(421, '4.3.2', 'Too many connections, please come back later'),
  lineTooLong: reply(500, '5.5.2', 'The line is too long'),
  bareLf: reply(500, '5.5.2', 'Lines end in CRLF, not in LF alone (RFC 5321 2.3.8)'),
  bug: reply(451, '4.3.0', 'Something went wrong here, please try again later'),
} as const satisfies Record<string, Reply>;

interface RefusalReply {
  readonly code: number;
  readonly enhanced: string;
  /** The connection is not usable, or not worth keeping, after it. */
  readonly closes?: true;
  /** The client has done nothing wrong; it does not count against its session. */
  readonly blameless?: true;
}

const refusals = {
  'bad-sequence': { code: 503, enhanced: '5.5.1' },
  'not-offered': { code: 502, enhanced: '5.5.1' },
  'too-many-errors': { code: 421, enhanced: '4.7.0', closes: true },
  'tls-required': { code: 530, enhanced: '5.7.0' },
  'auth-required': { code: 530, enhanced: '5.7.0' },
  'mechanism-unknown': { code: 504, enhanced: '5.5.4' },
  'login-malformed': { code: 501, enhanced: '5.5.2' },
  'login-cancelled': { code: 501, enhanced: '5.7.0' },
  'login-failed': { code: 535, enhanced: '5.7.8' },
  'login-throttled': { code: 454, enhanced: '4.7.0' },
  'account-disabled': { code: 535, enhanced: '5.7.13' },
  // RFC 4954 §6: this mechanism is too weak for that user.
  'app-password-needed': { code: 534, enhanced: '5.7.9' },
  'sender-malformed': { code: 501, enhanced: '5.1.7' },
  'sender-not-yours': { code: 550, enhanced: '5.7.1' },
  'from-not-yours': { code: 550, enhanced: '5.7.1' },
  'over-sending-limit': { code: 452, enhanced: '4.7.28' },
  'sending-paused': { code: 450, enhanced: '4.7.1' },
  'client-listed': { code: 550, enhanced: '5.7.1' },
  // RFC 7372 §3.2, §3.3.
  'dmarc-rejected': { code: 550, enhanced: '5.7.26' },
  'sender-unproven': { code: 451, enhanced: '4.7.24', blameless: true },
  'recipient-malformed': { code: 501, enhanced: '5.1.3' },
  'recipient-unknown': { code: 550, enhanced: '5.1.1' },
  'recipient-disabled': { code: 550, enhanced: '5.2.1' },
  'recipient-over-quota': { code: 452, enhanced: '4.2.2', blameless: true },
  'relay-denied': { code: 550, enhanced: '5.7.1' },
  'too-many-recipients': { code: 452, enhanced: '4.5.3', blameless: true },
  'no-recipients': { code: 554, enhanced: '5.5.1' },
  greylisted: { code: 451, enhanced: '4.7.1', blameless: true },
  'utf8-not-announced': { code: 553, enhanced: '5.6.7' },
  'parameter-not-offered': { code: 555, enhanced: '5.5.4' },
  'message-too-big': { code: 552, enhanced: '5.3.4' },
  'head-too-big': { code: 552, enhanced: '5.3.4' },
  'chunk-too-big': { code: 552, enhanced: '5.3.4', closes: true },
  'bare-newline': { code: 550, enhanced: '5.6.0', closes: true },
  loop: { code: 554, enhanced: '5.4.6' },
  'bad-header': { code: 550, enhanced: '5.6.0' },
  'hold-too-long': { code: 501, enhanced: '5.5.4' },
  'too-slow': { code: 421, enhanced: '4.4.2', closes: true },
  'store-full': { code: 452, enhanced: '4.3.1', blameless: true },
  'store-unavailable': { code: 451, enhanced: '4.3.0', blameless: true },
  internal: { code: 451, enhanced: '4.3.0' },
} as const satisfies Record<RefusalCode, RefusalReply>;

export function refusalReply(refusal: Refusal): {
  readonly reply: Reply;
  readonly closes: boolean;
  readonly blameless: boolean;
} {
  const { code, enhanced, closes, blameless }: RefusalReply = refusals[refusal.code];
  return {
    reply: reply(code, enhanced, refusal.message),
    closes: closes === true,
    blameless: blameless === true,
  };
}

/** RFC 5321 §4.3.2, §4.1.1.11. */
export function syntaxReply(fault: SyntaxFault, verb: string): Reply {
  switch (fault.code) {
    case 'smtp.verb':
      return reply(500, '5.5.1', 'Command not recognised');
    case 'smtp.control':
      return reply(500, '5.5.2', 'Control characters in a command');
    case 'smtp.path':
      return reply(501, verb === 'RCPT' ? '5.1.3' : '5.1.7', sentence(fault.message));
    case 'smtp.parameter.unknown':
      return reply(555, '5.5.4', sentence(fault.message));
    default:
      return reply(501, '5.5.4', sentence(fault.message));
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
