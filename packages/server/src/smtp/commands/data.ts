/**
 * DATA: the message, up to the line of a single dot. RFC 5321 §4.1.1.4, §4.5.2; a BINARYMIME
 * message is not for DATA (3030 §3). A bare CR or LF ends the connection: what follows it could be
 * anything.
 */

import { DotReader } from '@merpati/formats/smtp/dot.ts';
import { Refusal } from '../../refusal.ts';
import { Intake } from '../intake.ts';
import { sessionLimits } from '../limits.ts';
import { startMessageClock } from '../message-clock.ts';
import { replies } from '../replies.ts';
import { flush, say } from '../session.ts';
import type { CommandRow, Session } from '../session.ts';
import { intakeOptions, noteUntaken, takeMessage } from '../take-message.ts';

export const data: CommandRow<'DATA'> = {
  verb: 'DATA',
  states: ['mail', 'rcpt'],
  async run(session) {
    const { transaction } = session;
    if (transaction === null) throw new Error('DATA without a transaction');
    if (transaction.recipients.length === 0) {
      const wasTried = transaction.recipientsTried > 0;
      throw new Refusal(wasTried ? 'no-recipients' : 'bad-sequence', 'No valid recipients');
    }
    if (transaction.parameters.body === 'binarymime') {
      throw new Refusal('bad-sequence', 'A BINARYMIME message comes by BDAT');
    }
    const intake = new Intake(intakeOptions(session));
    transaction.intake = intake;
    say(session, replies.startData);
    await flush(session);
    try {
      await readData(session, intake);
    } catch (error) {
      noteUntaken(session, intake, error);
      throw error;
    }
    return takeMessage(session, intake);
  },
};

async function readData(session: Session, intake: Intake): Promise<void> {
  const { wire } = session;
  const reader = new DotReader();
  const clock = startMessageClock(session);
  const drainMax = session.home.config.limits.message_bytes_max * sessionLimits.drainFactorMax;
  const emit = (piece: Uint8Array): void => intake.push(piece);
  while (!reader.isDone) {
    const chunk =
      wire.takeChunk() ?? (await wire.readChunk(clock.timeoutMs(intake.receivedOctets)));
    const taken = reader.push(chunk, emit);
    if (reader.fault !== null) throw newlineRefusal(reader.fault);
    wire.unread(chunk.subarray(taken));
    if (intake.backlog !== null) await intake.backlog;
    if (intake.receivedOctets > drainMax) throw new Refusal('chunk-too-big', 'Far too many octets');
  }
}

function newlineRefusal(fault: 'bare-cr' | 'bare-lf'): Refusal {
  const what = fault === 'bare-cr' ? 'CR without LF' : 'LF without CR';
  return new Refusal('bare-newline', `${what} in the message; lines end in CRLF (RFC 5321 2.3.8)`);
}
