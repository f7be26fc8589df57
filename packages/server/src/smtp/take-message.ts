/**
 * The end of DATA and of the last BDAT: what has come in goes the way of the flow, and its answer
 * is the client's.
 */

import { formatJourneyId } from '@merpati/store/journey.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';
import { receive } from '../flow/1-receive.ts';
import { newJourneyId } from '../journey/new-id.ts';
import { cutSecretFields, missingFields } from './fix-head.ts';
import type { Incoming, SessionFacts } from '../incoming/incoming.ts';
import type { Intake, IntakeOptions, TakenMessage } from './intake.ts';
import { reply } from './replies.ts';
import { resetTransaction } from './session.ts';
import type { Session, Transaction } from './session.ts';

export function intakeOptions({ home, service }: Session): IntakeOptions {
  return {
    store: home.store,
    octetsMax: home.config.limits.message_bytes_max,
    checkNewlines: false,
    mend: service === 'submission' ? cutSecretFields : null,
  };
}

/** Ends the transaction, whatever becomes of it. */
export async function takeMessage(session: Session, intake: Intake): Promise<Reply> {
  const { transaction, home } = session;
  if (transaction === null) throw new Error('a message without a transaction');
  try {
    const arrivedUs = home.world.nowUs();
    const taken = await intake.finish();
    const incoming = incomingOf(session, transaction, { taken, arrivedUs });
    const receipt = await receive(home, incoming);
    if (!receipt.ok) throw receipt.refusal;
    // It belongs to the store now; otherwise the reset gives it back.
    transaction.intake = null;
    session.errors = 0;
    session.idleCommands = 0;
    return reply(250, '2.0.0', `Ok: ${incoming.id}`);
  } finally {
    await resetTransaction(session);
  }
}

function incomingOf(
  session: Session,
  transaction: Transaction,
  { taken, arrivedUs }: { taken: TakenMessage; arrivedUs: number },
): Incoming {
  const { home } = session;
  const { parameters } = transaction;
  const journey = newJourneyId(home.world);
  const id = formatJourneyId(journey);
  const account = session.login?.account ?? null;
  const { holdForS, holdUntilMs } = parameters;
  return {
    journey,
    id,
    session: factsOf(session),
    envelope: {
      sender: transaction.sender,
      recipients: transaction.recipients,
      body: parameters.body ?? '7bit',
      smtputf8: parameters.smtputf8,
      requireTls: parameters.requireTls,
      envid: parameters.envid,
      ret: parameters.ret,
      holdUntilMs: holdForS === null ? holdUntilMs : Math.floor(arrivedUs / 1000) + holdForS * 1000,
    },
    head: taken.head,
    headOctets: taken.headOctets,
    body: taken.body,
    added:
      account === null
        ? null
        : missingFields(taken.head, {
            nowMs: home.world.nowMs(),
            id,
            address: account.address,
          }),
    clickUs: parameters.clickUs,
    startedUs: transaction.startedUs,
    arrivedUs,
    events: [],
  };
}

function factsOf(session: Session): SessionFacts {
  return {
    kind: session.service,
    id: session.wire.id,
    peer: session.wire.remote,
    hello: session.hello,
    tls: session.wire.secure,
    account: session.login?.account ?? null,
    mechanism: session.login?.mechanism ?? null,
  };
}
