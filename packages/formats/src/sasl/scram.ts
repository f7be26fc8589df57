/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, server and client. RFC 5802 (the mechanism), RFC 7677
 * (SHA-256); the -PLUS form binds the login to the TLS channel (RFC 5802 §6). Hash functions are
 * passed in.
 */

import { concat, decodeBase64, encodeBase64, equalBytes, readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { saslprep } from './saslprep.ts';

type Awaitable<T> = T | Promise<T>;

/** SHA-256 in three shapes, from whatever the runtime has. */
export interface ScramCrypto {
  hmac(key: Uint8Array, data: Uint8Array): Awaitable<Uint8Array>;
  hash(data: Uint8Array): Awaitable<Uint8Array>;
  /** 32 octets. */
  pbkdf2(password: Uint8Array, salt: Uint8Array, iterations: number): Awaitable<Uint8Array>;
}

/** What a server keeps instead of the password; base64 fields. RFC 5802 §3. */
export interface ScramVerifier {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';

export interface ChannelBinding {
  /** `tls-exporter` (RFC 9266), `tls-server-end-point` (RFC 5929 §4). */
  readonly type: string;
  readonly data: Uint8Array;
}

export const scramLimits = {
  messageOctetsMax: 4096,
  /** RFC 7677 §4. */
  iterationsMin: 4096,
  /** A client computes what a server demands: about a second on a slow machine. */
  iterationsMax: 2_000_000,
} as const;

const plus = 'SCRAM-SHA-256-PLUS';

/** Makes the verifier of a password. Null when SASLprep does not allow the password. */
export async function makeScramVerifier(
  crypto: ScramCrypto,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramVerifier | null> {
  const prepared = saslprep(password, { stored: true });
  if (prepared === null || prepared === '') return null;
  const salted = await crypto.pbkdf2(utf8(prepared), salt, iterations);
  const storedKey = await crypto.hash(await crypto.hmac(salted, utf8('Client Key')));
  const serverKey = await crypto.hmac(salted, utf8('Server Key'));
  return {
    salt: encodeBase64(salt),
    iterations,
    storedKey: encodeBase64(storedKey),
    serverKey: encodeBase64(serverKey),
  };
}

// ---------------------------------------------------------------- server

export interface ScramServerOptions {
  readonly crypto: ScramCrypto;
  readonly mechanism: ScramMechanism;
  /** Printable ASCII without comma, at least 18 octets of chance. */
  readonly nonce: string;
  /** By type; null when this channel has no such binding. */
  readonly channelBinding: (type: string) => Uint8Array | null;
  /** The -PLUS mechanism was on offer: a client that says `y` was lied to on the way (§6). */
  readonly plusOffered: boolean;
}

export type ScramServerFinal =
  | { readonly ok: true; readonly message: Uint8Array }
  /** `message` is `e=…`, which a protocol may send or not. */
  | { readonly ok: false; readonly error: ScramError; readonly message: Uint8Array };

/** RFC 5802 §7, server-error-value: those that occur here. */
export type ScramError =
  | 'invalid-encoding'
  | 'extensions-not-supported'
  | 'invalid-proof'
  | 'channel-bindings-dont-match'
  | 'server-does-support-channel-binding'
  | 'channel-binding-not-supported'
  | 'unknown-user'
  | 'invalid-username-encoding'
  | 'other-error';

export interface ScramServer {
  /** client-first-message. Throws SyntaxFault `sasl.scram.` and a `ScramError`, as `final` does. */
  first(message: Uint8Array): { user: string; authzid: string };
  /** server-first-message, for this user's verifier or an invented one. */
  challenge(verifier: ScramVerifier): Uint8Array;
  /** client-final-message to server-final-message. Throws SyntaxFault. */
  final(message: Uint8Array): Promise<ScramServerFinal>;
}

/** One exchange: `first`, `challenge`, `final`, each once and in this order. */
export function createScramServer(options: ScramServerOptions): ScramServer {
  let client: ClientFirst | null = null;
  let verifier: ScramVerifier | null = null;
  let serverFirst = '';

  function expectedBinding(first: ClientFirst): Uint8Array | null {
    const header = utf8(first.gs2Header);
    if (first.bindingType === null) return header;
    const data = options.channelBinding(first.bindingType);
    return data === null ? null : concat([header, data]);
  }

  return {
    first(message) {
      client = readClientFirst(message);
      const isPlus = options.mechanism === plus;
      if (client.flag === 'p' && !isPlus) {
        throw clientFault('channel-binding-not-supported', 'a channel binding without -PLUS');
      }
      if (client.flag === 'y' && options.plusOffered) {
        throw clientFault('server-does-support-channel-binding', 'the offer of -PLUS was cut out');
      }
      if (client.flag !== 'p' && isPlus) {
        throw clientFault('channel-bindings-dont-match', '-PLUS without a channel binding');
      }
      return { user: client.user, authzid: client.authzid };
    },
    challenge(known) {
      if (client === null) throw new Error('challenge before first');
      verifier = known;
      const nonce = client.nonce + options.nonce;
      serverFirst = `r=${nonce},s=${known.salt},i=${known.iterations}`;
      return utf8(serverFirst);
    },
    async final(message) {
      if (client === null || verifier === null) throw new Error('final before challenge');
      const given = readClientFinal(message);
      if (given.nonce !== client.nonce + options.nonce) {
        throw clientFault('other-error', 'the nonce is another one');
      }
      const binding = expectedBinding(client);
      const isBound = binding !== null && equalBytes(binding, given.binding);
      const auth = utf8(`${client.bare},${serverFirst},${given.withoutProof}`);
      const storedKey = readKey(verifier.storedKey);
      const signature = await options.crypto.hmac(storedKey, auth);
      const hashed = await options.crypto.hash(xor(signature, given.proof));
      const isProven = equalInConstantTime(hashed, storedKey);
      if (!isBound) return refuse('channel-bindings-dont-match');
      if (!isProven) return refuse('invalid-proof');
      const proof = await options.crypto.hmac(readKey(verifier.serverKey), auth);
      return { ok: true, message: utf8(`v=${encodeBase64(proof)}`) };
    },
  };
}

function refuse(error: ScramError): ScramServerFinal {
  return { ok: false, error, message: utf8(`e=${error}`) };
}

interface ClientFirst {
  readonly gs2Header: string;
  readonly flag: 'n' | 'y' | 'p';
  readonly bindingType: string | null;
  readonly authzid: string;
  readonly user: string;
  readonly nonce: string;
  readonly bare: string;
}

/** RFC 5802 §7: gs2-header client-first-message-bare. */
function readClientFirst(message: Uint8Array): ClientFirst {
  const text = readMessage(message);
  const match =
    /^((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,)(n=([^,]+),r=([!-+\--~]+)(?:,.*)?)$/su.exec(text);
  if (match === null) {
    const isExtended = /^(?:n|y|p=[^,]*),[^,]*,m=/.test(text);
    const error = isExtended ? 'extensions-not-supported' : 'other-error';
    throw clientFault(error, 'malformed client-first-message');
  }
  const [, gs2Header = '', flag = 'n', bindingType, authzid, bare = '', user = '', nonce = ''] =
    match;
  return {
    gs2Header,
    flag: flag === 'n' || flag === 'y' ? flag : 'p',
    bindingType: bindingType ?? null,
    authzid: authzid === undefined ? '' : readSaslName(authzid),
    user: readSaslName(user),
    nonce,
    bare,
  };
}

interface ClientFinal {
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly withoutProof: string;
  readonly proof: Uint8Array;
}

function readClientFinal(message: Uint8Array): ClientFinal {
  const text = readMessage(message);
  const match = /^(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/su.exec(text);
  const binding = decodeBase64(match?.[2] ?? '');
  const proof = decodeBase64(match?.[4] ?? '');
  if (match === null || binding === null || proof === null || proof.length !== 32) {
    throw clientFault('other-error', 'malformed client-final-message');
  }
  return { binding, nonce: match[3] ?? '', withoutProof: match[1] ?? '', proof };
}

// ---------------------------------------------------------------- client

export interface ScramClientOptions {
  readonly crypto: ScramCrypto;
  readonly mechanism: ScramMechanism;
  readonly user: string;
  readonly password: string;
  /** Printable ASCII without comma. */
  readonly nonce: string;
  /** The binding to use with -PLUS. */
  readonly channelBinding: ChannelBinding | null;
}

export interface ScramClient {
  first(): Uint8Array;
  /** Answers server-first-message. Throws SyntaxFault. */
  final(serverFirst: Uint8Array): Promise<Uint8Array>;
  /** Has the server proved that it knows the verifier? Throws SyntaxFault when it sent an error. */
  verify(serverFinal: Uint8Array): boolean;
}

export function createScramClient(options: ScramClientOptions): ScramClient {
  const { crypto, channelBinding } = options;
  const isPlus = options.mechanism === plus;
  if (isPlus && channelBinding === null) throw scramFault('-PLUS needs a channel binding');
  // Bound to a channel that the server does not offer -PLUS for, a client would say `y` (§6);
  // whoever calls without -PLUS and with a binding means just that.
  const flag = channelBinding === null ? 'n' : isPlus ? `p=${channelBinding.type}` : 'y';
  const header = `${flag},,`;
  const bare = `n=${writeSaslName(options.user)},r=${options.nonce}`;
  let serverSignature: Uint8Array | null = null;

  return {
    first: () => utf8(header + bare),
    async final(serverFirst) {
      const text = readMessage(serverFirst);
      const match = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,8})(?:,.*)?$/su.exec(text);
      const salt = decodeBase64(match?.[2] ?? '');
      const iterations = Number(match?.[3]);
      if (match === null || salt === null) throw scramFault('malformed server-first-message');
      const nonce = match[1] ?? '';
      if (!nonce.startsWith(options.nonce) || nonce === options.nonce) {
        throw scramFault('the nonce is not made from ours');
      }
      if (iterations < scramLimits.iterationsMin || iterations > scramLimits.iterationsMax) {
        throw scramFault('the iteration count is out of bounds');
      }
      const password = saslprep(options.password, { stored: false });
      if (password === null) throw scramFault('the password has characters that are not allowed');
      const binding = concat([
        utf8(header),
        isPlus && channelBinding ? channelBinding.data : utf8(''),
      ]);
      const withoutProof = `c=${encodeBase64(binding)},r=${nonce}`;
      const auth = utf8(`${bare},${text},${withoutProof}`);
      const salted = await crypto.pbkdf2(utf8(password), salt, iterations);
      const clientKey = await crypto.hmac(salted, utf8('Client Key'));
      const signature = await crypto.hmac(await crypto.hash(clientKey), auth);
      const serverKey = await crypto.hmac(salted, utf8('Server Key'));
      serverSignature = await crypto.hmac(serverKey, auth);
      return utf8(`${withoutProof},p=${encodeBase64(xor(clientKey, signature))}`);
    },
    verify(serverFinal) {
      const text = readMessage(serverFinal);
      if (text.startsWith('e=')) throw scramFault(`the server says: ${text.slice(2, 80)}`);
      const given = decodeBase64(/^v=([A-Za-z0-9+/=]+)(?:,.*)?$/su.exec(text)?.[1] ?? '');
      return (
        given !== null && serverSignature !== null && equalInConstantTime(given, serverSignature)
      );
    },
  };
}

// ---------------------------------------------------------------- parts of both

function readMessage(message: Uint8Array): string {
  const text = message.length <= scramLimits.messageOctetsMax ? readUtf8(message) : null;
  if (text === null || text.includes('\0')) {
    throw clientFault('invalid-encoding', 'malformed message');
  }
  return text;
}

/** RFC 5802 §5.1: `,` and `=` of a name are written `=2C` and `=3D`, and no other `=` occurs. */
function readSaslName(text: string): string {
  if (/=(?!2C|3D)/.test(text)) {
    throw clientFault('invalid-username-encoding', 'malformed name');
  }
  return text.replace(/=2C/g, ',').replace(/=3D/g, '=');
}

function writeSaslName(name: string): string {
  const prepared = saslprep(name, { stored: false });
  if (prepared === null || prepared === '') throw scramFault('the name is not allowed');
  return prepared.replace(/=/g, '=3D').replace(/,/g, '=2C');
}

function readKey(base64: string): Uint8Array {
  const key = decodeBase64(base64);
  if (key === null) throw new Error('a SCRAM verifier is not base64');
  return key;
}

function xor(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((octet, at) => octet ^ (other[at] ?? 0));
}

/** Looks at every octet, so that the time tells nothing of where the first difference is. */
function equalInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i += 1) difference |= (one[i] ?? 0) ^ (other[i] ?? 0);
  return difference === 0;
}

function scramFault(message: string): SyntaxFault {
  return new SyntaxFault('sasl.scram', message);
}

/** The client's mistake; the end of the code is the word that a server may answer. */
function clientFault(error: ScramError, message: string): SyntaxFault {
  return new SyntaxFault(`sasl.scram.${error}`, message);
}
