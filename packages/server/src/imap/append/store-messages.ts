/** Puts the messages that have come in into a mailbox, all of them or none. RFC 9051 §6.3.12. */

import { setOf } from '@merpati/formats/imap/sequence-set.ts';
import type { ResponseCode } from '@merpati/formats/imap/response-code.ts';
import type { Append, AppendedMessage } from '@merpati/store/contract.ts';
import { newJourneyId } from '../../journey/new-id.ts';
import { permittedFlags } from '../access/needs.ts';
import { type Answer, no } from '../command-row.ts';
import { bitsOf } from '../flag-bits.ts';
import type { Place } from '../mailboxes/find.ts';
import { withProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { noSuchMailbox, overQuota } from '../transfer.ts';
import type { TakenMessage } from './take-messages.ts';

export interface Storing {
  readonly tag: string;
  readonly place: Place;
  readonly messages: readonly TakenMessage[];
  readonly replaces: Append['replaces'];
  readonly startedUs: number;
}

export type Stored =
  | { readonly ok: true; readonly code: Extract<ResponseCode, { code: 'APPENDUID' }> }
  | { readonly ok: false; readonly answer: Answer };

export async function storeMessages(session: Session, storing: Storing): Promise<Stored> {
  const { place, messages, replaces } = storing;
  const work = session.store.append({
    account: place.owner,
    mailbox: place.status.id,
    key: null,
    messages: messages.map((message) => appendedOf(session, storing, message)),
    replaces,
    nowMs: session.home.world.nowMs(),
  });
  const done = await withProgress(session, storing.tag, work);
  if (done.ok) {
    const uids = setOf(done.stored.map((one) => one.uid));
    return { ok: true, code: { code: 'APPENDUID', uidValidity: done.uidValidity, uids } };
  }
  switch (done.code) {
    case 'no-mailbox':
      return { ok: false, answer: noSuchMailbox };
    case 'over-quota':
      return { ok: false, answer: overQuota };
    case 'no-message':
      return { ok: false, answer: no('The message to replace is gone', { code: 'EXPUNGEISSUED' }) };
    default:
      return done.code satisfies never;
  }
}

function appendedOf(
  session: Session,
  { place, startedUs }: Storing,
  { begun, body, summary }: TakenMessage,
): AppendedMessage {
  const { world } = session.home;
  const { account } = session.login;
  // Flags without a right are left away, the message is stored all the same. RFC 4314 §4.
  const flags = permittedFlags(place.rights, begun.flags);
  return {
    head: {
      id: newJourneyId(world),
      startedUs,
      direction: 'local',
      sender: account.address,
      recipients: [],
      messageId: summary.messageId,
      subject: summary.subject,
      size: body.size,
      submittedBy: account.id,
    },
    events: [],
    body,
    flags: bitsOf(flags.system),
    keywords: flags.keywords,
    internalDateMs: begun.internalDateMs ?? world.nowMs(),
    summary,
  };
}
