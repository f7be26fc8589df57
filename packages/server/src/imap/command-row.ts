/**
 * What a row of the command table holds: in which states a command is allowed, what may be told of
 * other clients' doings while it runs, and what it does.
 */

import type { CommandName, CommandOf } from '@merpati/formats/imap/command.ts';
import type { ResponseCode } from '@merpati/formats/imap/response-code.ts';
import type { CommandSource } from './command-source.ts';
import type { Session } from './session.ts';

/** RFC 9051 §3. LOGOUT is the end of the loop. */
export type StateName = 'not-authenticated' | 'authenticated' | 'selected';

export const anyState: readonly StateName[] = ['not-authenticated', 'authenticated', 'selected'];
export const afterLogin: readonly StateName[] = ['authenticated', 'selected'];

/** The tagged end of a command. */
export interface Answer {
  readonly status: 'OK' | 'NO' | 'BAD';
  readonly code: ResponseCode | null;
  readonly text: string;
}

export const ok = (text: string, code: ResponseCode | null = null): Answer => ({
  status: 'OK',
  code,
  text,
});

export const no = (text: string, code: ResponseCode | null = null): Answer => ({
  status: 'NO',
  code,
  text,
});

export const bad = (text: string, code: ResponseCode | null = null): Answer => ({
  status: 'BAD',
  code,
  text,
});

/** When a command may come, and what may be told while it runs. */
export interface CommandRules {
  readonly states: readonly StateName[];
  /**
   * Whether EXPUNGE and VANISHED may be told before its tagged end: never while message numbers of
   * the command or of its answers would change their meaning. RFC 9051 §7.5.1.
   */
  readonly expungesAllowed: 'yes' | 'no' | 'if-uid';
}

export interface CommandRow<N extends CommandName> extends CommandRules {
  /** Puts untagged responses; its answer is sent behind them and behind what else has happened. */
  run(session: Session, command: CommandOf<N>): Answer | Promise<Answer>;
}

/** For commands that hold messages of any size: they read lines and literals themselves. */
export interface SourceRow extends CommandRules {
  run(session: Session, source: CommandSource): Answer | Promise<Answer>;
}
