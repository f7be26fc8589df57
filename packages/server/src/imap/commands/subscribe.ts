/**
 * SUBSCRIBE and UNSUBSCRIBE. RFC 9051 §6.3.7, §6.3.8. A subscription outlives what it is for: only
 * its owner ends it.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { type Answer, type CommandRow, afterLogin, ok } from '../command-row.ts';
import { findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox, refuseEdit } from '../mailboxes/refusals.ts';
import type { Session } from '../session.ts';

export const subscribe: CommandRow<'subscribe'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    // A slip of the finger would be listed for ever.
    if ((await findPlace(session, command.mailbox)) === null) return noSuchMailbox();
    return edit(session, 'subscribe', command);
  },
};

export const unsubscribe: CommandRow<'unsubscribe'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  run: (session, command) => edit(session, 'unsubscribe', command),
};

async function edit(
  { store, account }: Session,
  kind: 'subscribe' | 'unsubscribe',
  { mailbox }: CommandOf<'subscribe' | 'unsubscribe'>,
): Promise<Answer> {
  const edited = await store.editMailbox(account, { kind, name: mailbox });
  return edited.ok ? ok(`${kind}d`) : refuseEdit(edited.code);
}
