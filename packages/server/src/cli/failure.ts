/**
 * What the command line says when something does not work: what, why, what next, and a stable code.
 */

import type { ExitKind } from './exit.ts';

export interface FailureText {
  /** What could not be done, as a clause: "cannot add rina@contoh.id". */
  readonly what: string;
  readonly why: string;
  /** What the reader can do now; the best is a command to copy. */
  readonly next?: string;
}

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly exit: ExitKind;
  readonly text: FailureText;
  constructor(code: string, exit: ExitKind, text: FailureText) {
    super(`${text.what}: ${text.why}`);
    this.code = stableCode(code);
    this.exit = exit;
    this.text = text;
  }
}

/** A sentence that knows what was meant has its own code within; to others it is the same. */
export const stableCode = (code: string): string => code.replace(/\.near$/, '');

/** Wrong use: the words after the command do not make sense. */
export function usage(what: string, why: string, next?: string): Failure {
  return new Failure(
    'cli.usage',
    'usage',
    next === undefined ? { what, why } : { what, why, next },
  );
}
