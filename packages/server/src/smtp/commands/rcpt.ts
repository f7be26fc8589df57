/**
 * RCPT: each recipient is verified here, so that no bounce is ever needed for one we should have
 * refused. RFC 5321 §4.1.1.3, §3.6 (no relay), §4.5.1 (postmaster), §4.5.3.1.8 and .10 (how many).
 */

import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import { isFullFor, resolveAddress } from '../../accounts/resolve.ts';
import type { Resolution } from '../../accounts/resolve.ts';
import { Refusal } from '../../refusal.ts';
import { admit } from '../admit.ts';
import { isGreylisted } from '../greylist.ts';
import { replies } from '../replies.ts';
import type { CommandRow, Session, Transaction } from '../session.ts';

export const rcpt: CommandRow<'RCPT'> = {
  verb: 'RCPT',
  states: ['mail', 'rcpt'],
  async run(session, { to, parameters }) {
    const transaction = session.transaction;
    if (transaction === null) throw new Error('RCPT without a transaction');
    transaction.recipientsTried += 1;
    if (transaction.recipients.length >= session.home.config.limits.recipients_max) {
      throw new Refusal('too-many-recipients', 'That is the most recipients for one message');
    }
    if (needsUtf8(to.text) && !transaction.parameters.smtputf8) {
      throw new Refusal('utf8-not-announced', 'That address needs MAIL with SMTPUTF8');
    }
    const place = await resolveAddress(session.home.store, to.text);
    checkPlace(session, to.text, place);
    if (place.kind === 'ours') checkMailboxes(transaction, to.text, place);
    if (session.service === 'smtp') {
      const admitted = admit(session, transaction, { address: to.text, place });
      if (admitted instanceof Promise) await admitted;
    }
    if (isGreylisted(session, transaction.sender, to.text)) {
      throw new Refusal('greylisted', 'Greylisted, please try again in a minute');
    }
    // A list with some stale addresses is not a harvest.
    if (session.errors > 0 && isNews(transaction, place)) session.errors -= 1;
    transaction.recipients.push({ address: to.text, ...parameters, place });
    session.state = 'rcpt';
    return replies.recipientOk;
  },
};

/** Somebody not named before: one address that is known, with ever new +tags, proves nothing. */
function isNews(transaction: Transaction, place: Resolution): boolean {
  const target = targetOf(place);
  return target === null || !transaction.recipients.some((one) => targetOf(one.place) === target);
}

/** null: somebody elsewhere, for whom only our own users ask. */
function targetOf(place: Resolution | null): number | string | null {
  if (place?.kind !== 'ours') return null;
  return place.accounts[0]?.account.id ?? place.elsewhere[0] ?? null;
}

function checkPlace(session: Session, address: string, place: Resolution): void {
  if (place.kind === 'unknown') {
    throw new Refusal('recipient-unknown', `There is no ${address} here`);
  }
  if (place.kind === 'disguised' || (place.kind === 'not-ours' && session.service === 'smtp')) {
    throw new Refusal('relay-denied', `We do not relay, and ${address} is not ours`);
  }
}

/** An alias is closed or full when nobody behind it can take the message. */
function checkMailboxes(
  transaction: Transaction,
  address: string,
  place: Extract<Resolution, { kind: 'ours' }>,
): void {
  if (place.elsewhere.length > 0) return;
  const accounts = place.accounts.map((target) => target.account);
  if (accounts.every((account) => account.state === 'disabled')) {
    throw new Refusal('recipient-disabled', `The mailbox of ${address} is closed`);
  }
  if (accounts.every((account) => isFullFor(account, transaction.parameters.size ?? 0))) {
    throw new Refusal('recipient-over-quota', `The mailbox of ${address} is full`);
  }
}
