/** The notice that a message is in the mailbox (NOTIFY=SUCCESS). RFC 3461 §5.2.2, §5.2.7.3; RFC 3464. */

import { composeDsn } from '@merpati/formats/message/dsn.ts';
import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import { decodeXtext, readOrcpt } from '@merpati/formats/smtp/xtext.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import type { Routed } from '../flow/3-route.ts';
import type { Home } from '../home.ts';
import { newJourneyId } from '../journey/new-id.ts';
import type { Incoming, Recipient } from './incoming.ts';
import { makeInternal } from './internal.ts';

/** null: nobody to tell, or nothing to tell of. */
export async function successNotice(
  home: Home,
  incoming: Incoming,
  routed: Routed,
): Promise<Incoming | null> {
  const { sender, envid, smtputf8 } = incoming.envelope;
  if (sender === '') return null;
  const expanded = new Set(routed.expanded);
  const delivered = routed.here.map((copy) => copy.recipient).filter((one) => !expanded.has(one));
  const wanted = [...new Set([...delivered, ...expanded])].filter((one) =>
    one.notify.includes('success'),
  );
  if (wanted.length === 0) return null;
  const nowMs = home.world.nowMs();
  const journey = newJourneyId(home.world);
  const id = formatJourneyId(journey);
  const octets = composeDsn({
    reportingMta: home.config.hostname,
    arrivalMs: Math.floor(incoming.startedUs / 1000),
    envid: envid === null ? null : decodeXtext(envid),
    kind: delivered.length > 0 ? 'success' : 'expanded',
    recipients: wanted.map((recipient) => ({
      final: recipient.address,
      original: originalOf(recipient),
      action: expanded.has(recipient) ? 'expanded' : 'delivered',
      status: '2.1.5',
      diagnostic: null,
      remoteMta: null,
      lastAttemptMs: nowMs,
      willRetryUntilMs: null,
    })),
    from: `postmaster@${home.config.hostname}`,
    to: sender,
    messageId: `${id}@${home.config.hostname}`,
    dateMs: nowMs,
    originalHead: headOf(incoming),
    utf8: smtputf8,
    boundarySeed: id,
  });
  return makeInternal(home, {
    journey,
    octets,
    sender: '',
    recipients: [sender],
    smtputf8: needsUtf8(sender),
    events: [],
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
