/** Why an IMAP conversation failed, and whether trying again makes sense. RFC 5530 §3. */

import type { ReceivedCode } from '@merpati/formats/imap/response-status.ts';
import type { StatusResponse } from '@merpati/formats/imap/response.ts';

export type ImapFaultCode =
  /** No connection: refused, unreachable, name unknown. */
  | 'connect'
  /** The handshake failed or the certificate is not to be trusted. */
  | 'tls'
  | 'timeout'
  /** The server closed in the middle, perhaps with a BYE that says why. */
  | 'closed'
  /** The server broke the protocol. */
  | 'protocol'
  /** Wrong name or password. */
  | 'auth'
  /** The server cannot now: INUSE, UNAVAILABLE, LIMIT. */
  | 'temporary'
  | 'over-quota'
  /** No such mailbox or message. */
  | 'nonexistent'
  | 'exists'
  | 'denied'
  /** NO for another reason. */
  | 'refused'
  /** BAD: the server did not understand us. */
  | 'bad'
  /** The server cannot do what is needed. */
  | 'unsupported'
  /** The password would travel in the clear. */
  | 'insecure'
  | 'aborted';

const later: ReadonlySet<ImapFaultCode> = new Set([
  'connect',
  'timeout',
  'closed',
  'temporary',
  'aborted',
]);

export class ImapFault extends Error {
  override readonly name = 'ImapFault';
  readonly code: ImapFaultCode;
  readonly again: 'later' | 'never';
  /** What the server said in brackets, if it did. */
  readonly responseCode: ReceivedCode | null;

  constructor(
    code: ImapFaultCode,
    message: string,
    about: { readonly cause?: unknown; readonly responseCode?: ReceivedCode | null } = {},
  ) {
    super(message, about.cause === undefined ? {} : { cause: about.cause });
    this.code = code;
    this.again = later.has(code) ? 'later' : 'never';
    this.responseCode = about.responseCode ?? null;
  }
}

/** The fault that NO, BAD or BYE stands for; `during` names the command for the sentence. */
export function faultOf(said: StatusResponse, during: string): ImapFault {
  const { condition, code, text } = said;
  const bracket = code === null ? '' : `[${code.code === 'OTHER' ? code.name : code.code}] `;
  const message = `${during}: the server said ${condition} ${bracket}${text}`.trimEnd();
  return new ImapFault(codeOf(said), message, { responseCode: code });
}

const codes: ReadonlyMap<string, ImapFaultCode> = new Map([
  ['AUTHENTICATIONFAILED', 'auth'],
  ['EXPIRED', 'auth'],
  ['PRIVACYREQUIRED', 'insecure'],
  ['AUTHORIZATIONFAILED', 'denied'],
  ['NOPERM', 'denied'],
  ['UNAVAILABLE', 'temporary'],
  ['INUSE', 'temporary'],
  ['LIMIT', 'temporary'],
  ['SERVERBUG', 'temporary'],
  ['OVERQUOTA', 'over-quota'],
  ['NONEXISTENT', 'nonexistent'],
  ['TRYCREATE', 'nonexistent'],
  ['ALREADYEXISTS', 'exists'],
]);

function codeOf({ condition, code }: StatusResponse): ImapFaultCode {
  if (condition === 'BAD') return 'bad';
  if (condition === 'BYE') return 'closed';
  return codes.get(code?.code ?? '') ?? 'refused';
}
