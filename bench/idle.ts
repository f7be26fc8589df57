/** What a connection costs that does nothing: memory of 1,000 of them, greeted and then silent. */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryBytes } from './measure.ts';
import { startIdleSubject } from './subjects.ts';
import type { SubjectName } from './subjects.ts';

export interface IdleFigure {
  readonly subject: string;
  readonly protocol: 'SMTP' | 'POP3';
  readonly connections: number;
  readonly bytesEach: number;
}

const connectionsMax = 1000;

export async function measureIdle(subjects: readonly SubjectName[]): Promise<IdleFigure[]> {
  const figures: IdleFigure[] = [];
  for (const name of subjects) {
    await using subject = await startIdleSubject(name);
    for (const [protocol, port] of Object.entries(subject.ports)) {
      if (port === undefined) continue;
      // The first connections load code and start processes: they do not count.
      const first = await openIdle(port, 20);
      for (const socket of first) socket.destroy();
      await sleep(1000);
      const before = memoryBytes(subject.pids);
      const sockets = await openIdle(port, connectionsMax);
      await sleep(2000);
      const after = memoryBytes(subject.pids);
      for (const socket of sockets) socket.destroy();
      await sleep(500);
      figures.push({
        subject: name,
        protocol: protocol as IdleFigure['protocol'],
        connections: sockets.length,
        bytesEach: (after - before) / sockets.length,
      });
    }
  }
  return figures;
}

/** Open and greeted. */
async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(50, count - sockets.length) }, () => open(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(30_000, () => reject(new Error('no greeting')));
    socket.once('error', reject);
    socket.once('data', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
