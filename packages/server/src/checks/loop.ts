/**
 * Messages that go in circles: too many Received fields, or delivered here before. RFC 5321 §6.3;
 * RFC 9228.
 */

import { Refusal } from '../refusal.ts';
import { checkLimits } from './limits.ts';
import type { Incoming } from '../incoming/incoming.ts';
import type { Check } from './check.ts';

export const loop: Check = {
  kinds: ['smtp', 'submission', 'internal', 'queue'],
  run(_home, incoming) {
    let hops = 0;
    let deliveredTo: string | null = null;
    for (const field of incoming.head.fields) {
      if (field.key === 'received') hops += 1;
      else if (field.key === 'delivered-to')
        deliveredTo ??= loopingAddress(field.value(), incoming);
    }
    if (hops < checkLimits.receivedMax && deliveredTo === null) return null;
    return {
      code: 'check.loop',
      state: 'fail',
      weight: 0,
      args: { hops, address: deliveredTo },
      refusal: new Refusal(
        'loop',
        deliveredTo === null
          ? `This message has passed ${hops} servers, it goes in circles`
          : `This message was delivered to ${deliveredTo} before, it goes in circles`,
      ),
    };
  },
};

/** The address, when it would be delivered there again by a message on its way between servers. */
function loopingAddress(address: string, incoming: Incoming): string | null {
  if (incoming.session.kind !== 'smtp') return null;
  for (const { place } of incoming.envelope.recipients) {
    if (place?.kind !== 'ours') continue;
    // Only where we forward can a message come back; who resends an old message to us makes no
    // circle.
    const isForwarded = place.elsewhere.length > 0;
    if (isForwarded && place.accounts.some((target) => target.address === address)) return address;
  }
  return null;
}
