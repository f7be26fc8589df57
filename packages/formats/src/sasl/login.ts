/**
 * SASL LOGIN, never standardised (draft-murchison-sasl-login): the server asks twice, the client
 * answers with user and password. Outlook and many devices know nothing else.
 */

import { readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';

export const loginLimits = { octetsMax: 1024 } as const;

/** What the server asks; clients look at the order, not at the words. */
export const loginPrompts = { user: utf8('Username:'), password: utf8('Password:') } as const;

/** A client's answer to either prompt. Throws SyntaxFault `sasl.login`. */
export function readLoginAnswer(bytes: Uint8Array): string {
  // QUIRK: some devices send a final NUL.
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  const text = end <= loginLimits.octetsMax ? readUtf8(bytes.subarray(0, end)) : null;
  if (text === null || text === '' || text.includes('\0')) {
    throw new SyntaxFault('sasl.login', 'malformed answer to LOGIN');
  }
  return text;
}

/** The client's side: the answers in the order asked. */
export function loginAnswers(user: string, password: string): readonly [Uint8Array, Uint8Array] {
  return [utf8(user), utf8(password)];
}
