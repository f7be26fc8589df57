/**
 * Says where each recipient's copy goes: into a mailbox here, or on to another server. Aliases are
 * looked through here; an alias that leads elsewhere keeps the sender of the envelope (RFC 5321
 * §3.9.1).
 */

import { encodeXtext } from '@merpati/formats/smtp/xtext.ts';
import { needsUtf8, normalDomain, splitAddress } from '@merpati/formats/smtp/path.ts';
import type { QueueRecipient } from '@merpati/store/contract.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import { isFullFor, resolveAddress } from '../accounts/resolve.ts';
import type { LocalTarget } from '../accounts/resolve.ts';
import type { Home } from '../home.ts';
import { Refusal } from '../refusal.ts';
import type { RefusalCode } from '../refusal.ts';
import type { Incoming, Recipient } from '../incoming/incoming.ts';

/** A copy for one account. */
export interface LocalCopy extends LocalTarget {
  readonly recipient: Recipient;
}

export interface Routed {
  readonly refusal: Refusal | null;
  readonly here: readonly LocalCopy[];
  readonly elsewhere: readonly QueueRecipient[];
  /**
   * Recipients whose alias stands for others; their NOTIFY=SUCCESS means "expanded". RFC 3461
   * §5.2.7.
   */
  readonly expanded: readonly Recipient[];
  readonly events: readonly JourneyEvent[];
}

export async function route(home: Home, incoming: Incoming): Promise<Routed> {
  const here = new Map<number, LocalCopy>();
  const elsewhere = new Map<string, QueueRecipient>();
  const expanded: Recipient[] = [];
  const events: JourneyEvent[] = [];
  const { holdUntilMs } = incoming.envelope;

  const queue = (address: string, recipient: Recipient, forwarded: boolean): void => {
    const queued = queueRecipient(home, incoming, { address, recipient, forwarded });
    const known = elsewhere.get(queued.recipient);
    // Asked twice, told the more: the envelope's own NOTIFY wins over one that an alias brought
    // along.
    if (known === undefined || !forwarded) elsewhere.set(queued.recipient, queued);
  };

  for (const recipient of incoming.envelope.recipients) {
    const place = recipient.place ?? (await resolveAddress(home.store, recipient.address));
    switch (place.kind) {
      case 'not-ours':
        if (incoming.session.kind === 'smtp') return refused('relay-denied', 'We do not relay');
        queue(recipient.address, recipient, false);
        break;
      case 'unknown':
      case 'disguised':
        return refused('recipient-unknown', `There is no ${recipient.address} here`);
      case 'ours':
        // Held back (RFC 4865), it waits in the queue and comes here again when its time has come.
        if (holdUntilMs !== null) {
          queue(recipient.address, recipient, false);
          break;
        }
        if (place.accounts.some(({ account }) => account.state === 'disabled')) {
          return refused('recipient-disabled', `The mailbox of ${recipient.address} is closed`);
        }
        for (const target of place.accounts) {
          // One full mailbox behind an alias must not stand in the way of the others, and a report
          // of ours has nobody to go back to: they get a try of their own.
          const mayWait = place.viaAlias || incoming.session.kind === 'internal';
          const waits = mayWait && isFullFor(target.account, incoming.body.size);
          if (waits) queue(target.account.address, recipient, true);
          else if (!here.has(target.account.id)) {
            here.set(target.account.id, { ...target, recipient });
          }
        }
        for (const address of place.elsewhere) queue(address, recipient, true);
        if (place.accounts.length !== 1 || place.elsewhere.length > 0) expanded.push(recipient);
        if (place.viaAlias) events.push(aliasEvent(home, recipient, place));
        break;
      default:
        throw new Error(`unhandled place ${String(place satisfies never)}`);
    }
  }
  return {
    refusal: null,
    here: [...here.values()],
    elsewhere: [...elsewhere.values()],
    expanded,
    events,
  };
}

function refused(code: RefusalCode, message: string): Routed {
  const refusal = new Refusal(code, message);
  return { refusal, here: [], elsewhere: [], expanded: [], events: [] };
}

function queueRecipient(
  home: Home,
  incoming: Incoming,
  to: { address: string; recipient: Recipient; forwarded: boolean },
): QueueRecipient {
  const { address, recipient, forwarded } = to;
  const nowMs = home.world.nowMs();
  const dueMs = Math.max(nowMs, incoming.envelope.holdUntilMs ?? 0);
  const domain = splitAddress(address)?.domain ?? '';
  return {
    recipient: address,
    domain: normalDomain(domain) ?? domain.toLowerCase(),
    dueMs,
    expiresMs: dueMs + home.config.queue.expire_after_s * 1000,
    notify: forwarded ? notifyBeyondAlias(recipient.notify) : recipient.notify,
    orcpt: recipient.orcpt ?? (forwarded ? originalOf(recipient.address) : null),
  };
}

/** RFC 3461 §5.2.7.3: the success is ours to report, as "expanded"; failure and delay travel on. */
function notifyBeyondAlias(notify: Recipient['notify']): Recipient['notify'] {
  const rest = notify.filter((word) => word !== 'success');
  return rest.length === 0 && notify.length > 0 ? ['never'] : rest;
}

function originalOf(address: string): string | null {
  return needsUtf8(address) ? null : `rfc822;${encodeXtext(address)}`;
}

function aliasEvent(
  home: Home,
  recipient: Recipient,
  place: { readonly accounts: readonly LocalTarget[]; readonly elsewhere: readonly string[] },
): JourneyEvent {
  return {
    atUs: home.world.nowUs(),
    stage: 'route',
    state: 'ok',
    code: place.elsewhere.length > 0 ? 'route.forwarded' : 'route.alias',
    // How many, not who: members of an alias are not everybody's business.
    args: { here: place.accounts.length, elsewhere: place.elsewhere.length },
    rcpt: recipient.address,
  };
}
