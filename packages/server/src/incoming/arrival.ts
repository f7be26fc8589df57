/**
 * What the journey tells of a message's arrival: click, connection, TLS, login, and what others
 * claim.
 */

import type { JourneyEvent, Stage } from '@merpati/store/journey.ts';
import { claimedHops } from './claimed-hops.ts';
import type { Home } from '../home.ts';
import type { Arrived, Incoming } from './incoming.ts';

/** In order of time; `dateMs` is that of the Date field. */
export function arrivalEvents(incoming: Arrived, dateMs: number | null): JourneyEvent[] {
  const { session, clickUs, startedUs } = incoming;
  if (session.kind === 'queue') {
    return [{ atUs: startedUs, stage: 'queue', state: 'ok', code: 'queue.here' }];
  }
  const events: JourneyEvent[] = [];
  if (clickUs !== null) {
    events.push({ atUs: clickUs, stage: 'click', state: 'claimed', code: 'click.told' });
  } else if (dateMs !== null && session.kind !== 'internal') {
    events.push({ atUs: dateMs * 1000, stage: 'click', state: 'claimed', code: 'click.date' });
  }
  if (session.kind === 'smtp') events.push(...claimedHops(incoming.head));
  events.push(...incoming.events, ...sessionEvents(incoming));
  return events;
}

function sessionEvents(incoming: Arrived): JourneyEvent[] {
  const { session, envelope, startedUs, arrivedUs } = incoming;
  const stage: Stage = session.kind === 'smtp' ? 'receive' : 'submit';
  const recipients = envelope.recipients.length;
  const size = incoming.body.size;
  if (session.kind === 'internal' || session.peer === null) {
    return [
      { atUs: startedUs, stage, state: 'ok', code: 'submit.internal', args: { size, recipients } },
    ];
  }
  const { address, port } = session.peer;
  const hello = session.hello?.name ?? null;
  const events: JourneyEvent[] = [
    {
      atUs: startedUs,
      stage,
      state: 'ok',
      code: 'receive.connected',
      args: { ip: address, port, hello },
    },
  ];
  if (session.tls === null) {
    events.push({ atUs: startedUs, stage: 'tls', state: 'info', code: 'receive.plain' });
  } else {
    const { protocol, cipher } = session.tls;
    const args = { protocol, cipher };
    events.push({ atUs: startedUs, stage: 'tls', state: 'ok', code: 'receive.tls', args });
  }
  if (session.account !== null) {
    const args = { account: session.account.address, mechanism: session.mechanism };
    events.push({ atUs: startedUs, stage: 'auth', state: 'ok', code: 'submit.login', args });
  }
  const code = session.kind === 'smtp' ? 'receive.message' : 'submit.message';
  const durUs = Math.max(0, arrivedUs - startedUs);
  events.push({ atUs: arrivedUs, stage, state: 'ok', code, args: { size, recipients }, durUs });
  return events;
}

/** This server has it from now on. */
export function acceptEvents(home: Home, { id, session }: Incoming): JourneyEvent[] {
  if (session.kind === 'queue') return []; // accepted when it came in
  const args = { by: home.config.hostname, reply: `250 2.0.0 Ok: ${id}` };
  return [{ atUs: home.world.nowUs(), stage: 'accept', state: 'ok', code: 'accept.ok', args }];
}
