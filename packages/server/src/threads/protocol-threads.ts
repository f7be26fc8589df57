/** How many threads speak the protocols: what the configuration says, or what suits the machine. */

import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';

/** Beyond these the one writer is what all wait for. */
const chosenMax = 8;

export async function protocolThreads(
  { threads }: Pick<Config, 'threads'>,
  log: Logger,
): Promise<number> {
  const wanted = threads.protocol === 0 ? suitable(availableParallelism()) : threads.protocol;
  if (wanted === 1 || (await canSharePorts())) return wanted;
  log.warn({ event: 'threads.one' }, 'this system does not let threads share a port');
  return 1;
}

/**
 * One for every two cores: what a session asks for is done by the writer, the system and the pool
 * that hashes passwords and bodies as much as by the thread that speaks.
 */
export function suitable(cores: number): number {
  return Math.min(Math.max(Math.floor(cores / 2), 1), chosenMax);
}

/** Linux, FreeBSD and some more can. */
function canSharePorts(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port: 0, reusePort: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
