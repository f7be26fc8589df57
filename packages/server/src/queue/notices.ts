/**
 * From decisions to the notices that follow from them: one for each kind of report, so that ten
 * failed recipients of a message are one letter, not ten. Each comes with what the journey tells of
 * it.
 */

import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import {
  CorruptBlob,
  type Acceptance,
  type QueueItem,
  type StoredBody,
} from '@merpati/store/contract.ts';
import { formatJourneyId, type JourneyEvent } from '@merpati/store/journey.ts';
import { prepare } from '../flow/1-receive.ts';
import type { Home } from '../home.ts';
import { newJourneyId } from '../journey/new-id.ts';
import { Refusal } from '../refusal.ts';
import { makeInternal } from '../incoming/internal.ts';
import { writeNotice } from './notice.ts';
import { whyWithheld } from './notice-policy.ts';
import type { Decision, Report } from './outcome.ts';

export interface Notices {
  readonly acceptances: readonly Acceptance[];
  /** For the journey of the message that they are about. */
  readonly events: readonly JourneyEvent[];
}

export const noNotices: Notices = { acceptances: [], events: [] };

const kinds = ['failure', 'delay', 'relayed'] as const;

/** All decisions are about one message. */
export async function prepareNotices(home: Home, decisions: readonly Decision[]): Promise<Notices> {
  const reported = decisions.filter(({ report }) => report !== null);
  if (reported.length === 0) return noNotices;
  const acceptances: Acceptance[] = [];
  const events: JourneyEvent[] = [];
  for (const kind of kinds) {
    const wanted: Decision[] = [];
    for (const decision of reported) {
      if (decision.report?.kind !== kind) continue;
      const withheld = await whyWithheld(home.store, decision.item, kind);
      if (withheld === null) wanted.push(decision);
      else if (withheld !== 'not-wanted') {
        events.push(
          tell(home, 'notice.withheld', { kind, why: withheld }, decision.item.recipient),
        );
      }
    }
    if (wanted.length === 0) continue;
    const made = await prepareNotice(home, kind, wanted);
    events.push(made.event);
    if (made.acceptance !== null) acceptances.push(made.acceptance);
  }
  return { acceptances, events };
}

async function prepareNotice(
  home: Home,
  kind: Report['kind'],
  decisions: readonly Decision[],
): Promise<{ readonly acceptance: Acceptance | null; readonly event: JourneyEvent }> {
  const item = (decisions[0] as Decision).item;
  const { sender } = item.message;
  const journey = newJourneyId(home.world);
  const id = formatJourneyId(journey);
  const failed = (why: string) => ({
    acceptance: null,
    event: tell(home, 'notice.impossible', { kind, to: sender, why }),
  });
  let octets: Uint8Array;
  try {
    const original = await readOriginal(home, item);
    const nowMs = home.world.nowMs();
    octets = await writeNotice(home.config, { kind, decisions, original, id, nowMs });
  } catch (error) {
    if (error instanceof SyntaxFault) return failed(error.message);
    throw error;
  }
  const about = formatJourneyId(item.journey);
  const incoming = await makeInternal(home, {
    journey,
    octets,
    sender: '',
    recipients: [sender],
    smtputf8: needsUtf8(sender),
    events: [tell(home, 'notice.about', { kind, journey: about })],
  });
  const prepared = await prepare(home, incoming);
  if (prepared instanceof Refusal) return failed(prepared.message);
  return {
    acceptance: prepared,
    event: tell(home, 'notice.sent', { kind, to: sender, journey: id }),
  };
}

/** A body that is damaged is told to the operator; the notice goes without it. */
async function readOriginal(home: Home, item: QueueItem): Promise<StoredBody | null> {
  try {
    return await home.store.readQueued(item);
  } catch (error) {
    if (!(error instanceof CorruptBlob)) throw error;
    home.log.error({ event: 'store.corrupt', journey: formatJourneyId(item.journey), err: error });
    return null;
  }
}

function tell(
  home: Home,
  code: string,
  args: NonNullable<JourneyEvent['args']>,
  rcpt?: string,
): JourneyEvent {
  return {
    atUs: home.world.nowUs(),
    stage: 'notify',
    state: code === 'notice.impossible' ? 'warn' : 'info',
    code,
    args,
    ...(rcpt === undefined ? {} : { rcpt }),
  };
}
