/**
 * Response codes: the words in brackets that programs read. RFC 9051 §7.1; RFC 3501 §7.1; RFC 3516
 * §4.3; RFC 4315 §3; RFC 4469 §4; RFC 4978 §3; RFC 5182 §2.3; RFC 5267 §4.3; RFC 5464 §4.2; RFC
 * 5465 §5; RFC 5530 §3; RFC 6154 §3; RFC 7162 §3.1.2; RFC 8474 §4.1; RFC 9208 §4.3; RFC 9585 §3;
 * RFC 9586 §3.
 */

import { quoted } from './response-writer.ts';
import { type SequenceSet, writeSequenceSet } from './sequence-set.ts';

/** Codes that are a word alone. */
export const bareCodes = [
  'ALERT',
  'ALREADYEXISTS',
  'AUTHENTICATIONFAILED',
  'AUTHORIZATIONFAILED',
  'CANNOT',
  'CLIENTBUG',
  'CLOSED',
  'COMPRESSIONACTIVE',
  'CONTACTADMIN',
  'CORRUPTION',
  'EXPIRED',
  'EXPUNGEISSUED',
  'HASCHILDREN',
  'INUSE',
  'LIMIT',
  'NOMODSEQ',
  'NONEXISTENT',
  'NOPERM',
  'NOTIFICATIONOVERFLOW',
  'NOTSAVED',
  'OVERQUOTA',
  'PARSE',
  'PRIVACYREQUIRED',
  'READ-ONLY',
  'READ-WRITE',
  'SERVERBUG',
  'TOOBIG',
  'TRYCREATE',
  'UIDNOTSTICKY',
  'UIDREQUIRED',
  'UNAVAILABLE',
  'UNKNOWN-CTE',
  'USEATTR',
] as const;

export type BareCode = (typeof bareCodes)[number];

export type ResponseCode =
  | { readonly code: BareCode }
  | { readonly code: 'CAPABILITY'; readonly capabilities: readonly string[] }
  /** With their backslashes; `\*`: new keywords can be made. */
  | { readonly code: 'PERMANENTFLAGS'; readonly flags: readonly string[] }
  | {
      readonly code: 'HIGHESTMODSEQ' | 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN';
      readonly number: number;
    }
  | { readonly code: 'MODIFIED'; readonly set: SequenceSet }
  | { readonly code: 'APPENDUID'; readonly uidValidity: number; readonly uids: SequenceSet }
  | {
      readonly code: 'COPYUID';
      readonly uidValidity: number;
      /** As many as `to`, and in the same order. */
      readonly from: SequenceSet;
      readonly to: SequenceSet;
    }
  /** Empty: none is named. */
  | { readonly code: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly code: 'BADURL'; readonly url: string }
  | { readonly code: 'BADEVENT'; readonly events: readonly string[] }
  | { readonly code: 'NOUPDATE'; readonly tag: string }
  | { readonly code: 'MAILBOXID'; readonly id: string }
  /** `number` with LONGENTRIES and MAXSIZE. */
  | { readonly code: 'METADATA'; readonly what: 'LONGENTRIES' | 'MAXSIZE'; readonly number: number }
  | { readonly code: 'METADATA'; readonly what: 'NOPRIVATE' | 'TOOMANY' }
  | {
      readonly code: 'INPROGRESS';
      readonly tag: string;
      readonly done: number | null;
      readonly goal: number | null;
    };

/**
 * The code without its brackets; US-ASCII.
 *
 * @example writeResponseCode({ code: 'UIDNEXT', number: 7 }) // 'UIDNEXT 7'
 */
export function writeResponseCode(code: ResponseCode): string {
  if (isBare(code)) return code.code;
  switch (code.code) {
    case 'CAPABILITY':
      return `CAPABILITY ${code.capabilities.join(' ')}`;
    case 'PERMANENTFLAGS':
      return `PERMANENTFLAGS (${code.flags.join(' ')})`;
    case 'HIGHESTMODSEQ':
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
      return `${code.code} ${code.number}`;
    case 'MODIFIED':
      return `MODIFIED ${writeSequenceSet(code.set)}`;
    case 'APPENDUID':
      return `APPENDUID ${code.uidValidity} ${writeSequenceSet(code.uids)}`;
    case 'COPYUID':
      return ['COPYUID', code.uidValidity, ...[code.from, code.to].map(writeSequenceSet)].join(' ');
    case 'BADCHARSET':
      return code.charsets.length === 0 ? 'BADCHARSET' : `BADCHARSET (${code.charsets.join(' ')})`;
    case 'BADURL':
      // url-resp-text ends at the bracket. RFC 4469 §5.
      return `BADURL ${code.url.replaceAll(/[^ -[^-~]/g, '?')}`;
    case 'BADEVENT':
      return `BADEVENT (${code.events.join(' ')})`;
    case 'NOUPDATE':
      return `NOUPDATE ${quoted(code.tag)}`;
    case 'MAILBOXID':
      return `MAILBOXID (${code.id})`;
    case 'METADATA':
      return 'number' in code ? `METADATA ${code.what} ${code.number}` : `METADATA ${code.what}`;
    case 'INPROGRESS':
      return `INPROGRESS (${quoted(code.tag)} ${code.done ?? 'NIL'} ${code.goal ?? 'NIL'})`;
  }
  return code satisfies never;
}

const bareSet: ReadonlySet<string> = new Set(bareCodes);

function isBare(code: ResponseCode): code is { readonly code: BareCode } {
  return bareSet.has(code.code);
}

/** OK, NO, BAD, BYE and PREAUTH. RFC 9051 §7.1. */
export type Condition = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

/**
 * A status response with its CRLF. The tag `*` makes it untagged. `text` is for people, one line of
 * US-ASCII or, for clients that have said so, UTF-8; it may not be empty (RFC 9051 §9, resp-text).
 *
 * @example writeStatus('a1', 'NO', { code: 'TOOBIG' }, 'Large') // 'a1 NO [TOOBIG] Large\r\n'
 */
export function writeStatus(
  tag: string,
  condition: Condition,
  code: ResponseCode | null,
  text: string,
): string {
  const words = text.replaceAll(/[\0\r\n]+/g, ' ');
  const bracket = code === null ? '' : `[${writeResponseCode(code)}] `;
  return `${tag} ${condition} ${bracket}${words === '' ? '-' : words}\r\n`;
}
