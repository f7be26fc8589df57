/**
 * BDAT: the message in chunks of announced length. RFC 3030 §2, §4.2. A chunk is read whatever
 * happens, since the next command stands behind it; one that is too long is refused, and the
 * connection closed.
 */

import { Refusal } from '../../refusal.ts';
import { Intake } from '../intake.ts';
import { startMessageClock } from '../message-clock.ts';
import { reply } from '../replies.ts';
import { flush, resetTransaction } from '../session.ts';
import type { CommandRow, Session, Transaction } from '../session.ts';
import { intakeOptions, noteUntaken, takeMessage } from '../take-message.ts';

export const bdat: CommandRow<'BDAT'> = {
  verb: 'BDAT',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  async run(session, { size, isLast }) {
    const { transaction } = session;
    const octetsMax = session.home.config.limits.message_bytes_max;
    if ((transaction?.intake?.receivedOctets ?? 0) + size > octetsMax) {
      throw new Refusal('chunk-too-big', `At most ${octetsMax} octets, all chunks together`);
    }
    const refusal = outOfPlace(transaction);
    if (transaction === null || refusal !== null) {
      await readChunk(session, size, null);
      throw refusal ?? new Error('no transaction, and no refusal');
    }
    session.state = 'chunks';
    // RFC 3030 §3: only BINARYMIME has other line ends than CRLF. Text with a bare LF could not be
    // sent on.
    const checkNewlines = transaction.parameters.body !== 'binarymime';
    transaction.intake ??= new Intake({ ...intakeOptions(session), checkNewlines });
    const { intake } = transaction;
    await readChunk(session, size, intake);
    if (isLast) return takeMessage(session, intake);
    if (intake.refusal === null) return reply(250, '2.0.0', `${size} octets`);
    noteUntaken(session, intake, intake.refusal);
    await resetTransaction(session);
    throw intake.refusal;
  },
};

/** Why the chunk cannot be part of a message; null when it can. */
function outOfPlace(transaction: Transaction | null): Refusal | null {
  if (transaction === null) return new Refusal('bad-sequence', 'That needs a MAIL command before');
  if (transaction.recipients.length > 0) return null;
  const wasTried = transaction.recipientsTried > 0;
  return new Refusal(wasTried ? 'no-recipients' : 'bad-sequence', 'No valid recipients');
}

/** Reads exactly `size` octets; without an intake they are thrown away. */
async function readChunk(session: Session, size: number, intake: Intake | null): Promise<void> {
  const { wire } = session;
  const clock = startMessageClock(session);
  let rest = size;
  while (rest > 0) {
    let chunk = wire.takeChunk();
    if (chunk === null) {
      await flush(session);
      chunk = await wire.readChunk(clock.timeoutMs(size - rest));
    }
    if (chunk.length > rest) {
      wire.unread(chunk.subarray(rest));
      chunk = chunk.subarray(0, rest);
    }
    rest -= chunk.length;
    intake?.push(chunk);
    if (intake?.backlog) await intake.backlog;
  }
}
