/**
 * Mail in the queue for people of this very server: it was held back until now (RFC 4865), or the
 * domain has become ours since. It goes through the flow like any other; the key of the delivery
 * sees to it that a second try after a crash stores nothing twice.
 *
 * LIMIT: a copy that was for Junk and had to wait (a full mailbox behind an alias) comes into the
 * inbox; its Authentication-Results still says what was found.
 */

import { concat } from '@merpati/formats/bytes.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { headLimits } from '@merpati/formats/message/limits.ts';
import type { Body, QueueItem, StoredBody } from '@merpati/store/contract.ts';
import { findDomain } from '../accounts/resolve.ts';
import { failure, type Verdict } from '../delivery/verdict.ts';
import { receive } from '../flow/1-receive.ts';
import type { Home } from '../home.ts';
import type { RefusalCode } from '../refusal.ts';
import { makeInternal } from '../incoming/internal.ts';
import type { Group } from './groups.ts';

export async function isOurs(home: Home, domain: string): Promise<boolean> {
  return (await findDomain(home.store, domain)) !== null;
}

/** One verdict for each item, in their order. */
export async function deliverHere(home: Home, group: Group): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  // One by one: a full mailbox must not stand in the way of the others.
  for (const item of group.items) verdicts.push(await deliverItem(home, item));
  return verdicts;
}

async function deliverItem(home: Home, item: QueueItem): Promise<Verdict> {
  const { message } = item;
  const stored = await home.store.readQueued(item);
  const made = await makeInternal(home, {
    journey: item.journey,
    octets: new Uint8Array(0),
    sender: message.sender,
    recipients: [],
    smtputf8: message.smtputf8,
    events: [],
  });
  const { body, headOctets, head } = await copyBody(home, stored);
  const receipt = await receive(home, {
    ...made,
    session: { ...made.session, kind: 'queue', id: 'queue' },
    body,
    head,
    headOctets,
    envelope: {
      ...made.envelope,
      body: message.bodyType,
      requireTls: message.requireTls,
      envid: message.envid,
      ret: message.ret,
      recipients: [
        { address: item.recipient, notify: item.notify, orcpt: item.orcpt, place: null },
      ],
    },
  });
  if (receipt.ok) {
    const text = 'delivered on this server';
    return { kind: 'delivered', status: '2.1.5', text, remote: null, reportsItself: true };
  }
  const { again, status } = meanings[receipt.refusal.code] ?? { again: 'later', status: '4.3.0' };
  return failure(again, status, receipt.refusal.message);
}

/**
 * Prefix and blob become one blob of its own: what was a queue's trace is now part of the message.
 */
async function copyBody(home: Home, stored: StoredBody) {
  const writer = home.store.newBody();
  const first: Uint8Array[] = [];
  let kept = 0;
  try {
    for await (const chunk of stored.chunks()) {
      if (kept < headLimits.headBytesMax) {
        first.push(chunk);
        kept += chunk.length;
      }
      await writer.write(chunk);
    }
    const body: Body = await writer.finish();
    const head = readHead(concat(first));
    return { body, head, headOctets: head.length };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const meanings: Partial<Record<RefusalCode, { again: 'later' | 'never'; status: string }>> = {
  'recipient-unknown': { again: 'never', status: '5.1.1' },
  'recipient-disabled': { again: 'later', status: '4.2.1' },
  'recipient-over-quota': { again: 'later', status: '4.2.2' },
  loop: { again: 'never', status: '5.4.6' },
};
