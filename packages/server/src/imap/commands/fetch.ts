/**
 * FETCH, UID FETCH. RFC 9051 §6.4.5, §6.4.9; RFC 7162 §3.1.4, §3.2.6 (CHANGEDSINCE, VANISHED); RFC
 * 9394 §3.4 (PARTIAL); RFC 9586 §3 (UIDFETCH).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { refuseWithout } from '../access/needs.ts';
import { type Answer, type CommandRow, no, ok } from '../command-row.ts';
import { useCondstore } from '../condstore.ts';
import { cutRanges } from '../fetch/cut-ranges.ts';
import { planFetch } from '../fetch/plan.ts';
import { tellMessages } from '../fetch/tell-messages.ts';
import { tellVanished } from '../fetch/tell-vanished.ts';
import { resolveMessages } from '../selected.ts';
import type { Session } from '../session.ts';

export const fetch: CommandRow<'fetch'> = {
  states: ['selected'],
  expungesAllowed: 'if-uid',
  async run(session, command): Promise<Answer> {
    const { open } = session;
    const refused = refuseWithout('fetch', 'open', open.rights);
    if (refused !== null) return refused;
    switchCondstore(session, command);
    const resolved = await resolveMessages(session, command.set, command.uid);
    const ranges = command.partial === null ? resolved : cutRanges(resolved, command.partial);
    const { changedSince } = command;
    if (command.vanished) await tellVanished(session, command);
    const plan = planFetch(command.items, {
      isUid: command.uid,
      tellsModseq: changedSince !== null,
      modes: session.modes,
    });
    const { gone, undecoded, failure } = await tellMessages(session, {
      plan,
      ranges,
      changedSince,
    });
    if (failure !== null) return failure;
    if (undecoded > 0) return no('An encoding that is not known', { code: 'UNKNOWN-CTE' });
    // UIDs that are not there are no error. RFC 9051 §6.4.9; RFC 5530 §3.
    if (gone === 0 || command.uid) return ok('Fetched');
    return ok('Fetched, but for messages that are gone', { code: 'EXPUNGEISSUED' });
  },
};

/** RFC 7162 §3.1: whoever asks for modseqs wants them from now on. */
function switchCondstore(session: Session, command: CommandOf<'fetch'>): void {
  if (command.vanished && (!command.uid || !session.modes.qresync)) {
    throw new SyntaxFault('imap.bad-modifier', 'VANISHED needs UID FETCH and ENABLE QRESYNC');
  }
  if (command.vanished && command.changedSince === null) {
    throw new SyntaxFault('imap.bad-modifier', 'VANISHED needs CHANGEDSINCE');
  }
  const asks = command.items.some(({ item }) => item === 'modseq');
  if (asks || command.changedSince !== null) useCondstore(session);
}
