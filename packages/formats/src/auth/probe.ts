/**
 * What `merpati probe` asks of the checks: from JSON to JSON. The cryptography comes from who asks.
 */

import { utf8 } from '../bytes.ts';
import { decodeContent } from '../message/content-decoder.ts';
import { readHead, type Head } from '../message/head.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { ArcSealer } from './arc-seal.ts';
import { ArcVerifier } from './arc.ts';
import type { AuthCrypto, PrivateKey } from './crypto-seam.ts';
import { DkimSigner } from './dkim-sign.ts';
import { DkimVerifier } from './dkim.ts';
import { authorDomains, checkDmarc } from './dmarc.ts';
import { settleCheck, type DnsAsk, type DnsReply } from './dns-facts.ts';
import { checkSpf } from './spf.ts';

type Json = Readonly<Record<string, unknown>>;
type Ask = (question: DnsAsk) => Promise<DnsReply>;

export interface AuthProbe {
  readonly ask: Ask;
  readonly crypto: AuthCrypto;
  readonly readPrivateKey: (text: string) => PrivateKey;
  readonly nowSeconds: number;
}

function textOf(input: Json, name: string, otherwise?: string): string {
  const value = input[name] ?? otherwise;
  if (typeof value !== 'string') throw new SyntaxFault('probe.input', `${name} must be text`);
  return value;
}

function numberOf(input: Json, name: string, otherwise: number): number {
  const value = input[name] ?? otherwise;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new SyntaxFault('probe.input', `${name} must be a number`);
  }
  return value;
}

/** A list, or its items between colons. */
function namesOf(input: Json, name: string): readonly string[] | null {
  const value = input[name] ?? null;
  if (value === null) return null;
  const list: unknown = typeof value === 'string' ? value.split(':') : value;
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw new SyntaxFault('probe.input', `${name} must be a list of names`);
  }
  return list.map((item) => item.trim());
}

interface Parts {
  readonly head: Head;
  readonly body: Uint8Array;
}

/** Files of people and suites have lines that end in LF alone; the net has none. RFC 6376 §5.3. */
function messageOf(input: Json): Parts {
  const faults: never[] = [];
  const text = textOf(input, 'message');
  const octets = withCrlf(decodeContent(utf8(text), 'base64', faults));
  if (faults.length > 0) throw new SyntaxFault('probe.input', 'message must be base64');
  const head = readHead(octets);
  return { head, body: octets.subarray(head.length) };
}

function withCrlf(octets: Uint8Array): Uint8Array {
  const lf = 10;
  const cr = 13;
  let bare = 0;
  for (let at = 0; at < octets.length; at += 1) {
    if (octets[at] === lf && octets[at - 1] !== cr) bare += 1;
  }
  if (bare === 0) return octets;
  const out = new Uint8Array(octets.length + bare);
  let length = 0;
  for (let at = 0; at < octets.length; at += 1) {
    if (octets[at] === lf && octets[at - 1] !== cr) out[length++] = cr;
    out[length++] = octets[at]!;
  }
  return out;
}

/** `{ ip, helo, mailfrom, receiver }` */
export async function probeSpf(input: Json, { ask }: Pick<AuthProbe, 'ask'>): Promise<object> {
  const question = {
    ip: textOf(input, 'ip'),
    helo: textOf(input, 'helo', ''),
    mailFrom: textOf(input, 'mailfrom', ''),
    receiver: textOf(input, 'receiver', ''),
  };
  const found = await settleCheck(checkSpf(question), ask);
  const { result, explanation, mechanism, lookups, reason, steps } = found;
  const tried = steps.map(
    ({ domain, term, isMatch }) => `${domain}: ${term} ${isMatch ? 'matches' : 'does not match'}`,
  );
  const reasons = reason === null ? tried : [...tried, reason];
  return { result, explanation, mechanism, lookups, reasons };
}

/** `{ message, now?, policy?: { allowLegacy } }` */
export async function probeDkimVerify(input: Json, probe: AuthProbe): Promise<object> {
  const { head, body } = messageOf(input);
  const policy = (input['policy'] ?? {}) as Json;
  const verifier = new DkimVerifier(head, probe.crypto, {
    nowSeconds: numberOf(input, 'now', probe.nowSeconds),
    allowLegacy: policy['allowLegacy'] === true,
  });
  verifier.write(body);
  return { signatures: await settleCheck(verifier.finish(), probe.ask) };
}

/** `{ message, domain, selector, privateKey, headers?, timestamp? }` */
export function probeDkimSign(input: Json, probe: AuthProbe): object {
  const { head, body } = messageOf(input);
  const signer = new DkimSigner(head, probe.crypto);
  signer.write(body);
  const headers = namesOf(input, 'headers');
  const signature = signer.sign({
    domain: textOf(input, 'domain'),
    selector: textOf(input, 'selector'),
    key: probe.readPrivateKey(textOf(input, 'privateKey')),
    timestamp: numberOf(input, 'timestamp', probe.nowSeconds),
    ...(headers === null ? {} : { headers }),
  });
  return { signature };
}

interface Vouched {
  readonly result: string;
  readonly domain: string;
}

function vouchedOf(value: unknown, name: string): Vouched {
  const { result, domain } = (value ?? {}) as Json;
  if (typeof result !== 'string' || typeof domain !== 'string') {
    throw new SyntaxFault('probe.input', `${name} must have a result and a domain`);
  }
  return { result, domain };
}

/** `{ from, spf: { result, domain }, dkim: [{ result, domain }] }` */
export async function probeDmarc(input: Json, { ask }: Pick<AuthProbe, 'ask'>): Promise<object> {
  const dkim: unknown = input['dkim'] ?? [];
  if (!Array.isArray(dkim)) throw new SyntaxFault('probe.input', 'dkim must be a list');
  const spf = input['spf'] ?? null;
  const question = {
    domains: authorDomains(textOf(input, 'from')),
    spf: spf === null ? null : vouchedOf(spf, 'spf'),
    dkim: dkim.map((each) => vouchedOf(each, 'dkim')),
  };
  const { result, policy, disposition, alignment, record, recordDomain, reasons } =
    await settleCheck(checkDmarc(question), ask);
  const text = record?.text ?? null;
  return { result, policy, disposition, alignment, record: text, recordDomain, reasons };
}

/** `{ message }` */
export async function probeArcVerify(input: Json, probe: AuthProbe): Promise<object> {
  const { head, body } = messageOf(input);
  const verifier = new ArcVerifier(head, probe.crypto);
  verifier.write(body);
  const { chain, instances, sealer, reason } = await settleCheck(verifier.finish(), probe.ask);
  return { cv: chain, instances, sealer, reason };
}

/** `{ message, privateKey, domain, selector, headers, authservId, timestamp }` */
export function probeArcSeal(input: Json, probe: AuthProbe): object {
  const { head, body } = messageOf(input);
  const sealer = new ArcSealer(head, probe.crypto);
  sealer.write(body);
  const headers = namesOf(input, 'headers');
  const values = sealer.seal({
    authservId: textOf(input, 'authservId'),
    domain: textOf(input, 'domain'),
    selector: textOf(input, 'selector'),
    key: probe.readPrivateKey(textOf(input, 'privateKey')),
    timestamp: numberOf(input, 'timestamp', probe.nowSeconds),
    ...(headers === null ? {} : { headers }),
  });
  return { AAR: values?.results ?? '', AMS: values?.message ?? '', AS: values?.seal ?? '' };
}
