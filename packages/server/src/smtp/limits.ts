/** Bounds of SMTP sessions that are not for the configuration to change, each with its reason. */

export const sessionLimits = {
  /** NOOP, RSET, VRFY, HELP and EHLO without a message between them; Postfix ends at 100 too. */
  idleCommandsMax: 100,
  /**
   * Recipients that one transaction may try to name, in multiples of those it may have: lists are
   * long, and their servers do not all read LIMITS.
   */
  recipientsTriedFactorMax: 10,
  /** Characters of replies to pipelined commands that are not sent yet. */
  unsentMax: 16_384,
  /** AUTH lines that one exchange may take: SCRAM needs three. */
  authStepsMax: 6,
  /**
   * Wait for a command when connections run short. RFC 5321 §4.5.3.2.7 asks 5 minutes in quiet
   * times.
   */
  stressedTimeoutMs: 10_000,
  /** A message slower than this, after the time of grace, holds its place for nothing. */
  rateMinPerS: 64,
  rateGraceMs: 120_000,
  /**
   * A message over the size limit is read to its end, to be answered there, if it is no longer than
   * this times the limit.
   */
  drainFactorMax: 2,
  /** When the server is being stopped: how long running messages may take to finish. */
  stopGraceMs: 20_000,
  /** RFC 4865 §4: how far ahead a message may be held back; a year. */
  holdMaxS: 366 * 24 * 3600,
} as const;
