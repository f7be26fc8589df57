/** The mailbox that a session has selected: whose it is, what may be done there, and its view. */

import type { MessageSet } from '@merpati/formats/imap/command.ts';
import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import { setOf } from '@merpati/formats/imap/sequence-set.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { AccountId, MailboxId, Uid } from '@merpati/store/ids.ts';
import type { Session } from './session.ts';
import type { View } from './view/view.ts';

export interface Selected {
  /** Whose mailbox it is: for the store, everywhere. */
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  readonly name: string;
  readonly uidValidity: number;
  /** What the user may do here, as letters of RFC 4314 §2.1; all of them in an own mailbox. */
  readonly rights: string;
  /** By EXAMINE, or because no right is left that would change anything. */
  readonly isReadOnly: boolean;
  readonly view: View;
  /** The saved result of a search, ascending. RFC 5182. */
  saved: readonly Uid[];
}

/**
 * The messages that a command means, as ranges of message numbers of the loaded view. UIDs that are
 * not there are left out. Throws SyntaxFault for a number that is not there, and for any number
 * once the client has said that it uses UIDs only (RFC 9586 §3).
 */
export async function resolveMessages(
  session: Session,
  set: MessageSet,
  isUid: boolean,
): Promise<readonly NumberRange[]> {
  const { view, saved } = session.open;
  if (!isUid && session.modes.uidOnly) {
    throw new SyntaxFault('imap.uid-required', 'Message numbers were given up: use UIDs');
  }
  await view.load();
  return set === '$'
    ? view.resolve(setOf(saved), 'uid')
    : view.resolve(set, isUid ? 'uid' : 'number');
}
