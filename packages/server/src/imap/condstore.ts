/**
 * CONDSTORE is switched on by using it, without ENABLE. RFC 7162 §3.1: whoever asks for modseqs
 * wants them from now on, and must know where the open mailbox stands.
 */

import type { Session } from './session.ts';

export function useCondstore(session: Session): void {
  const { modes, selected } = session;
  if (modes.condstore) return;
  session.modes = { ...modes, condstore: true };
  if (selected === null) return;
  const { modseq } = selected.view;
  session.putStatus('OK', 'So far', { code: 'HIGHESTMODSEQ', number: modseq });
}
