/** SASL PLAIN: one message with identity, user and password. RFC 4616 §2. */

import { readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';

export interface PlainMessage {
  /** Whom to act as; '' is the user itself. */
  readonly authzid: string;
  readonly user: string;
  readonly password: string;
}

export const plainLimits = { octetsMax: 4096 } as const;

/** Throws SyntaxFault `sasl.plain`. */
export function readPlain(bytes: Uint8Array): PlainMessage {
  const text = bytes.length <= plainLimits.octetsMax ? readUtf8(bytes) : null;
  const parts = text?.split('\0') ?? [];
  const [authzid = '', user = '', password = ''] = parts;
  if (parts.length !== 3 || user === '' || password === '') {
    throw new SyntaxFault('sasl.plain', 'malformed PLAIN message');
  }
  return { authzid, user, password };
}

/** @example writePlain({ authzid: '', user: 'tim', password: 'x' }) // NUL tim NUL x */
export function writePlain(message: PlainMessage): Uint8Array {
  const parts = [message.authzid, message.user, message.password];
  if (parts.some((part) => part.includes('\0'))) {
    throw new SyntaxFault('sasl.plain', 'NUL in a name or password');
  }
  return utf8(parts.join('\0'));
}
