/** Why a POP3 conversation failed, and whether trying again makes sense. */

import type { Pop3Reply } from '@merpati/formats/pop3/reply.ts';

export type Pop3FaultCode =
  /** No connection: refused, unreachable, name unknown. */
  | 'connect'
  /** The handshake failed or the certificate is not to be trusted. */
  | 'tls'
  | 'timeout'
  /** The server closed in the middle. */
  | 'closed'
  /** The server broke the protocol. */
  | 'protocol'
  /** Wrong name or password. RFC 3206 §4. */
  | 'auth'
  /** Another session has the maildrop. RFC 2449 §8.1.2. */
  | 'in-use'
  /** RFC 2449 §8.1.1. */
  | 'login-delay'
  /** RFC 3206 §5. */
  | 'temporary'
  | 'permanent'
  /** The server said -ERR and not why. */
  | 'refused'
  /** The server cannot do what is needed. */
  | 'unsupported'
  /** The password would travel in the clear. */
  | 'insecure'
  | 'aborted';

const later: ReadonlySet<Pop3FaultCode> = new Set([
  'connect',
  'timeout',
  'closed',
  'in-use',
  'login-delay',
  'temporary',
  'aborted',
]);

export class Pop3Fault extends Error {
  override readonly name = 'Pop3Fault';
  readonly code: Pop3FaultCode;
  readonly again: 'later' | 'never';

  constructor(code: Pop3FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.again = later.has(code) ? 'later' : 'never';
  }
}

/** The fault that a -ERR stands for; `during` names the command for the sentence. */
export function faultOf(reply: Pop3Reply, during: string): Pop3Fault {
  if (reply.kind === 'continue') return new Pop3Fault('protocol', `${during}: a challenge`);
  const said = reply.code === null ? reply.text : `[${reply.code}] ${reply.text}`;
  return new Pop3Fault(codeOf(reply.code), `${during}: the server said -ERR ${said}`.trimEnd());
}

/** Details behind a `/` that we do not know are ignored. RFC 2449 §8. */
function codeOf(code: string | null): Pop3FaultCode {
  if (code === null) return 'refused';
  const [first, second] = code.split('/');
  if (first === 'IN-USE') return 'in-use';
  if (first === 'LOGIN-DELAY') return 'login-delay';
  if (first === 'AUTH') return 'auth';
  if (first !== 'SYS') return 'refused';
  return second === 'PERM' ? 'permanent' : 'temporary';
}

/** Why a folder cannot be fetched into. */
export class FetchFault extends Error {
  override readonly name = 'FetchFault';
  /** `folder-busy`: another fetch is at it now. */
  readonly code: 'folder-busy' | 'state-damaged';

  constructor(code: 'folder-busy' | 'state-damaged', message: string) {
    super(message);
    this.code = code;
  }
}
