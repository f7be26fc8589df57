/** After the commit: tells the log, who asked to hear of success, and the reader of reports. */

import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { StoreUnavailable, type Stored } from '@merpati/store/contract.ts';
import { isReportAddress } from '../accounts/report-addresses.ts';
import type { Home } from '../home.ts';
import { successNotice } from '../incoming/success-notice.ts';
import type { Incoming } from '../incoming/incoming.ts';
import type { Routed } from './3-route.ts';
import type { Decided } from './4-deliver.ts';

/** How a notice goes its own way: through the flow from its beginning. */
type Receive = (home: Home, incoming: Incoming) => Promise<{ readonly ok: boolean }>;

interface Accepted extends Pick<Decided, 'routed' | 'verdict'> {
  readonly stored: readonly Stored[];
  readonly receive: Receive;
}

export function notify(
  home: Home,
  incoming: Incoming,
  { routed, verdict, stored, receive }: Accepted,
): void {
  const { session, envelope, body } = incoming;
  home.metrics.accepted.inc({ kind: session.kind });
  home.log.info({
    event: 'message.accepted',
    session: session.id,
    journey: incoming.id,
    ip: session.peer?.address,
    from: envelope.sender,
    recipients: envelope.recipients.length,
    here: routed.here.length,
    elsewhere: routed.elsewhere.length,
    size: body.size,
  });
  const [copy] = stored;
  const isReport = envelope.recipients.some((one) => isReportAddress(home.config, one.address));
  if (copy !== undefined && isReport) home.reports?.arrived({ ...copy, journey: incoming.journey });
  const isWanted = envelope.recipients.some(({ notify: when }) => when.includes('success'));
  if (isWanted && !verdict.isForged) {
    reportSuccess(home, incoming, { routed, receive }).catch((error: unknown) => {
      if (!isExpected(error)) home.metrics.bugs.inc();
      home.log.error(
        { event: 'bug', journey: incoming.id, err: error },
        'a notice could not be made',
      );
    });
  }
}

/** RFC 3461 §5.2.2 (delivered), §5.2.7.3 (expanded). The null sender is told nothing. */
async function reportSuccess(
  home: Home,
  incoming: Incoming,
  { routed, receive }: { readonly routed: Routed; readonly receive: Receive },
): Promise<void> {
  const delivered = routed.here.map((copy) => copy.recipient);
  const notice = await successNotice(home, incoming, { delivered, expanded: routed.expanded });
  if (notice === null) return;
  const receipt = await receive(home, notice);
  if (receipt.ok) return;
  home.log.warn({ event: 'notice.lost', journey: incoming.id });
}

/** An address that no header can carry; a disk that is full. The message itself is safe. */
function isExpected(error: unknown): boolean {
  return error instanceof SyntaxFault || error instanceof StoreUnavailable;
}
