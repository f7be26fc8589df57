/** A DNS server for tests that answers as the test tells it: a zone, or any misbehaviour. */

import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import {
  emptyMessage,
  readDnsMessage,
  rcodes,
  typeCodes,
  writeDnsMessage,
  type DnsMessage,
  type DnsQuestion,
  type RecordData,
} from '@merpati/formats/dns/message.ts';
import { lowerName } from '@merpati/formats/dns/name.ts';
import type { NameServer } from '../dns/servers.ts';

export interface Asked extends DnsQuestion {
  readonly via: 'udp' | 'tcp';
  readonly query: DnsMessage;
}

/** A message, octets as they are, several datagrams, or nothing at all. */
export type Answer = DnsMessage | Uint8Array | readonly Uint8Array[] | null;

export interface ScriptedDns extends AsyncDisposable {
  readonly server: NameServer;
  /** Every question so far, e.g. `MX a.test udp`. */
  readonly asked: string[];
  answer: (asked: Asked) => Answer | Promise<Answer>;
}

const typeNames = new Map<number, string>(Object.entries(typeCodes).map(([name, n]) => [n, name]));

export async function startScriptedDns(answer: ScriptedDns['answer']): Promise<ScriptedDns> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const sockets = new Set<Socket>();
  const scripted: ScriptedDns = {
    server: { address: '127.0.0.1', port },
    asked: [],
    answer,
    async [Symbol.asyncDispose]() {
      udp.close();
      for (const socket of sockets) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };
  const answers = async (octets: Uint8Array, via: 'udp' | 'tcp'): Promise<Uint8Array[]> => {
    const query = readDnsMessage(octets);
    const question = query.questions[0] as DnsQuestion;
    const type = typeNames.get(question.type) ?? String(question.type);
    scripted.asked.push(`${type} ${lowerName(question.name)} ${via}`);
    const given = await scripted.answer({ ...question, via, query });
    if (given === null) return [];
    if (given instanceof Uint8Array) return [given];
    if (isList(given)) return [...given];
    const room = via === 'tcp' ? 65_535 : Math.max(512, query.edns?.udpOctetsMax ?? 512);
    return [writeDnsMessage(given, room)];
  };
  udp.on('message', (octets, from) => {
    void answers(octets, 'udp').then((replies) => {
      for (const reply of replies) udp.send(reply, from.port, from.address);
    });
  });
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      void answers(chunk.subarray(2), 'tcp').then((replies) => {
        for (const reply of replies) {
          const framed = Buffer.concat([
            Uint8Array.of(reply.length >> 8, reply.length & 255),
            reply,
          ]);
          // In two pieces: a reader must not take chunks for messages.
          socket.write(framed.subarray(0, 1));
          setTimeout(() => socket.destroyed || socket.write(framed.subarray(1)), 5);
        }
      });
    });
  });
  return scripted;
}

const isList = (given: DnsMessage | readonly Uint8Array[]): given is readonly Uint8Array[] =>
  Array.isArray(given);

/** A reply to that question with nothing in it yet. */
export function replyTo(asked: Asked, over: Partial<DnsMessage> = {}): DnsMessage {
  return {
    ...emptyMessage,
    id: asked.query.id,
    isResponse: true,
    authoritative: true,
    recursionDesired: true,
    questions: asked.query.questions,
    ...over,
  };
}

export type Zone = Readonly<Record<string, readonly RecordData[]>>;

/**
 * Authoritative answers from a zone, as the lab's server gives them; TTL 300, negative TTL 60.
 * `signed`: with AD, as from a resolver that has validated them.
 */
export function answersFrom(
  zone: Zone,
  { signed = false }: { readonly signed?: boolean } = {},
): ScriptedDns['answer'] {
  return (asked) => {
    const records = zone[lowerName(asked.name)];
    const soa = {
      name: 'test',
      class: 1,
      ttlSeconds: 60,
      data: {
        type: 'SOA',
        primary: 'ns.test',
        mailbox: 'hostmaster.test',
        serial: 1,
        refreshSeconds: 1,
        retrySeconds: 1,
        expireSeconds: 1,
        minimumSeconds: 60,
      },
    } as const;
    const matching = (records ?? []).filter(
      (data) => data.type === 'CNAME' || typeCodes[data.type as 'A'] === asked.type,
    );
    return replyTo(asked, {
      rcode: records === undefined ? rcodes.nxDomain : rcodes.noError,
      answers: matching.map((data) => ({ name: asked.name, class: 1, ttlSeconds: 300, data })),
      authorities: matching.length === 0 ? [soa] : [],
      authenticData: signed,
    });
  };
}
