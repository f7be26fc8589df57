/** What NOTIFY asks of new messages in the selected mailbox: FETCH behind EXISTS. RFC 5465 §5.2. */

import type { FetchItem } from '@merpati/formats/imap/fetch-item.ts';
import { planFetch } from '../fetch/plan.ts';
import { tellMessages } from '../fetch/tell-messages.ts';
import type { Session } from '../session.ts';

export async function tellArrived(
  session: Session,
  { from, items }: { readonly from: number; readonly items: readonly FetchItem[] },
): Promise<void> {
  const { view } = session.open;
  await view.load();
  const plan = planFetch(items, { isUid: true, tellsModseq: false, modes: session.modes });
  await tellMessages(session, { plan, ranges: [{ from, to: view.count }], changedSince: null });
}
