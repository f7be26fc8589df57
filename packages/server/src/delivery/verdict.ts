/**
 * What came of a recipient, in one form whatever it came from: a reply, the DNS, the network,
 * ourselves.
 */

import type { RecipientResult } from '@merpati/client/smtp/transaction.ts';
import { replyText, type Reply } from '@merpati/formats/smtp/reply.ts';

export type Verdict =
  | {
      readonly kind: 'delivered';
      readonly status: string;
      /** The server's last words. */
      readonly text: string;
      readonly remote: Remote | null;
      /** The server takes over the duty to report (RFC 3461 §5.2.2): it knows DSN. */
      readonly reportsItself: boolean;
    }
  | Failure;

export interface Failure {
  readonly kind: 'failed';
  /** Required of every failure: is there sense in trying again? */
  readonly again: 'later' | 'never';
  /** RFC 3463. */
  readonly status: string;
  /** One line for people and for the Diagnostic-Code. */
  readonly text: string;
  /** The text is an SMTP reply (RFC 3464 §2.3.6 tells `smtp` from what we say ourselves). */
  readonly isReply: boolean;
  readonly remote: Remote | null;
  /** A server may have the message although it has not said so. */
  readonly mayBeThere: boolean;
}

export interface Remote {
  readonly host: string;
  readonly address: string;
}

export function failure(
  again: 'later' | 'never',
  status: string,
  text: string,
  remote: Remote | null = null,
): Failure {
  return { kind: 'failed', again, status, text, isReply: false, remote, mayBeThere: false };
}

export function verdictOf(
  result: RecipientResult,
  about: { readonly remote: Remote; readonly dsnOffered: boolean },
): Verdict {
  const { remote } = about;
  switch (result.kind) {
    case 'accepted':
      return {
        kind: 'delivered',
        status: result.reply.enhanced ?? '2.0.0',
        text: replyText(result.reply),
        remote,
        reportsItself: about.dsnOffered,
      };
    case 'refused':
      return replyFailure(result.reply, remote);
    case 'unfit':
      return failure('never', result.status, result.text, remote);
    case 'broken': {
      const { fault } = result;
      const status = fault.kind === 'protocol' ? '4.5.0' : '4.4.2';
      const text = `${fault.message} (${phaseNames[fault.phase] ?? fault.phase})`;
      const mayBeThere = fault.phase === 'accept';
      return { ...failure('later', status, text, remote), mayBeThere };
    }
    default:
      return result satisfies never;
  }
}

const phaseNames: Readonly<Record<string, string>> = {
  body: 'while the message was being sent',
  accept: 'after the message was sent',
  mail: 'at MAIL FROM',
  rcpt: 'at RCPT TO',
  data: 'at DATA',
  greeting: 'before the greeting',
  hello: 'at EHLO',
};

/** RFC 5321 §4.2.1: the first digit decides; the enhanced code says the rest. */
export function replyFailure(reply: Reply, remote: Remote): Failure {
  const isFinal = reply.code >= 500;
  return {
    kind: 'failed',
    again: isFinal ? 'never' : 'later',
    status: reply.enhanced ?? (isFinal ? '5.0.0' : '4.0.0'),
    text: replyText(reply),
    isReply: true,
    remote,
    mayBeThere: false,
  };
}
