/**
 * THREAD in the selected mailbox: what was found, put together into conversations. RFC 5256 §3, §4.
 * The keys come from the store's index; who asks before a message was read waits until it is.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import {
  type ThreadMessage,
  threadByOrderedSubject,
  threadByReferences,
  writeThreads,
} from '@merpati/formats/imap/thread.ts';
import { uid } from '@merpati/store/ids.ts';
import { type DetailRow, SearchTooBig } from '@merpati/store/search.ts';
import { imapLimits } from '../limits.ts';
import type { Session } from '../session.ts';
import { criteriaOf } from './criteria.ts';
import { findMessages } from './find.ts';
import { largestUid, selectedScope } from './scope.ts';

/** Rows read at a time. */
const rowsAtOnceMax = 1000;
/** Messages between two that are wanted are read along up to so many. */
const gapMax = 16;
const textAtOnceMax = 8192;

/** Throws SearchTooBig. */
export async function tellThreads(session: Session, command: CommandOf<'thread'>): Promise<void> {
  const { owner, mailbox } = session.open;
  const { uids } = await findMessages(session, {
    tag: command.tag,
    owner,
    mailbox,
    criteria: criteriaOf(command.what, selectedScope(session)),
    order: [],
    largestUid: largestUid(session),
  });
  if (uids.length > imapLimits.threadedMessagesMax) throw new SearchTooBig('too many to thread');
  if (uids.length > 0) await session.store.indexed(owner);
  const messages = await readThreadMessages(session, uids, command.uid);
  const threads =
    command.algorithm === 'references'
      ? threadByReferences(messages)
      : threadByOrderedSubject(messages);
  let text = threads.length === 0 ? '* THREAD' : '* THREAD ';
  for (const piece of writeThreads(threads)) {
    text += piece;
    if (text.length < textAtOnceMax) continue;
    await session.send(text);
    text = '';
  }
  await session.send(`${text}\r\n`);
}

/** Those that are gone meanwhile are left out. */
async function readThreadMessages(
  session: Session,
  uids: Uint32Array,
  isUid: boolean,
): Promise<ThreadMessage[]> {
  const { owner, mailbox, view } = session.open;
  const messages: ThreadMessage[] = [];
  for (const run of runsOf(uids)) {
    const slice = { fromUid: uid(run[0]!), toUid: uid(run.at(-1)!), limit: rowsAtOnceMax };
    const rows = await session.store.details(owner, mailbox, slice, ['sort']);
    const wanted = new Set(run);
    // The date of arrival stands in for a Date field that cannot be read: seldom.
    const isDated = rows.every(({ sort }) => sort !== null && sort.sentMs !== null);
    const dates = isDated ? [] : await session.store.flagRows(owner, mailbox, slice);
    const arrivals = new Map(dates.map((row) => [row.uid, row.internalDateMs]));
    for (const row of rows) {
      const number = isUid ? row.uid : view.numberOf(row.uid);
      if (!wanted.has(row.uid) || number === 0) continue;
      messages.push(threadMessage(row, number, arrivals.get(row.uid) ?? 0));
    }
  }
  return messages;
}

/** Neighbours, so that one slice of rows has little else in it. */
function* runsOf(uids: Uint32Array): Generator<Uint32Array> {
  for (let from = 0; from < uids.length;) {
    const first = uids[from]!;
    let to = from + 1;
    while (
      to < uids.length &&
      uids[to]! - uids[to - 1]! <= gapMax &&
      uids[to]! - first < rowsAtOnceMax
    ) {
      to += 1;
    }
    yield uids.subarray(from, to);
    from = to;
  }
}

function threadMessage({ sort }: DetailRow, number: number, arrivalMs: number): ThreadMessage {
  return {
    number,
    sentMs: sort?.sentMs ?? arrivalMs,
    subject: sort?.subject ?? '',
    isReplyOrForward: sort?.isReplyOrForward ?? false,
    messageId: sort?.messageId ?? null,
    references: sort?.references ?? [],
  };
}
