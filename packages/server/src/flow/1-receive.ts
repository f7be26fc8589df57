/**
 * The way of a message through this server, from its last octet to the answer: judge, route, sign,
 * deliver, notify. Whoever takes messages in (SMTP, submission, our own notices) comes through
 * here.
 */

import type { Acceptance } from '@merpati/store/contract.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { Incoming } from '../incoming/incoming.ts';
import { noteRefused } from '../incoming/refused.ts';
import { Refusal } from '../refusal.ts';
import { signMessage } from '../signing/sign-message.ts';
import { judge } from './2-judge.ts';
import { route } from './3-route.ts';
import { acceptanceOf, deliver } from './4-deliver.ts';
import type { Decided } from './4-deliver.ts';
import { notify } from './5-notify.ts';

export type Receipt =
  /** Durable, in mailboxes, in the queue, or in both. */
  { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal };

/** Takes the responsibility for a message, or refuses it; nothing in between. */
export async function receive(home: Home, incoming: Incoming): Promise<Receipt> {
  const decided = await decide(home, incoming);
  if ('refusal' in decided) return refuse(home, incoming, decided);

  const stored = await deliver(home, incoming, decided);
  if (stored instanceof Refusal) {
    return refuse(home, incoming, { refusal: stored, events: decided.verdict.events });
  }

  const { account } = incoming.session;
  if (account !== null) home.alarms?.sent(account.id, incoming.journey);
  notify(home, incoming, { ...decided, stored, receive });
  return { ok: true };
}

/**
 * The same up to the transaction, for who has one of its own to put it in: the queue settles a
 * failed delivery and accepts the notice of it at once.
 */
export async function prepare(home: Home, incoming: Incoming): Promise<Acceptance | Refusal> {
  const decided = await decide(home, incoming);
  return 'refusal' in decided ? decided.refusal : acceptanceOf(home, incoming, decided);
}

interface Refused {
  readonly refusal: Refusal;
  /** What was found on the way. */
  readonly events: readonly JourneyEvent[];
}

async function decide(home: Home, incoming: Incoming): Promise<Decided | Refused> {
  const verdict = await judge(home, incoming);
  const { events } = verdict;
  if (verdict.refusal !== null) return { refusal: verdict.refusal, events };
  const routed = await route(home, incoming);
  if (routed.refusal === null) {
    return { verdict, routed, signed: await signMessage(home, incoming) };
  }
  return { refusal: routed.refusal, events: [...events, ...routed.events] };
}

function refuse(home: Home, incoming: Incoming, refused: Refused): Receipt {
  const { account } = incoming.session;
  if (account !== null && refused.refusal.code === 'over-sending-limit') {
    home.alarms?.overLimit(account.id, incoming.journey);
  }
  void noteRefused(home, incoming, refused);
  return { ok: false, refusal: refused.refusal };
}
