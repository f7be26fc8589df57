/**
 * What an admin operation is: a name, a schema for what goes in, and a function over the homes. The
 * same table serves the control socket, the command line without a server, and later the web. No
 * operation writes sentences: results are facts, faults are codes, and whoever asked finds the
 * words.
 */

import type { z } from 'zod';
import type { Home } from '../home.ts';
import type { LabControl } from './lab-control.ts';
import type { FaultCode } from './faults.ts';

export interface AdminContext {
  /** One; in the lab several, the first being where new domains go. */
  readonly homes: readonly [Home, ...Home[]];
  /** null: not a lab. */
  readonly lab: LabControl | null;
  /** null: nothing listens, the store was opened for this one question. */
  readonly server: { readonly startedMs: number; readonly version: string } | null;
}

/** Asked once, answered once. */
export interface Operation<Input extends z.ZodType, Result> {
  readonly input: Input;
  run(context: AdminContext, input: z.output<Input>): Promise<Result>;
}

/** Answers with a stream of items; ends by itself or when the asker goes away. */
export interface StreamOperation<Input extends z.ZodType, Item> {
  readonly input: Input;
  stream(context: AdminContext, input: z.output<Input>, signal: AbortSignal): AsyncIterable<Item>;
}

export function operation<Input extends z.ZodType, Result>(
  made: Operation<Input, Result>,
): Operation<Input, Result> {
  return made;
}

export function streamOperation<Input extends z.ZodType, Item>(
  made: StreamOperation<Input, Item>,
): StreamOperation<Input, Item> {
  return made;
}

export type FaultArgs = Readonly<Record<string, string | number>>;

/** What an operation answers when it cannot do what was asked. */
export class AdminFault extends Error {
  override readonly name = 'AdminFault';
  readonly code: FaultCode;
  readonly args: FaultArgs;
  constructor(code: FaultCode, args: FaultArgs = {}) {
    super(`${code} ${JSON.stringify(args)}`);
    this.code = code;
    this.args = args;
  }
}
