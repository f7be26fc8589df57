/** What a client is told when the store does not make an edit of mailboxes. RFC 5530 §3. */

import type { MailboxEdited } from '@merpati/store/contract.ts';
import { type Answer, no } from '../command-row.ts';

type Refused = Extract<MailboxEdited, { ok: false }>['code'];

export function refuseEdit(code: Refused): Answer {
  switch (code) {
    case 'exists':
      return no('There is one by that name', { code: 'ALREADYEXISTS' });
    case 'not-found':
      return noSuchMailbox();
    case 'forbidden':
      return no('That is not possible here', { code: 'CANNOT' });
    case 'too-many':
      return no('There are too many of them', { code: 'LIMIT' });
    case 'too-big':
      return no('That is too much', { code: 'LIMIT' });
    default:
      throw new Error(`unhandled code ${String(code satisfies never)}`);
  }
}

export function noSuchMailbox(): Answer {
  return no('No such mailbox', { code: 'NONEXISTENT' });
}
