/**
 * The ports of a lab: one block of them, which can be moved as a whole. Those of design.md §6 begin
 * at 2000; `--ports-from 12000` makes 12525 of 2525.
 */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

export interface ServerPorts {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly imap: number;
  readonly imaps: number;
  readonly http: number;
}

export interface LabPorts {
  readonly from: number;
  readonly dns: number;
  readonly servers: readonly [ServerPorts, ServerPorts];
}

export const portsFromUsual = 2000;
/** The highest port of a block lies 6026 above its start. */
const blockLength = 6026;
export const portsFromMax = 65_535 - blockLength;
/** Where a block found by chance begins: far below the ports of outgoing connections. ip(7). */
const anywhereMin = 10_000;
const anywhereMax = 20_000 - blockLength;

export function labPorts(from: number): LabPorts {
  const server = (index: number): ServerPorts => ({
    smtp: from + 525 + index,
    submission: from + 587 + index,
    submissions: from + 465 + index,
    pop3: from + 110 + index,
    pop3s: from + 995 + index,
    imap: from + 143 + index,
    imaps: from + 993 + index,
    http: from + 6025 + index,
  });
  return { from, dns: from + 53, servers: [server(0), server(1)] };
}

/** Those of the block that somebody else has, in ascending order. */
export async function busyPorts(ports: LabPorts, address: string): Promise<number[]> {
  const wanted = [ports.dns, ...ports.servers.flatMap((server) => Object.values(server))];
  const busy = new Set<number>();
  for (const port of wanted) if (!(await isFreeTcp(port, address))) busy.add(port);
  if (!(await isFreeUdp(ports.dns, address))) busy.add(ports.dns);
  return [...busy].sort((a, b) => a - b);
}

/** The next block that is free as a whole; null when none of a dozen is. */
export async function freeBlock(after: number, address: string): Promise<number | null> {
  for (let from = after + 10_000; from <= portsFromMax; from += 1000) {
    if ((await busyPorts(labPorts(from), address)).length === 0) return from;
  }
  return null;
}

/**
 * Starts something at a block found by chance. Labs that start at the same time look for theirs at
 * the same time: when another one was faster, the next block is tried.
 */
export async function startAnywhere<Started>(
  random: () => number,
  address: string,
  start: (ports: LabPorts) => Promise<Started>,
): Promise<Started> {
  for (let triesLeft = 50; ; triesLeft -= 1) {
    const ports = labPorts(anywhereMin + Math.floor(random() * (anywhereMax - anywhereMin)));
    const busy = await busyPorts(ports, address);
    if (busy.length > 0 && triesLeft > 0) continue;
    try {
      return await start(ports);
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || triesLeft <= 0) throw error;
    }
  }
}

function isFreeTcp(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}

function isFreeUdp(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, address, () => socket.close(() => resolve(true)));
  });
}
