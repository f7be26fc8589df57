/**
 * What a submission service answered, for people: results of each recipient, and the journey to
 * follow.
 */

import type { RecipientResult } from '@merpati/client/smtp/transaction.ts';
import { SmtpFault } from '@merpati/client/smtp/fault.ts';
import { replyText } from '@merpati/formats/smtp/reply.ts';
import { readJourneyId } from '@merpati/store/journey.ts';
import { sysexits } from './exit.ts';
import { Failure } from './failure.ts';
import { say } from './language.ts';

export interface Submitted {
  readonly accepted: readonly string[];
  readonly refused: readonly {
    readonly address: string;
    readonly reply: string;
    /** Trying again may help. */
    readonly again: boolean;
    readonly sysexit: number;
  }[];
  /** The id under which our server follows the message; null for a server that is not Merpati. */
  readonly journey: string | null;
}

export function readResults(
  recipients: readonly string[],
  results: readonly RecipientResult[],
): Submitted {
  const accepted: string[] = [];
  const refused: Submitted['refused'][number][] = [];
  let journey: string | null = null;
  for (const [i, result] of results.entries()) {
    const address = recipients[i] ?? '';
    switch (result.kind) {
      case 'accepted': {
        accepted.push(address);
        journey ??= journeyIn(replyText(result.reply));
        break;
      }
      case 'refused': {
        const { reply } = result;
        const sysexit = sysexitOf(reply.code, reply.enhanced);
        refused.push({ address, reply: replyText(reply), again: reply.code < 500, sysexit });
        break;
      }
      case 'unfit': {
        const sysexit = sysexits.unavailable;
        refused.push({ address, reply: `${result.status} ${result.text}`, again: false, sysexit });
        break;
      }
      case 'broken': {
        const sysexit = sysexits.temporary;
        refused.push({ address, reply: result.fault.message, again: true, sysexit });
        break;
      }
      default:
        result satisfies never;
    }
  }
  return { accepted, refused, journey };
}

/** `250 2.0.0 Ok: q7f3kz8m1t` */
export function journeyIn(reply: string): string | null {
  const text = /\bOk:? ([0-9a-z]{10})\b/i.exec(reply)?.[1];
  return text !== undefined && readJourneyId(text) !== null ? text : null;
}

/** sysexits for who was written for sendmail. RFC 3463 §3 for the subjects. */
function sysexitOf(code: number, enhanced: string | null): number {
  if (code < 500) return sysexits.temporary;
  const status = enhanced ?? '';
  if (/^5\.1\.[136]$/.test(status)) return sysexits.noUser;
  if (/^5\.(1\.2|4\.4)$/.test(status)) return sysexits.noHost;
  if (status.startsWith('5.7.') || code === 535 || code === 530) return sysexits.noPermission;
  if (status.startsWith('5.6.') || code === 554) return sysexits.dataError;
  return sysexits.unavailable;
}

/** A session that came to nothing. */
export function asFailure(what: string, error: unknown): unknown {
  if (!(error instanceof SmtpFault)) return error;
  const isLogin = error.phase === 'auth' && error.kind === 'refused';
  return new Failure(`smtp.${error.phase}.${error.kind}`, isLogin ? 'notAllowed' : 'later', {
    what,
    why: error.message,
    ...(isLogin
      ? { next: say('Look at the user and the password.', 'Periksa user dan kata sandinya.') }
      : {}),
  });
}

export function sysexitOfFault(error: unknown): number {
  if (!(error instanceof SmtpFault)) return sysexits.temporary;
  if (error.reply !== null) return sysexitOf(error.reply.code, error.reply.enhanced);
  return error.kind === 'unsupported' ? sysexits.unavailable : sysexits.temporary;
}
