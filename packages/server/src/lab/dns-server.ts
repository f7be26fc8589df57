/**
 * An authoritative DNS server for the lab, by UDP and TCP. RFC 1035 §4.2, §6; negative answers RFC
 * 2308 §3; EDNS RFC 6891 §6; over TCP RFC 7766 §8. What it answers comes from a zone; it also plays
 * a server that is out of order, when told to, and the resolver that has validated what is signed
 * (AD, RFC 6840 §5.8): on the loopback nobody stands between.
 */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import {
  emptyMessage,
  rcodes,
  readDnsMessage,
  typeCodes,
  writeDnsMessage,
  type DnsMessage,
  type DnsQuestion,
  type RecordData,
  type ResourceRecord,
} from '@merpati/formats/dns/message.ts';
import { lowerName } from '@merpati/formats/dns/name.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';

const limits = {
  aliasesMax: 8,
  connectionsMax: 64,
  /** RFC 7766 §6.2.3 leaves it to the server; nobody here has a slow line. */
  idleMs: 10_000,
  /** RFC 9715 §3: what passes without being fragmented. */
  udpOctetsMax: 1232,
} as const;

const anyType = 255;
const classIn = 1;

export interface Zone {
  /** Everything at that name; without records it is an empty non-terminal (RFC 8020 §2). */
  find(name: string): Promise<ZoneAnswer>;
  readonly soa: { readonly name: string; readonly data: RecordData & { type: 'SOA' } };
  /** As if a resolver had validated it; nothing, where it is left out. */
  isSigned?(name: string): boolean;
  /** How long answers may be remembered. */
  readonly ttlSeconds: number;
}

export type ZoneAnswer =
  | { readonly kind: 'found'; readonly records: readonly RecordData[] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'servfail' }
  /** Not even an answer: the question times out. */
  | { readonly kind: 'silent' };

export interface DnsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens on one port for both transports; port 0 takes any that is free for both. */
export async function startDnsServer(
  zone: Zone,
  listen: { readonly address: string; readonly port: number },
): Promise<DnsServer> {
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveTcp(zone, socket);
  });
  tcp.maxConnections = limits.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(listen.port, listen.address, resolve);
  });
  const port = (tcp.address() as AddressInfo).port;
  const udp = createSocket({ type: listen.address.includes(':') ? 'udp6' : 'udp4' });
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject);
      udp.bind(port, listen.address, resolve);
    });
  } catch (error) {
    tcp.close();
    throw error;
  }
  udp.removeAllListeners('error');
  udp.on('error', () => {}); // an ICMP answer to one of our answers: nothing is owed to that client
  udp.on('message', (bytes, from) => {
    void answerUdp(zone, udp, { bytes, port: from.port, address: from.address });
  });
  return {
    port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => tcp.close(() => resolve())),
        new Promise<void>((resolve) => udp.close(resolve)),
      ]);
    },
  };
}

async function answerUdp(
  zone: Zone,
  udp: UdpSocket,
  packet: { readonly bytes: Uint8Array; readonly port: number; readonly address: string },
): Promise<void> {
  const question = readQuestion(packet.bytes);
  if (question === null) return;
  const answer = await answerTo(zone, question);
  if (answer === null) return;
  const theirs = question.edns === null ? 512 : Math.max(question.edns.udpOctetsMax, 512);
  const bytes = writeDnsMessage(answer, Math.min(theirs, limits.udpOctetsMax));
  udp.send(bytes, packet.port, packet.address, () => {}); // lost or not: that is UDP
}

function serveTcp(zone: Zone, socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  let busy = Promise.resolve();
  socket.setTimeout(limits.idleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      const bytes = rest.subarray(2, end);
      rest = rest.subarray(end);
      busy = busy.then(() => answerTcp(zone, socket, bytes));
    }
  });
}

async function answerTcp(zone: Zone, socket: Socket, bytes: Uint8Array): Promise<void> {
  const question = readQuestion(bytes);
  if (question === null) {
    socket.destroy();
    return;
  }
  const answer = await answerTo(zone, question);
  if (answer === null || socket.destroyed) return;
  const body = writeDnsMessage(answer);
  const framed = Buffer.alloc(2 + body.length);
  framed.writeUInt16BE(body.length);
  framed.set(body, 2);
  socket.write(framed);
}

/** null for what deserves no answer: noise, and answers (two servers must not talk for ever). */
function readQuestion(bytes: Uint8Array): DnsMessage | null {
  try {
    const message = readDnsMessage(bytes);
    return message.isResponse ? null : message;
  } catch (error) {
    if (error instanceof SyntaxFault) return null;
    throw error;
  }
}

/** The answer to a message; null when the zone plays dead. */
export async function answerTo(zone: Zone, message: DnsMessage): Promise<DnsMessage | null> {
  const base: DnsMessage = {
    ...emptyMessage,
    id: message.id,
    isResponse: true,
    opcode: message.opcode,
    authoritative: true,
    recursionDesired: message.recursionDesired,
    checkingDisabled: message.checkingDisabled,
    questions: message.questions,
    edns:
      message.edns === null
        ? null
        : { udpOctetsMax: limits.udpOctetsMax, version: 0, dnssecOk: false, options: [] },
  };
  if (message.opcode !== 0) return { ...base, rcode: rcodes.notImp };
  if ((message.edns?.version ?? 0) !== 0) return { ...base, rcode: rcodes.badVers };
  const question = message.questions[0];
  if (question === undefined || message.questions.length !== 1) {
    return { ...base, rcode: rcodes.formErr };
  }
  if (question.class !== classIn) return { ...base, rcode: rcodes.refused };
  const isAsked = message.authenticData || message.edns?.dnssecOk === true;
  const authenticData = isAsked && zone.isSigned?.(lowerName(question.name)) === true;
  return answerQuestion(zone, question, { ...base, authenticData });
}

async function answerQuestion(
  zone: Zone,
  question: DnsQuestion,
  base: DnsMessage,
): Promise<DnsMessage | null> {
  const answers: ResourceRecord[] = [];
  const record = (name: string, data: RecordData): ResourceRecord => ({
    name,
    class: classIn,
    ttlSeconds: zone.ttlSeconds,
    data,
  });
  const authorities = [record(zone.soa.name, zone.soa.data)];
  let name = lowerName(question.name);
  for (let i = 0; i <= limits.aliasesMax; i += 1) {
    const found = await zone.find(name);
    if (found.kind === 'silent') return null;
    if (found.kind === 'servfail') {
      return { ...base, authoritative: false, authenticData: false, rcode: rcodes.servFail };
    }
    if (found.kind === 'nothing') return { ...base, answers, authorities, rcode: rcodes.nxDomain };
    const wanted = found.records.filter((data) => isOfType(data, question.type));
    answers.push(...wanted.map((data) => record(name, data)));
    const alias = found.records.find(isAlias);
    if (wanted.length > 0) {
      const additionals = await addressesOf(zone, wanted);
      return { ...base, answers, additionals: additionals.map(([at, data]) => record(at, data)) };
    }
    if (alias === undefined) return { ...base, answers, authorities };
    answers.push(record(name, alias));
    name = lowerName(alias.target);
  }
  return { ...base, authoritative: false, rcode: rcodes.servFail };
}

function isAlias(data: RecordData): data is RecordData & { readonly target: string } {
  return data.type === 'CNAME';
}

function isOfType(data: RecordData, type: number): boolean {
  if (data.type === 'other') return false;
  return type === anyType || typeCodes[data.type] === type;
}

/** The addresses of mail servers, spared a second question. RFC 1035 §3.3.9. */
async function addressesOf(
  zone: Zone,
  records: readonly RecordData[],
): Promise<[string, RecordData][]> {
  const found: [string, RecordData][] = [];
  for (const data of records) {
    if (data.type !== 'MX' || data.exchange === '') continue;
    const answer = await zone.find(lowerName(data.exchange));
    if (answer.kind !== 'found') continue;
    for (const one of answer.records) {
      if (one.type === 'A' || one.type === 'AAAA') found.push([data.exchange, one]);
    }
  }
  return found;
}
