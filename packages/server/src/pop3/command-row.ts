/**
 * What a row of the command table holds: in which states a command is allowed, and what it does.
 */

import type { CommandName, Pop3Command } from '@merpati/formats/pop3/command.ts';
import type { Session } from './session.ts';

/** RFC 1939 §3. The UPDATE state is QUIT's own. */
export type StateName = 'authorization' | 'transaction';

/** The member of the union that has this name, also where several names share one. */
export type CommandOf<N extends CommandName> = OneOf<Pop3Command, N>;
type OneOf<C, N> = C extends { readonly name: infer M } ? (N extends M ? C : never) : never;

export interface CommandRow<N extends CommandName> {
  readonly states: readonly StateName[];
  run(session: Session, command: CommandOf<N>): void | Promise<void>;
}
