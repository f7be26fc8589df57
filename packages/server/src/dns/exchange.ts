/**
 * One question to one server and its answer: UDP first, TCP when the answer was cut or cannot be
 * trusted. RFC 1035 §4.2, RFC 7766 §5; against forged answers RFC 5452 §9: a fresh socket (hence a
 * random port) and a random id for each question, and mixed case in the name.
 */

import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import {
  emptyMessage,
  readDnsMessage,
  rcodes,
  writeDnsMessage,
  type DnsMessage,
} from '@merpati/formats/dns/message.ts';
import { sameName } from '@merpati/formats/dns/name.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { NameServer } from './servers.ts';

export interface Question {
  readonly name: string;
  /** The type's number. */
  readonly type: number;
}

export type Exchanged =
  | { readonly kind: 'message'; readonly message: DnsMessage; readonly octets: number }
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'malformed' };

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Between us and this server nobody can stand who forges. */
  readonly isTrusted: (server: NameServer) => boolean;
}

/** Fits every path without fragments. DNS flag day 2020; RFC 9715 §3. */
const udpOctetsMax = 1232;
/** Wrong answers to one question before it is asked by TCP: somebody is guessing. */
const strangersMax = 16;

export async function exchange(
  server: NameServer,
  question: Question,
  options: ExchangeOptions,
): Promise<Exchanged> {
  const first = await attempt(server, question, { ...options, edns: true });
  if (first.kind !== 'message') return first;
  const { rcode } = first.message;
  // RFC 6891 §6.2.2, §7: a server that does not know EDNS is asked again without.
  const isOld = rcode === rcodes.formErr || rcode === rcodes.notImp || rcode === rcodes.badVers;
  return isOld ? attempt(server, question, { ...options, edns: false }) : first;
}

type Attempt = ExchangeOptions & { readonly edns: boolean };

async function attempt(server: NameServer, question: Question, options: Attempt) {
  const asked = prepare(server, question, options);
  const byUdp = await askByUdp(server, asked, options.timeoutMs);
  if (byUdp.kind === 'answer' && !byUdp.message.truncated) {
    return { kind: 'message', message: byUdp.message, octets: byUdp.octets } as const;
  }
  if (byUdp.kind === 'failed') return byUdp;
  return askByTcp(server, asked, options.timeoutMs);
}

interface Asked {
  readonly id: number;
  /** As sent, in mixed case. */
  readonly question: Question;
  readonly octets: Uint8Array;
}

function prepare(server: NameServer, { name, type }: Question, options: Attempt): Asked {
  const chance = options.randomBytes(2 + name.length);
  const id = ((chance[0] ?? 0) << 8) | (chance[1] ?? 0);
  const mixed = options.isTrusted(server) ? name : mixCase(name, chance.subarray(2));
  const octets = writeDnsMessage({
    ...emptyMessage,
    id,
    recursionDesired: true,
    // RFC 6840 §5.7: we understand AD and want to know it.
    authenticData: true,
    questions: [{ name: mixed, type, class: 1 }],
    edns: options.edns ? { udpOctetsMax, version: 0, dnssecOk: false, options: [] } : null,
  });
  return { id, question: { name: mixed, type }, octets };
}

/** draft-vixie-dnsext-dns0x20: each letter is one more bit that a forger has to guess. */
function mixCase(name: string, chance: Uint8Array): string {
  let mixed = '';
  for (let i = 0; i < name.length; i += 1) {
    const letter = name.charAt(i);
    mixed += ((chance[i] ?? 0) & 1) === 1 ? letter.toUpperCase() : letter;
  }
  return mixed;
}

type Checked =
  | { readonly kind: 'answer'; readonly message: DnsMessage; readonly octets: number }
  /** Not the answer to this question: somebody else's, or forged. */
  | { readonly kind: 'stranger' }
  /** Plausible, but the case came back changed, or the octets are damaged: ask by TCP. */
  | { readonly kind: 'doubtful' };

function checkAnswer(octets: Uint8Array, { id, question }: Asked, by: 'udp' | 'tcp'): Checked {
  if (octets.length < 12 || (((octets[0] ?? 0) << 8) | (octets[1] ?? 0)) !== id) {
    return { kind: 'stranger' };
  }
  let message: DnsMessage;
  try {
    message = readDnsMessage(octets);
  } catch (error) {
    if (error instanceof SyntaxFault) return { kind: 'doubtful' };
    throw error;
  }
  const [echoed, second] = message.questions;
  if (!message.isResponse || message.opcode !== 0 || second !== undefined) {
    return { kind: 'stranger' };
  }
  const answer = { kind: 'answer', message, octets: octets.length } as const;
  if (echoed === undefined) {
    // Old servers answer FORMERR with the header alone.
    return message.rcode === rcodes.formErr ? answer : { kind: 'stranger' };
  }
  if (echoed.type !== question.type || !sameName(echoed.name, question.name)) {
    return { kind: 'stranger' };
  }
  // By TCP nobody can forge from afar, and a server that changes the case is merely odd.
  return by === 'tcp' || echoed.name === question.name ? answer : { kind: 'doubtful' };
}

type ByUdp = Exclude<Checked, { kind: 'stranger' }> | (Exchanged & { kind: 'failed' });

function askByUdp(server: NameServer, asked: Asked, timeoutMs: number): Promise<ByUdp> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    let strangers = 0;
    let isDone = false;
    const finish = (result: ByUdp) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const unheard = () => finish({ kind: 'failed', reason: 'timeout' });
    const timer = setTimeout(unheard, timeoutMs);
    // A connected socket hears this server only, and of its closed port at once.
    socket.on('error', unheard);
    socket.on('message', (octets) => {
      const checked = checkAnswer(octets, asked, 'udp');
      if (checked.kind !== 'stranger') return finish(checked);
      strangers += 1;
      if (strangers >= strangersMax) finish({ kind: 'doubtful' });
    });
    socket.connect(server.port, server.address, () => {
      if (!isDone) socket.send(asked.octets, (error) => error && unheard());
    });
  });
}

function askByTcp(server: NameServer, asked: Asked, timeoutMs: number): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    let received = Buffer.alloc(0);
    const finish = (result: Exchanged) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const unheard = () => finish({ kind: 'failed', reason: 'timeout' });
    const timer = setTimeout(unheard, timeoutMs);
    socket.on('error', unheard);
    socket.on('close', unheard);
    socket.on('connect', () => {
      const length = asked.octets.length;
      socket.write(Buffer.concat([Uint8Array.of(length >> 8, length & 255), asked.octets]));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? 0xffff : received.readUInt16BE(0);
      if (received.length < 2 + length) return;
      const checked = checkAnswer(received.subarray(2, 2 + length), asked, 'tcp');
      finish(
        checked.kind === 'answer'
          ? { kind: 'message', message: checked.message, octets: length }
          : { kind: 'failed', reason: 'malformed' },
      );
    });
  });
}
