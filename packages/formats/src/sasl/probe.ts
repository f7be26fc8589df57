/** The operations `saslprep` and `scram-server` of `merpati probe`: SASL driven from outside. */

import { decodeBase64, encodeBase64, utf8, readUtf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { saslprep } from './saslprep.ts';
import { createScramServer, makeScramVerifier } from './scram.ts';
import type { ScramCrypto } from './scram.ts';

/** `stored` strings must not have unassigned code points; null means refused. */
export function probeSaslprep(input: { readonly value: string; readonly stored: boolean }): {
  value: string | null;
} {
  return { value: saslprep(input.value, { stored: input.stored }) };
}

export interface ScramProbe {
  readonly mech: string;
  readonly user: string;
  readonly password: string;
  /** base64. */
  readonly salt: string;
  readonly iterations: number;
  readonly serverNonce: string;
  /** SCRAM messages, as text or in base64; answers come in the same form. */
  readonly clientFirst: string;
  readonly clientFinal: string;
  /** For -PLUS, base64: what the channel gives, of whatever type the client names. */
  readonly channelBinding?: string;
}

export interface ScramProbed {
  readonly ok: boolean;
  readonly serverFirst: string;
  readonly serverFinal: string;
}

/** The server's side of one login. A client's mistake is a failed login, as a server has it. */
export async function probeScramServer(
  crypto: ScramCrypto,
  input: ScramProbe,
): Promise<ScramProbed> {
  const { mech } = input;
  if (mech !== 'SCRAM-SHA-256' && mech !== 'SCRAM-SHA-256-PLUS') {
    throw new SyntaxFault('sasl.scram', 'the mechanisms are SCRAM-SHA-256 and SCRAM-SHA-256-PLUS');
  }
  const salt = bytesOf(input.salt);
  const bound = input.channelBinding === undefined ? null : bytesOf(input.channelBinding);
  const verifier = await makeScramVerifier(crypto, input.password, salt, input.iterations);
  if (verifier === null) throw new SyntaxFault('sasl.scram', 'SASLprep refuses the password');
  const server = createScramServer({
    crypto,
    mechanism: mech,
    nonce: input.serverNonce,
    channelBinding: () => bound,
    plusOffered: mech.endsWith('-PLUS') || bound !== null,
  });
  const first = readMessage(input.clientFirst);
  const write = (message: Uint8Array): string =>
    first.isText ? (readUtf8(message) ?? '') : encodeBase64(message);
  let serverFirst = '';
  try {
    const { user } = server.first(first.bytes);
    serverFirst = write(server.challenge(verifier));
    const final = await server.final(readMessage(input.clientFinal).bytes);
    const isUser = saslprep(user, { stored: false }) === saslprep(input.user, { stored: false });
    const message = isUser || !final.ok ? final.message : utf8('e=unknown-user');
    return { ok: final.ok && isUser, serverFirst, serverFinal: write(message) };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const word = error.code.replace('sasl.scram.', '');
    return { ok: false, serverFirst, serverFinal: write(utf8(`e=${word}`)) };
  }
}

/**
 * Every SCRAM message has a comma or an equals sign within; base64 has no comma, and `=` only at
 * its end.
 */
function readMessage(text: string): { isText: boolean; bytes: Uint8Array } {
  if (/,|=./.test(text.replace(/=+$/, ''))) return { isText: true, bytes: utf8(text) };
  // What is neither goes to the reader as it is: it says so in words of its own.
  const bytes = decodeBase64(text);
  return bytes === null ? { isText: true, bytes: utf8(text) } : { isText: false, bytes };
}

function bytesOf(base64: string): Uint8Array {
  const bytes = decodeBase64(base64);
  if (bytes === null) throw new SyntaxFault('probe.base64', 'not base64');
  return bytes;
}
