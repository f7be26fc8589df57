/**
 * The end of DATA and of the last BDAT: what has come in goes the way of the flow, and its answer
 * is the client's.
 */

import { readHead } from '@merpati/formats/message/head.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';
import { receive } from '../flow/1-receive.ts';
import { newJourneyId } from '../journey/new-id.ts';
import { cutSecretFields, missingFields } from './fix-head.ts';
import { foreignMessage } from './foreign-head.ts';
import type { Arrived, BodyWatcher, Incoming, SessionFacts } from '../incoming/incoming.ts';
import { noteRefused } from '../incoming/refused.ts';
import { Refusal } from '../refusal.ts';
import type { Intake, IntakeOptions, TakenMessage } from './intake.ts';
import { watchForSigning } from '../signing/sign-message.ts';
import { reply } from './replies.ts';
import { resetTransaction } from './session.ts';
import type { Session, Transaction } from './session.ts';

export function intakeOptions(session: Session): IntakeOptions {
  const { home, service } = session;
  return {
    store: home.store,
    octetsMax: home.config.limits.message_bytes_max,
    checkNewlines: false,
    ...(service === 'smtp'
      ? foreignMessage(session)
      : { mend: cutSecretFields, watch: (head) => watchForSigning(home, head) }),
  };
}

/** Ends the transaction, whatever becomes of it. */
export async function takeMessage(session: Session, intake: Intake): Promise<Reply> {
  const { transaction, home } = session;
  if (transaction === null) throw new Error('a message without a transaction');
  try {
    const arrivedUs = home.world.nowUs();
    const taken = await finish(session, intake);
    const incoming = incomingOf(session, transaction, {
      taken,
      watcher: intake.watcher,
      arrivedUs,
    });
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

async function finish(session: Session, intake: Intake): Promise<TakenMessage> {
  try {
    return await intake.finish();
  } catch (error) {
    noteUntaken(session, intake, error);
    throw error;
  }
}

/** A message that is refused while it comes in: its journey says so. */
export function noteUntaken(session: Session, intake: Intake, error: unknown): void {
  const { transaction, home } = session;
  if (transaction === null || !(error instanceof Refusal)) return;
  const arrived = arrivedOf(session, transaction, {
    head: intake.head ?? readHead(new Uint8Array(0)),
    body: { size: intake.receivedOctets },
    arrivedUs: home.world.nowUs(),
  });
  void noteRefused(home, arrived, { refusal: error, events: [] });
}

function incomingOf(
  session: Session,
  transaction: Transaction,
  from: {
    readonly taken: TakenMessage;
    readonly watcher: BodyWatcher | null;
    readonly arrivedUs: number;
  },
): Incoming {
  const { taken, watcher, arrivedUs } = from;
  const { head, headOctets, body } = taken;
  const arrived = arrivedOf(session, transaction, { head, body, arrivedUs });
  const account = session.login?.account ?? null;
  const nowMs = session.home.world.nowMs();
  const added =
    account === null
      ? null
      : missingFields(head, { nowMs, id: arrived.id, address: account.address });
  const evidence = transaction.inspection?.evidence() ?? null;
  return { ...arrived, headOctets, body, watcher, added, evidence };
}

function arrivedOf(
  session: Session,
  transaction: Transaction,
  what: Pick<Arrived, 'head' | 'body' | 'arrivedUs'>,
): Arrived {
  const { parameters } = transaction;
  const journey = newJourneyId(session.home.world);
  const { holdForS, holdUntilMs } = parameters;
  const arrivedMs = Math.floor(what.arrivedUs / 1000);
  return {
    ...what,
    journey,
    id: formatJourneyId(journey),
    session: factsOf(session),
    envelope: {
      sender: transaction.sender,
      recipients: transaction.recipients,
      body: parameters.body ?? '7bit',
      smtputf8: parameters.smtputf8,
      requireTls: parameters.requireTls,
      envid: parameters.envid,
      ret: parameters.ret,
      holdUntilMs: holdForS === null ? holdUntilMs : arrivedMs + holdForS * 1000,
    },
    clickUs: parameters.clickUs,
    startedUs: transaction.startedUs,
    events: transaction.events,
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
