/** One question of a probe, answered: never throws, whatever is asked. */

import { randomBytes } from 'node:crypto';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { z } from 'zod';
import { probeOperations, type Json } from './operations.ts';

export async function answer(question: Json): Promise<Json> {
  const { id = null, op } = question;
  if (typeof op !== 'string') return { id, error: 'op must be text' };
  const operation = Object.hasOwn(probeOperations, op) ? probeOperations[op] : undefined;
  if (operation === undefined) return { id, error: 'unsupported', unsupported: op };
  const context = { nowMs: Date.now(), seed: randomBytes(12).toString('hex') };
  try {
    return { id, ...(await operation.run(question, context)) };
  } catch (error) {
    return { id, error: reasonOf(error) };
  }
}

/** A line of JSON in, a line of JSON out. */
export async function answerLine(line: string): Promise<string> {
  let question: unknown;
  try {
    question = JSON.parse(line);
  } catch {
    return JSON.stringify({ id: null, error: 'not JSON' });
  }
  if (typeof question !== 'object' || question === null || Array.isArray(question)) {
    return JSON.stringify({ id: null, error: 'not an object' });
  }
  return JSON.stringify(await answer(question as Json));
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxFault) return `${error.code}: ${error.message}`;
  if (error instanceof z.ZodError) {
    return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
