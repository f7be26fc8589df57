/**
 * How a command reaches the operations, whether a server runs or not. Types only: nothing is
 * loaded.
 */

import type { z } from 'zod';
import type { Operations, Streams } from './operations.ts';

export type OperationName = keyof Operations;
export type StreamName = keyof Streams;
export type InputOf<N extends OperationName> = z.input<Operations[N]['input']>;
export type ResultOf<N extends OperationName> = Awaited<ReturnType<Operations[N]['run']>>;
export type StreamInputOf<N extends StreamName> = z.input<Streams[N]['input']>;
export type ItemOf<N extends StreamName> =
  ReturnType<Streams[N]['stream']> extends AsyncIterable<infer Item> ? Item : never;

export interface Connection {
  /** Rejects with AdminFault. */
  call<N extends OperationName>(name: N, input: InputOf<N>): Promise<ResultOf<N>>;
  /** Leaving the loop, or aborting, ends it on the other side too. */
  stream<N extends StreamName>(
    name: N,
    input: StreamInputOf<N>,
    signal?: AbortSignal,
  ): AsyncIterable<ItemOf<N>>;
  close(): Promise<void>;
}
