/**
 * Everything that this server puts above a message, whoever gets it. RFC 5321 §4.4; RFC 6376 §5;
 * RFC 8601 §4.1.
 */

import { concat, utf8 } from '@merpati/formats/bytes.ts';
import type { Home } from '../home.ts';
import type { Incoming } from './incoming.ts';
import { receivedField } from './trace-fields.ts';

/** What stands above a message wherever it goes. */
export interface Trace {
  /** What we found about the sender (RFC 8601 §4.1), Received, and under it our signatures. */
  readonly fields: string;
  /** Added fields, and the empty line that a message without any header needs. */
  readonly rest: Uint8Array;
}

export function traceAbove(
  home: Home,
  { id, envelope, session, added, head }: Incoming,
  also: { readonly nowMs: number; readonly results: string; readonly signatures: string },
): Trace {
  const only = envelope.recipients.length === 1 ? (envelope.recipients[0]?.address ?? null) : null;
  const received = receivedField(session, {
    hostname: home.config.hostname,
    id,
    atMs: also.nowMs,
    smtputf8: envelope.smtputf8,
    recipient: only,
    hideClient: session.account?.hideClientAddress ?? false,
  });
  const separator = head.length === 0 ? utf8('\r\n') : new Uint8Array(0);
  return {
    fields: also.results + received + also.signatures,
    rest: concat([added?.octets ?? new Uint8Array(0), separator]),
  };
}
