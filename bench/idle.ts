/**
 * What a connection costs that says nothing: greeted, EHLO answered, no TLS. Measured on servers
 * that have just been started, because memory that a load has left behind would hide it.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import type { Memory } from './proc.ts';
import { memory } from './proc.ts';
import { short } from './statistics.ts';

export interface IdleResult {
  readonly contender: string;
  readonly connections: number;
  readonly before: Memory;
  readonly after: Memory;
}

export const idleConnections = 1000;
/** Postfix has a process for each, and by default a hundred at most. */
export const idleConnectionsOfPeers = 50;

/** Opened and closed before, so that what the first ones bring along is not counted. */
const warmUpShare = 0.1;
const settleMs = 15_000;
/** Limits are per client address; these connections come from many. */
const connectionsPerAddress = 50;

export async function measureIdle(contender: Contender, connections: number): Promise<IdleResult> {
  const first = await openAll(contender.port, connections * warmUpShare);
  for (const socket of first) socket.destroy();
  await sleep(settleMs);
  const before = memory(contender.roots());
  const sockets = await openAll(contender.port, connections);
  await sleep(settleMs);
  const after = memory(contender.roots());
  const lost = sockets.filter((socket) => socket.destroyed).length;
  for (const socket of sockets) socket.destroy();
  if (lost > 0) throw new Error(`${contender.name} has closed ${lost} idle connections`);
  return { contender: contender.name, connections, before, after };
}

async function openAll(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    sockets.push(await open(port, `127.0.1.${1 + Math.floor(i / connectionsPerAddress)}`));
  }
  return sockets;
}

async function open(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => socket.destroy());
  await readReply(socket);
  socket.write('EHLO idle.test\r\n');
  await readReply(socket);
  return socket;
}

async function readReply(socket: Socket): Promise<void> {
  let text = '';
  while (!/^\d{3} .*\r\n$/m.test(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
}

export function printIdle(results: readonly IdleResult[]): void {
  console.log('\nIdle connections, KB each (resident; shared pages divided)');
  for (const { contender, connections, before, after } of results) {
    const rss = (after.rssBytes - before.rssBytes) / connections / 1000;
    const pss = (after.pssBytes - before.pssBytes) / connections / 1000;
    console.log(`| ${contender} | ${connections} | ${short(rss)} | ${short(pss)} |`);
  }
}
