/**
 * The notice that a message is in the mailbox (NOTIFY=SUCCESS). RFC 3461 §5.2.2, §5.2.7.3; RFC
 * 3464.
 */

import { composeDsn } from '@merpati/formats/message/dsn.ts';
import { needsUtf8, splitAddress } from '@merpati/formats/smtp/path.ts';
import { decodeXtext, readOrcpt } from '@merpati/formats/smtp/xtext.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import { findDomain } from '../accounts/resolve.ts';
import type { Home } from '../home.ts';
import { newJourneyId } from '../journey/new-id.ts';
import type { Incoming, Recipient } from './incoming.ts';
import { makeInternal } from './internal.ts';

/**
 * What was done for whom; a recipient that was expanded is in both when a mailbox here is behind
 * it.
 */
export interface Done {
  readonly delivered: readonly Recipient[];
  readonly expanded: readonly Recipient[];
}

/**
 * null: nobody to tell, or nothing to tell of. Throws SyntaxFault when the sender cannot be written
 * to.
 */
export async function successNotice(
  home: Home,
  incoming: Incoming,
  done: Done,
): Promise<Incoming | null> {
  const wanted = [...new Set([...done.delivered, ...done.expanded])].filter((recipient) =>
    recipient.notify.includes('success'),
  );
  if (wanted.length === 0 || !(await mayBeTold(home, incoming))) return null;
  const journey = newJourneyId(home.world);
  const { sender } = incoming.envelope;
  return makeInternal(home, {
    journey,
    octets: writeNotice(home, incoming, { wanted, done, id: formatJourneyId(journey) }),
    sender: '',
    recipients: [sender],
    smtputf8: needsUtf8(sender),
    events: [],
  });
}

/** Nobody answers the null sender, nor an address of ours that a stranger has used. */
async function mayBeTold(home: Home, { envelope, session }: Incoming): Promise<boolean> {
  if (envelope.sender === '') return false;
  if (session.kind !== 'smtp') return true;
  const domain = splitAddress(envelope.sender)?.domain ?? '';
  return (await findDomain(home.store, domain)) === null;
}

function writeNotice(
  home: Home,
  incoming: Incoming,
  about: { readonly wanted: readonly Recipient[]; readonly done: Done; readonly id: string },
): Uint8Array {
  const { hostname } = home.config;
  const { sender, envid, smtputf8 } = incoming.envelope;
  const expanded = new Set(about.done.expanded);
  const nowMs = home.world.nowMs();
  return composeDsn({
    reportingMta: hostname,
    arrivalMs: Math.floor(incoming.startedUs / 1000),
    envid: envid === null ? null : decodeXtext(envid),
    kind: about.wanted.every((recipient) => expanded.has(recipient)) ? 'expanded' : 'success',
    recipients: about.wanted.map((recipient) => ({
      final: recipient.address,
      original: originalOf(recipient),
      action: expanded.has(recipient) ? 'expanded' : 'delivered',
      status: '2.1.5',
      diagnostic: null,
      remoteMta: null,
      lastAttemptMs: nowMs,
      willRetryUntilMs: null,
    })),
    from: `postmaster@${hostname}`,
    to: sender,
    messageId: `${about.id}@${hostname}`,
    dateMs: nowMs,
    originalHead: headOf(incoming),
    utf8: smtputf8,
    boundarySeed: about.id,
  });
}

function originalOf(recipient: Recipient): string | null {
  const original = recipient.orcpt === null ? null : readOrcpt(recipient.orcpt);
  return original === null ? null : `${original.type};${original.address}`;
}

/** A success returns the header only: RET speaks of failures. RFC 3461 §4.3, §6.2. */
function headOf(incoming: Incoming): Uint8Array {
  return Buffer.concat(incoming.head.fields.map((field) => field.raw()));
}
