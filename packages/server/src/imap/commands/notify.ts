/**
 * NOTIFY: what a client wants to hear of without asking, of which mailboxes. RFC 5465. NONE is
 * quiet about everything, the selected mailbox included (§3.1).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { type Answer, type CommandRow, afterLogin, bad, no, ok } from '../command-row.ts';
import { isOffered } from '../capabilities.ts';
import { Notifier } from '../notify/notifier.ts';
import { checkSelectedGroups, supportedEvents } from '../notify/wanted.ts';

export const notify: CommandRow<'notify'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { set }): Promise<Answer> {
    if (!isOffered(session, 'NOTIFY')) return bad('NOTIFY is not on offer');
    const groups = set?.groups ?? [];
    if (groups.some(({ events }) => events.some(isUnknown))) {
      const code = { code: 'BADEVENT', events: Object.values(supportedEvents) } as const;
      return no('Not all of these events are known', code);
    }
    const mistake = checkSelectedGroups(groups);
    if (mistake !== null) return bad(mistake);
    // What the client was promised before is told before.
    await session.update({ expungesAllowed: true, force: true });
    const notifier = await Notifier.start(session, groups);
    session.notify(notifier);
    if (set?.status === true) notifier.tellAll();
    return ok(set === null ? 'Quiet from here on' : 'You will hear');
  },
};

type Event = NonNullable<CommandOf<'notify'>['set']>['groups'][number]['events'][number];

function isUnknown({ event }: Event): boolean {
  return event === 'unknown' || event === 'annotationchange';
}
