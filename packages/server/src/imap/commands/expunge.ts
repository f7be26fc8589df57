/**
 * EXPUNGE, and UID EXPUNGE, which takes only some of what is marked. RFC 9051 §6.4.3, §6.4.9; RFC
 * 4315 §2.1; RFC 7162 §3.2.7, §3.2.8 (HIGHESTMODSEQ).
 */

import { refuseWithout } from '../access/needs.ts';
import { type Answer, type CommandRow, no, ok } from '../command-row.ts';
import { expungeDeleted } from '../expunge-deleted.ts';
import { withProgress } from '../progress.ts';
import { resolveMessages } from '../selected.ts';

export const expunge: CommandRow<'expunge'> = {
  states: ['selected'],
  expungesAllowed: 'yes',
  async run(session, command): Promise<Answer> {
    const { open, modes } = session;
    const refused = refuseWithout('expunge', 'open', open.rights);
    if (refused !== null) return refused;
    if (open.isReadOnly) return no('The mailbox is open for reading', { code: 'READ-ONLY' });
    const ranges =
      command.set === null ? null : await resolveMessages(session, command.set, command.uid);
    const work = expungeDeleted(session, open, ranges);
    const modseq = await withProgress(session, command.tag, work);
    await session.update({ expungesAllowed: true, force: true });
    if (modseq === null || !modes.condstore) return ok('Expunged');
    return ok('Expunged', { code: 'HIGHESTMODSEQ', number: modseq });
  },
};
