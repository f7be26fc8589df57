/** Runs an operation by its name: checks the input, turns what goes wrong into faults. */

import { StoreUnavailable } from '@merpati/store/contract.ts';
import type { z } from 'zod';
import {
  AdminFault,
  type AdminContext,
  type Operation,
  type StreamOperation,
} from './operation.ts';
import { operations, streams } from './operations.ts';

type AnyOperation = Operation<z.ZodType, unknown>;
type AnyStream = StreamOperation<z.ZodType, unknown>;

export async function perform(
  context: AdminContext,
  name: string,
  input: unknown,
): Promise<unknown> {
  const found = Object.hasOwn(operations, name)
    ? (operations[name as keyof typeof operations] as AnyOperation)
    : null;
  if (found === null) throw new AdminFault('operation.unknown', { name });
  const checked = check(found.input, input);
  try {
    return await found.run(context, checked);
  } catch (error) {
    throw asFault(context, error);
  }
}

export async function* performStream(
  context: AdminContext,
  asked: { readonly name: string; readonly input: unknown },
  signal: AbortSignal,
): AsyncGenerator {
  const { name, input } = asked;
  const found = Object.hasOwn(streams, name)
    ? (streams[name as keyof typeof streams] as AnyStream)
    : null;
  if (found === null) throw new AdminFault('operation.unknown', { name });
  const checked = check(found.input, input);
  try {
    yield* found.stream(context, checked, signal);
  } catch (error) {
    throw asFault(context, error);
  }
}

export const isStream = (name: string): boolean => Object.hasOwn(streams, name);

function check(schema: z.ZodType, input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  throw new AdminFault('input.invalid', { path, reason: issue?.message ?? '' });
}

/** Faults pass; anything else is our own mistake and stays here, but for the log. */
function asFault(context: AdminContext, error: unknown): AdminFault {
  if (error instanceof AdminFault) return error;
  if (error instanceof StoreUnavailable) {
    return new AdminFault('store.unavailable', { reason: error.reason });
  }
  const [home] = context.homes;
  home.metrics.bugs.inc();
  home.log.error({ event: 'bug', err: error }, 'an admin operation ended in an unexpected error');
  return new AdminFault('server.bug');
}
