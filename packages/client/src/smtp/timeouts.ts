/**
 * How long to wait for a server. RFC 5321 §4.5.3.2: shorter ones lose mail to slow but honest
 * servers.
 */

export interface SmtpTimeouts {
  /** The 220 after the connection. §4.5.3.2.1. */
  readonly greetingMs: number;
  /** EHLO, HELO, STARTTLS, AUTH, RSET: commands the RFC names no time for. */
  readonly commandMs: number;
  /** The TLS handshake, both sides together. */
  readonly tlsMs: number;
  /** §4.5.3.2.2. */
  readonly mailMs: number;
  /** §4.5.3.2.3. */
  readonly rcptMs: number;
  /** The 354. §4.5.3.2.4. */
  readonly dataMs: number;
  /** Until the connection takes the next block of the message. §4.5.3.2.5. */
  readonly blockMs: number;
  /**
   * The reply to the message. §4.5.3.2.6; shorter ones are what duplicates come from (RFC 1047).
   */
  readonly acceptMs: number;
  /** QUIT is politeness; nothing depends on its reply. */
  readonly quitMs: number;
}

const minuteMs = 60_000;

export const smtpTimeouts: SmtpTimeouts = {
  greetingMs: 5 * minuteMs,
  commandMs: 5 * minuteMs,
  tlsMs: minuteMs,
  mailMs: 5 * minuteMs,
  rcptMs: 5 * minuteMs,
  dataMs: 2 * minuteMs,
  blockMs: 3 * minuteMs,
  acceptMs: 10 * minuteMs,
  quitMs: 5000,
};
