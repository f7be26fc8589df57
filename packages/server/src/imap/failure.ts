/** What a client is told when a command fails. RFC 9051 §7.1; RFC 5530 §3; RFC 7888 §4. */

import { BadCharset } from '@merpati/formats/imap/read-search-key.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { CorruptBlob, StoreUnavailable } from '@merpati/store/contract.ts';
import { WireFault, type WireFaultReason } from '../net/wire.ts';
import { type Answer, bad, no } from './command-row.ts';
import { LiteralTooBig, TooMuchInput } from './command-source.ts';
import type { Session } from './session.ts';
import { ViewLost } from './view/view.ts';

/** Logs what is not the client's doing. */
export function answerFailure(session: Session, error: unknown): Answer {
  if (error instanceof BadCharset && error.saves && session.selected !== null) {
    session.selected.saved = [];
  }
  if (error instanceof SyntaxFault) return answerSyntax(error);
  if (error instanceof LiteralTooBig) return no('Literal too large', { code: 'TOOBIG' });
  const { log, metrics } = session.service.home;
  const facts = { session: session.wire.id, ip: session.wire.remote.address, err: error };
  if (error instanceof StoreUnavailable) {
    log.warn({ event: 'store.unavailable', ...facts });
    return error.reason === 'disk-full'
      ? no('No room to store mail now', { code: 'OVERQUOTA' })
      : no('The mail store is not available now', { code: 'UNAVAILABLE' });
  }
  if (error instanceof CorruptBlob) {
    log.error({ event: 'store.corrupt', ...facts });
    return no('That message is damaged on disk; ask the postmaster', { code: 'CORRUPTION' });
  }
  if (error instanceof ViewLost) {
    log.warn({ event: 'imap.view-lost', ...facts });
    session.end('The mailbox has changed too much: select it again');
    return no('The mailbox has changed too much', { code: 'UNAVAILABLE' });
  }
  metrics.bugs.inc();
  log.error({ event: 'bug', ...facts }, 'an unexpected error in an IMAP session');
  return no('Something went wrong here', { code: 'SERVERBUG' });
}

function answerSyntax({ code, message }: SyntaxFault): Answer {
  switch (code) {
    case 'imap.uid-required':
      return bad(message, { code: 'UIDREQUIRED' });
    case 'imap.bad-charset':
      return no(message, { code: 'BADCHARSET', charsets: ['UTF-8', 'US-ASCII'] });
    case 'imap.bad-mailbox':
      return no(message, { code: 'CANNOT' });
    default:
      return bad(message);
  }
}

/** The last words of a session that is ended by this; null: there is nobody to say them to. */
export function lastWords(error: unknown): string | null {
  if (error instanceof TooMuchInput) return 'Too much input';
  if (!(error instanceof WireFault)) return null;
  return wordsOf[error.reason];
}

const wordsOf: Readonly<Record<WireFaultReason, string | null>> = {
  'bare-lf': null,
  ended: null,
  'line-too-long': 'Line too long',
  reset: null,
  stopping: 'The server is being stopped',
  timeout: 'Nothing was heard for too long',
  tls: null,
};
