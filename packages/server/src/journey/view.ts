/**
 * A journey as somebody may see it: gathered from every server of this process that the message
 * passed, and without what is not for these eyes. A recipient sees the sender, and of the
 * recipients only themselves; nobody but those concerned sees the subject.
 */

import type { AccountRow } from '@merpati/store/contract.ts';
import type { JourneyId } from '@merpati/store/ids.ts';
import {
  formatJourneyId,
  readJourneyId,
  type JourneyEvent,
  type JourneyHead,
  type RecordedEvent,
} from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';

export interface ShownEvent extends JourneyEvent {
  readonly journey: string;
  readonly seq: number;
  /** Host name of the server that saw it. */
  readonly server: string;
}

export interface ShownHead extends Omit<JourneyHead, 'id' | 'submittedBy'> {
  readonly id: string;
  readonly server: string;
}

export interface JourneyView {
  readonly head: ShownHead;
  readonly events: readonly ShownEvent[];
}

/** Whose view it is; null: the owner of the machine, who sees everything but subjects. */
export interface Viewer {
  readonly home: Home;
  readonly account: AccountRow;
  /** Addresses that lead to the account. */
  readonly addresses: ReadonlySet<string>;
  readonly submitted: boolean;
}

/** Servers a journey is followed over: more would be a loop. */
const serversMax = 8;

/** The journey with what other homes of this process know of the same message, in order of time. */
export async function gatherJourney(
  homes: readonly Home[],
  start: { readonly home: Home; readonly id: JourneyId },
): Promise<JourneyView | null> {
  const found = await start.home.store.journey(start.id);
  if (found === null) return null;
  const events = found.events.map((event) => shown(start.home, event));
  const seen = new Set([formatJourneyId(start.id)]);
  for (let i = 0; i < events.length && seen.size < serversMax; i += 1) {
    const next = events[i]?.args?.['remoteJourney'];
    if (typeof next !== 'string' || seen.has(next)) continue;
    seen.add(next);
    events.push(...(await remoteEvents(homes, next)));
  }
  events.sort((a, b) => a.atUs - b.atUs);
  return { head: shownHead(start.home, found.head), events };
}

async function remoteEvents(homes: readonly Home[], text: string): Promise<ShownEvent[]> {
  const id = readJourneyId(text);
  if (id === null) return [];
  for (const home of homes) {
    const found = await home.store.journey(id);
    if (found === null) continue;
    // What it was told about the way before it, we have seen ourselves.
    const seen = found.events.filter((event) => event.state !== 'claimed');
    return seen.map((event) => shown(home, event));
  }
  return [];
}

/** Where a message that another home of this process received came from; null: from elsewhere. */
export async function originOf(
  homes: readonly Home[],
  at: { readonly home: Home; readonly head: JourneyHead },
): Promise<{ home: Home; id: JourneyId } | null> {
  const { messageId, id } = at.head;
  if (messageId === null) return null;
  const text = formatJourneyId(id);
  for (const home of homes) {
    if (home === at.home) continue;
    for (const head of await home.store.journeys({ messageId, limit: 5 })) {
      const journey = await home.store.journey(head.id);
      const leadsHere = journey?.events.some((event) => event.args?.['remoteJourney'] === text);
      if (leadsHere === true) return { home, id: head.id };
    }
  }
  return null;
}

export function shown(home: Home, event: RecordedEvent): ShownEvent {
  return { ...event, journey: formatJourneyId(event.journey), server: home.config.hostname };
}

export function shownHead(home: Home, head: JourneyHead): ShownHead {
  const { startedUs, direction, sender, recipients, messageId, subject, size } = head;
  return {
    id: formatJourneyId(head.id),
    server: home.config.hostname,
    startedUs,
    direction,
    sender,
    recipients,
    messageId,
    subject,
    size,
  };
}

/** What the viewer may see of it. */
export function restrict(view: JourneyView, viewer: Viewer | null): JourneyView {
  if (viewer === null) return { ...view, head: { ...view.head, subject: null } };
  if (viewer.submitted) return view;
  const lanes = ownLanes(view.events, viewer);
  const isSubmitted = view.head.direction !== 'in';
  const allowed = new Set([...viewer.addresses, ...lanes]);
  if (view.head.sender !== '') allowed.add(view.head.sender.toLowerCase());
  return {
    head: { ...view.head, recipients: view.head.recipients.filter((one) => lanes.has(lower(one))) },
    events: view.events
      .filter((event) => event.rcpt === undefined || lanes.has(lower(event.rcpt)))
      .filter((event) => !(isSubmitted && ownDevice.has(event.code)))
      .map((event) => withoutOthers(event, allowed)),
  };
}

/** How the sender's device came to us: theirs, and nobody else's business. */
const ownDevice: ReadonlySet<string> = new Set([
  'receive.connected',
  'receive.tls',
  'receive.plain',
  'submit.login',
]);

const lower = (address: string) => address.toLowerCase();

/** The envelope recipients by which the message came to this account. */
function ownLanes(events: readonly ShownEvent[], viewer: Viewer): Set<string> {
  const lanes = new Set<string>();
  for (const { rcpt, args } of events) {
    if (rcpt === undefined) continue;
    const isOwn = viewer.addresses.has(lower(rcpt)) || args?.['account'] === viewer.account.address;
    if (isOwn) lanes.add(lower(rcpt));
  }
  return lanes;
}

const anyAddress = /[^\s<>:;,()"[\]]+@[^\s<>:;,()"]+/g;

function namesOthers(text: string, allowed: ReadonlySet<string>): boolean {
  return [...text.matchAll(anyAddress)].some(([address]) => !allowed.has(lower(address)));
}

/** Dialogue lines and arguments that name anybody else are taken out. */
function withoutOthers(event: ShownEvent, allowed: ReadonlySet<string>): ShownEvent {
  const { lines, args, ...rest } = event;
  const keptArgs = Object.entries(args ?? {}).map(([key, value]) => {
    if (typeof value === 'string') return [key, namesOthers(value, allowed) ? '…' : value];
    if (!Array.isArray(value)) return [key, value];
    return [key, value.filter((one: string) => !namesOthers(one, allowed))];
  });
  return {
    ...rest,
    ...(args === undefined ? {} : { args: Object.fromEntries(keptArgs) }),
    ...(lines === undefined
      ? {}
      : { lines: lines.filter((line) => !namesOthers(line.text, allowed)) }),
  };
}
