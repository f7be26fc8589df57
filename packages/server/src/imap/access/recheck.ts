/**
 * Rights that are taken away are gone at once, also for who has the mailbox open. RFC 4314 §6 asks
 * for no less than that they are gone at the next SELECT; an owner who takes them means now.
 */

import type { MailChange } from '../feed.ts';
import type { Selected } from '../selected.ts';
import { refuseWithout } from './needs.ts';
import type { Looker } from '../mailboxes/find.ts';

/** Whether what somebody may do in the mailbox that is open may have changed by it. */
export function touchesRights(selected: Selected, change: MailChange): boolean {
  if (change.kind !== 'mailbox-changed' || change.edit !== 'set-acl') return false;
  return change.mailbox === selected.mailbox;
}

/** Takes over the rights there are now; false: the mailbox must be left. */
export async function mayStay({ store, account }: Looker, selected: Selected): Promise<boolean> {
  if (selected.owner === account) return true;
  const shared = await store.sharedMailboxes(account);
  const found = shared.find(
    ({ owner, status }) => owner === selected.owner && status.id === selected.mailbox,
  );
  selected.rights = found?.rights ?? '';
  return refuseWithout('select', 'named', selected.rights) === null;
}
