/**
 * Connects to the first address that answers: the next one is tried when the one before has failed,
 * or has not answered for a moment. RFC 8305 §5.
 */

import type { Socket } from 'node:net';
import type { World } from '../world.ts';
import { deliveryLimits } from './limits.ts';

export interface Try {
  readonly address: string;
  /** The system's code, ECONNREFUSED …; null for the one that won. */
  readonly error: string | null;
  readonly durUs: number;
}

export interface Raced {
  readonly socket: Socket | null;
  /** In the order in which they ended. */
  readonly tries: readonly Try[];
}

export async function race(
  world: Pick<World, 'dial' | 'nowUs'>,
  addresses: readonly string[],
  options: { readonly port: number; readonly signal?: AbortSignal },
): Promise<Raced> {
  const tries: Try[] = [];
  const losers = new AbortController();
  const stop = () => losers.abort();
  options.signal?.addEventListener('abort', stop, { once: true });
  const winner: { socket: Socket | null } = { socket: null };
  let startNext = () => {};

  const attempt = async (address: string): Promise<void> => {
    const startedUs = world.nowUs();
    let error: string | null = null;
    try {
      const socket = await world.dial({
        address,
        port: options.port,
        timeoutMs: deliveryLimits.connectTimeoutMs,
        signal: losers.signal,
      });
      if (winner.socket !== null) return void socket.destroy();
      winner.socket = socket;
      losers.abort();
    } catch (reason) {
      if (winner.socket !== null) return;
      error = (reason as NodeJS.ErrnoException).code ?? String(reason);
    }
    tries.push({ address, error, durUs: world.nowUs() - startedUs });
    startNext();
  };

  const running: Promise<void>[] = [];
  for (const address of addresses) {
    if (winner.socket !== null || losers.signal.aborted) break;
    const { promise: turn, resolve } = Promise.withResolvers<void>();
    startNext = resolve;
    running.push(attempt(address));
    const timer = setTimeout(resolve, deliveryLimits.raceDelayMs);
    await turn;
    clearTimeout(timer);
  }
  // The first to win ends the wait; the aborted ones end by themselves.
  while (winner.socket === null && tries.length < running.length && !losers.signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    startNext = resolve;
    await promise;
  }
  options.signal?.removeEventListener('abort', stop);
  return { socket: winner.socket, tries };
}
