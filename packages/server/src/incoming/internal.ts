/** Messages we write ourselves, as the flow takes them: notices of success, delay and failure. */

import { readHead } from '@merpati/formats/message/head.ts';
import type { Body } from '@merpati/store/contract.ts';
import type { JourneyId } from '@merpati/store/ids.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import { watchForSigning } from '../signing/sign-message.ts';
import type { Incoming, Recipient } from './incoming.ts';

export interface InternalMessage {
  readonly journey: JourneyId;
  readonly octets: Uint8Array;
  /** Reverse-path; notices have none: ''. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly smtputf8: boolean;
  readonly events: readonly JourneyEvent[];
}

/** Writes the body into the store, where nothing refers to it yet. */
export async function makeInternal(home: Home, message: InternalMessage): Promise<Incoming> {
  const head = readHead(message.octets);
  const nowUs = home.world.nowUs();
  const watcher = watchForSigning(home, head);
  watcher?.write(message.octets.subarray(head.length));
  return {
    journey: message.journey,
    id: formatJourneyId(message.journey),
    session: {
      kind: 'internal',
      id: 'internal',
      peer: null,
      hello: null,
      tls: null,
      account: null,
      mechanism: null,
    },
    envelope: {
      sender: message.sender,
      recipients: message.recipients.map(plainRecipient),
      body: '8bitmime',
      smtputf8: message.smtputf8,
      requireTls: false,
      envid: null,
      ret: null,
      holdUntilMs: null,
    },
    head,
    headOctets: head.length,
    body: await writeBody(home, message.octets),
    watcher,
    added: null,
    evidence: null,
    clickUs: null,
    startedUs: nowUs,
    arrivedUs: nowUs,
    events: message.events,
  };
}

/** Nobody is told what becomes of a notice. RFC 3461 §6.2. */
function plainRecipient(address: string): Recipient {
  return { address, notify: ['never'], orcpt: null, place: null };
}

async function writeBody(home: Home, octets: Uint8Array): Promise<Body> {
  const writer = home.store.newBody();
  try {
    await writer.write(octets);
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
