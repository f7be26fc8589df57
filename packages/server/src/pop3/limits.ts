/**
 * Bounds of a POP3 session, with the reason beside each. Connections and errors: the
 * configuration.
 */

import { commandOctetsMax } from '@merpati/formats/pop3/limits.ts';

export const pop3Limits = {
  /** RFC 2449 §4 asks for 255; SASL answers are longer. */
  lineOctetsMax: commandOctetsMax,
  /** Autologout: RFC 1939 §3 asks for at least ten minutes. */
  idleTimeoutMs: 10 * 60_000,
  /**
   * QUIRK: shorter before login. The ten minutes protect a person who reads at the prompt of 1996;
   * today they would only feed those who open connections and say nothing.
   */
  greetingTimeoutMs: 120_000,
  /** The same when places run short. */
  stressedTimeoutMs: 10_000,
  /** Wrong passwords in one connection; RFC 1939 §4 lets the server hang up. */
  failedLoginsMax: 5,
  /** Clients need about six of them; whoever goes on asking for CAPA wants something else. */
  commandsBeforeLoginMax: 100,
  /** Small replies to pipelined commands leave together, up to this. */
  replyOctetsMax: 32 * 1024,
  /** A client must take each such piece of a message within the drain timeout, or it is cut. */
  sliceOctetsMax: 64 * 1024,
  /** A session that ends as the next begins (a dropped connection) is waited for so long. */
  lockWaitMs: 250,
  /** When stopping: a message under way may be finished within this. */
  stopGraceMs: 10_000,
} as const;
