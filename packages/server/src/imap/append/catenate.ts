/** Parts of messages that are there already, for CATENATE. RFC 4469 §3, §4; RFC 5092. */

import { cutSection } from '@merpati/formats/imap/section.ts';
import { type MessageUrl, readMessageUrl } from '@merpati/formats/imap/url.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { AccountId, MailboxId } from '@merpati/store/ids.ts';
import { uid } from '@merpati/store/ids.ts';
import { mayDo } from '../access/rights.ts';
import { MessageBody } from '../fetch/message-body.ts';
import { findPlace } from '../mailboxes/find.ts';
import type { Session } from '../session.ts';
import type { MessageIntake } from './message-intake.ts';

/** Puts what the URL names into the message. false: there is no such thing for this user. */
export async function takeUrl(
  session: Session,
  url: string,
  intake: MessageIntake,
): Promise<boolean> {
  const named = readUrl(url);
  const source = named === null ? null : await findSource(session, named);
  if (named === null || source === null) return false;
  const { store } = session;
  const wanted = uid(named.uid);
  const slice = { fromUid: wanted, toUid: wanted, limit: 1 };
  const [row] = await store.flagRows(source.owner, source.mailbox, slice);
  if (row === undefined) return false;
  const body = await MessageBody.open(store, { owner: source.owner, content: row.content });
  const section = (await body?.find(named.section)) ?? null;
  if (body === null || section === null) return false;
  for await (const chunk of body.read(cutSection(section, named.partial))) {
    await intake.write(chunk);
  }
  return true;
}

function readUrl(url: string): MessageUrl | null {
  try {
    return readMessageUrl(url);
  } catch (error) {
    if (error instanceof SyntaxFault) return null;
    throw error;
  }
}

async function findSource(
  session: Session,
  { mailbox, uidValidity }: MessageUrl,
): Promise<{ readonly owner: AccountId; readonly mailbox: MailboxId } | null> {
  const found = mailbox === null ? selectedPlace(session) : await namedPlace(session, mailbox);
  if (found === null || !mayDo(found.rights, 'r')) return null;
  return uidValidity === null || uidValidity === found.uidValidity ? found : null;
}

function selectedPlace({ selected }: Session) {
  return selected;
}

async function namedPlace(session: Session, name: string) {
  const place = await findPlace(session, name);
  if (place === null) return null;
  const { owner, rights, status } = place;
  return { owner, mailbox: status.id, rights, uidValidity: status.uidValidity };
}
