/**
 * THREAD in the selected mailbox: what was found, put together into conversations. RFC 5256 §3, §4.
 * The store does it on its search thread; who asks before a message was read waits until it is.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { writePackedThreads } from '@merpati/formats/imap/thread.ts';
import { uid } from '@merpati/store/ids.ts';
import type { Criterion } from '@merpati/store/search.ts';
import { imapLimits } from '../limits.ts';
import { withProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { criteriaOf } from './criteria.ts';
import { largestUid, selectedScope } from './scope.ts';

const textAtOnceMax = 8192;

/** Throws SearchTooBig. */
export async function tellThreads(session: Session, command: CommandOf<'thread'>): Promise<void> {
  const { owner, mailbox, view } = session.open;
  // What the client does not know of yet is no part of its conversations.
  const known: Criterion = {
    kind: 'uid',
    ranges: [{ from: uid(1), to: uid(largestUid(session)) }],
  };
  const criteria = criteriaOf(command.what, selectedScope(session));
  const work = session.store.threads(owner, {
    mailbox,
    criteria: { kind: 'and', of: [known, criteria] },
    by: command.algorithm,
    messagesMax: imapLimits.threadedMessagesMax,
  });
  const packed = await withProgress(session, command.tag, work);
  const numberOf = (one: number): number => (command.uid ? one : view.numberOf(uid(one)));
  let text = packed.length === 0 ? '* THREAD' : '* THREAD ';
  for (const piece of writePackedThreads(packed, numberOf)) {
    text += piece;
    if (text.length < textAtOnceMax) continue;
    await session.send(text);
    text = '';
  }
  await session.send(`${text}\r\n`);
}
