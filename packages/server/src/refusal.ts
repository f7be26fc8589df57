/**
 * What a client may be told when something is refused. `code` picks the reply in each protocol's
 * own table; `message` is fit for strangers; `cause` never leaves the machine.
 */

import type { StoreUnavailable } from '@merpati/store/contract.ts';

export type RefusalCode =
  // commands and sessions
  | 'bad-sequence'
  | 'not-offered'
  | 'too-many-errors'
  | 'tls-required'
  | 'auth-required'
  | 'mechanism-unknown'
  | 'login-malformed'
  | 'login-cancelled'
  | 'login-failed'
  | 'login-throttled'
  | 'account-disabled'
  | 'app-password-needed'
  // the sender
  | 'sender-malformed'
  | 'sender-not-yours'
  | 'from-not-yours'
  | 'over-sending-limit'
  | 'sending-paused'
  | 'client-listed'
  | 'dmarc-rejected'
  | 'sender-unproven'
  // recipients
  | 'recipient-malformed'
  | 'recipient-unknown'
  | 'recipient-disabled'
  | 'recipient-over-quota'
  | 'relay-denied'
  | 'too-many-recipients'
  | 'no-recipients'
  | 'greylisted'
  // the message
  | 'utf8-not-announced'
  | 'parameter-not-offered'
  | 'message-too-big'
  | 'head-too-big'
  | 'chunk-too-big'
  | 'bare-newline'
  | 'loop'
  | 'bad-header'
  | 'hold-too-long'
  | 'too-slow'
  // the machine
  | 'store-full'
  | 'store-unavailable'
  | 'internal';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  /** When it may be tried again, if that is known. */
  readonly retryAfterS: number | null;

  constructor(
    code: RefusalCode,
    message: string,
    options?: { readonly retryAfterS?: number; readonly cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterS = options?.retryAfterS ?? null;
  }
}

/** The store cannot take anything now; nothing of it happened. */
export function storeRefusal(unavailable: StoreUnavailable): Refusal {
  return unavailable.reason === 'disk-full'
    ? new Refusal('store-full', 'No room to store mail now', { cause: unavailable })
    : new Refusal('store-unavailable', 'Mail cannot be stored now, please try again later', {
        cause: unavailable,
      });
}
