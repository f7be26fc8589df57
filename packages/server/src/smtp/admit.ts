/**
 * Who connects, and may they send to this recipient now? With the first recipient that is ours the
 * questions about the client begin; whoever only tries addresses makes nobody ask the DNS.
 */

import { isGood, listRefusal } from '../checks/dns-lists.ts';
import { greylist } from '../checks/greylist.ts';
import { Inspection } from '../checks/inspection.ts';
import { isTrusted } from '../checks/settings.ts';
import type { Recipient } from '../incoming/incoming.ts';
import type { Session, Transaction } from './session.ts';

/** Throws Refusal. A promise only when there is something to wait for. */
export function admit(
  session: Session,
  transaction: Transaction,
  recipient: Pick<Recipient, 'address' | 'place'>,
): void | Promise<void> {
  const { home, wire, hello } = session;
  const { checks } = home.config;
  const ip = wire.remote.address;
  if (isTrusted(home.config, ip)) return;
  if (checks.authentication !== 'off') {
    const { sender } = transaction;
    transaction.inspection ??= new Inspection(home, { ip, hello: hello?.name ?? '', sender });
  }
  const asksLists = transaction.inspection !== null && checks.lists.some(({ refuse }) => refuse);
  // RFC 5321 §4.5.1: who has trouble with us must be able to say so.
  const isPostmaster = /^postmaster(?:@|$)/i.test(recipient.address);
  if (isPostmaster || (!asksLists && !checks.greylist)) return;
  return admitKnown(session, transaction, recipient);
}

async function admitKnown(
  { home, wire }: Session,
  { inspection, sender }: Transaction,
  { address, place }: Pick<Recipient, 'address' | 'place'>,
): Promise<void> {
  const ip = wire.remote.address;
  const listings = (await inspection?.listsNow()) ?? [];
  const refusal = listRefusal(listings, ip);
  if (refusal !== null) throw refusal;
  if (!home.config.checks.greylist || listings.some(isGood)) return;
  const accounts = place?.kind === 'ours' ? place.accounts.map(({ account }) => account.id) : [];
  const wait = await greylist(home, { ip, sender, recipient: address, accounts });
  if (wait !== null) throw wait;
}
