/**
 * DNS messages signed with a secret that both sides know. RFC 8945: the record §4.2, what is signed
 * §4.3, checking an answer §5.3, §5.4. The hash itself is the caller's.
 */

import { concat } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { sameName, readName } from './name.ts';
import { DnsWriter } from './writer.ts';

/** Names of the algorithms (§6), by the words of `openssl` and Node. */
export const tsigAlgorithms = {
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
} as const;
export type TsigAlgorithm = keyof typeof tsigAlgorithms;

export interface TsigKey {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  /** HMAC with the secret, by that algorithm. */
  mac(octets: Uint8Array): Uint8Array;
}

const tsigType = 250;
const classAny = 255;
/** Clocks may be apart by so much. §10. */
const fudgeSeconds = 300;

export interface SignedMessage {
  readonly octets: Uint8Array;
  /** The answer is signed over it too. */
  readonly mac: Uint8Array;
}

/** The message with its TSIG record at the end; `nowSeconds` since 1970. */
export function signMessage(message: Uint8Array, key: TsigKey, nowSeconds: number): SignedMessage {
  const variables = { nowSeconds, fudgeSeconds, error: 0, other: new Uint8Array(0) };
  const mac = key.mac(concat([message, writeVariables(key, variables)]));
  const record = new DnsWriter();
  record.wholeName(key.name.toLowerCase());
  record.u16(tsigType);
  record.u16(classAny);
  record.u32(0);
  const data = new DnsWriter();
  data.wholeName(key.algorithm);
  writeTime(data, nowSeconds);
  data.u16(fudgeSeconds);
  data.u16(mac.length);
  data.octets(mac);
  data.octets(message.subarray(0, 2));
  data.u16(0);
  data.u16(0);
  record.u16(data.length);
  record.octets(data.bytes());
  const octets = concat([message, record.bytes()]);
  bumpAdditionals(octets, 1);
  return { octets, mac };
}

/** What is wrong with the signature of an answer; null: nothing. §5.3, §5.4. */
export type TsigTrouble = 'unsigned' | 'key' | 'signature' | 'time' | 'error';

/** Throws `SyntaxFault` for octets that are no DNS message. */
export function checkSigned(
  answer: Uint8Array,
  key: TsigKey,
  about: { readonly requestMac: Uint8Array; readonly nowSeconds: number },
): TsigTrouble | null {
  const found = findTsig(answer);
  if (found === null) return 'unsigned';
  const { start, name, algorithm, seconds, fudge, mac, id, error, other } = found;
  if (!sameName(name, key.name) || !sameName(algorithm, key.algorithm)) return 'key';
  const bare = answer.slice(0, start);
  bare.set(id, 0);
  bumpAdditionals(bare, -1);
  const variables = { nowSeconds: seconds, fudgeSeconds: fudge, error, other };
  const before = Uint8Array.of(about.requestMac.length >> 8, about.requestMac.length & 255);
  const signed = concat([before, about.requestMac, bare, writeVariables(key, variables)]);
  // §5.2.3: an answer to a wrong key or signature is not signed itself.
  if (mac.length === 0 && error !== 0) return 'error';
  if (!isSame(key.mac(signed), mac)) return 'signature';
  if (error !== 0) return 'error';
  return Math.abs(about.nowSeconds - seconds) > fudge ? 'time' : null;
}

interface Variables {
  readonly nowSeconds: number;
  readonly fudgeSeconds: number;
  readonly error: number;
  readonly other: Uint8Array;
}

/** §4.3.3. */
function writeVariables(key: TsigKey, variables: Variables): Uint8Array {
  const writer = new DnsWriter();
  writer.wholeName(key.name.toLowerCase());
  writer.u16(classAny);
  writer.u32(0);
  writer.wholeName(key.algorithm);
  writeTime(writer, variables.nowSeconds);
  writer.u16(variables.fudgeSeconds);
  writer.u16(variables.error);
  writer.u16(variables.other.length);
  writer.octets(variables.other);
  return writer.bytes();
}

/** 48 bits. */
function writeTime(writer: DnsWriter, seconds: number): void {
  writer.u16(Math.floor(seconds / 2 ** 32));
  writer.u32(seconds % 2 ** 32);
}

function bumpAdditionals(octets: Uint8Array, by: 1 | -1): void {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  view.setUint16(10, view.getUint16(10) + by);
}

interface FoundTsig {
  /** Where the record begins. */
  readonly start: number;
  readonly name: string;
  readonly algorithm: string;
  readonly seconds: number;
  readonly fudge: number;
  readonly mac: Uint8Array;
  /** The original one. */
  readonly id: Uint8Array;
  readonly error: number;
  readonly other: Uint8Array;
}

/** It is the very last record. §5.2. */
function findTsig(octets: Uint8Array): FoundTsig | null {
  if (octets.length < 12) throw new SyntaxFault('dns.truncated', 'shorter than a DNS header');
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const [questions = 0, ...records] = [4, 6, 8, 10].map((at) => view.getUint16(at));
  let at = 12;
  for (let i = 0; i < questions; i += 1) at = readName(octets, at).next + 4;
  const count = records.reduce((sum, one) => sum + one, 0);
  if (count === 0 || view.getUint16(10) === 0) return null;
  for (let i = 1; i < count; i += 1) {
    const { next } = readName(octets, at);
    at = next + 10 + number16(view, next + 8);
  }
  const start = at;
  const { name, next } = readName(octets, at);
  if (number16(view, next) !== tsigType) return null;
  // §4.2: the class is ANY, there is no life.
  const isPlain = number16(view, next + 2) === classAny && number16(view, next + 4) === 0;
  if (!isPlain || number16(view, next + 6) !== 0) return null;
  return { start, name, ...readData(octets, view, next + 10) };
}

function readData(octets: Uint8Array, view: DataView, at: number) {
  const { name: algorithm, next } = readName(octets, at);
  const macAt = next + 10;
  const macEnd = macAt + number16(view, next + 8);
  const otherAt = macEnd + 6;
  const otherEnd = otherAt + number16(view, macEnd + 4);
  if (otherEnd !== at + number16(view, at - 2) || otherEnd > octets.length)
    throw new SyntaxFault('dns.truncated', 'TSIG ends too early');
  return {
    algorithm,
    seconds: number16(view, next) * 2 ** 32 + view.getUint32(next + 2),
    fudge: view.getUint16(next + 6),
    mac: octets.slice(macAt, macEnd),
    id: octets.slice(macEnd, macEnd + 2),
    error: view.getUint16(macEnd + 2),
    other: octets.slice(otherAt, otherEnd),
  };
}

function number16(view: DataView, at: number): number {
  if (at + 2 > view.byteLength) throw new SyntaxFault('dns.truncated', 'TSIG ends too early');
  return view.getUint16(at);
}

/** In the same time wherever they differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i += 1) difference |= (one[i] ?? 0) ^ (other[i] ?? 0);
  return difference === 0;
}
