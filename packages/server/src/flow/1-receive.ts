/**
 * The way of a message through this server, from its last octet to the answer: judge, route,
 * deliver, notify. Whoever takes messages in (SMTP, submission, our own notices) comes through
 * here.
 */

import type { Acceptance } from '@merpati/store/contract.ts';
import type { Home } from '../home.ts';
import type { Incoming } from '../incoming/incoming.ts';
import { Refusal } from '../refusal.ts';
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
  if (decided instanceof Refusal) return { ok: false, refusal: decided };

  const stored = await deliver(home, incoming, decided);
  if (stored instanceof Refusal) return { ok: false, refusal: stored };

  notify(home, incoming, { routed: decided.routed, receive });
  return { ok: true };
}

/**
 * The same up to the transaction, for who has one of its own to put it in: the queue settles a
 * failed delivery and accepts the notice of it at once.
 */
export async function prepare(home: Home, incoming: Incoming): Promise<Acceptance | Refusal> {
  const decided = await decide(home, incoming);
  return decided instanceof Refusal ? decided : acceptanceOf(home, incoming, decided);
}

async function decide(home: Home, incoming: Incoming): Promise<Decided | Refusal> {
  const verdict = await judge(home, incoming);
  if (verdict.refusal !== null) return verdict.refusal;
  const routed = await route(home, incoming);
  return routed.refusal ?? { verdict, routed };
}
