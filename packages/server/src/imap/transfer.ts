/**
 * COPY and MOVE: what they have in common. RFC 9051 §6.4.7, §6.4.8; RFC 4315 §3 (COPYUID); RFC 4314
 * §4 (rights).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import type { ResponseCode } from '@merpati/formats/imap/response-code.ts';
import { setOf } from '@merpati/formats/imap/sequence-set.ts';
import type { Transferred } from '@merpati/store/contract.ts';
import { refuseWithout } from './access/needs.ts';
import { stripFlags } from './access/strip-flags.ts';
import { type Answer, no } from './command-row.ts';
import { countOf, uidsOfRanges } from './fetch/slices.ts';
import { findPlace } from './mailboxes/find.ts';
import { withProgress } from './progress.ts';
import { resolveMessages } from './selected.ts';
import type { Session } from './session.ts';

/** What was done; or the answer that says why it was not. */
export type TransferOutcome =
  | {
      readonly ok: true;
      /** null: nothing was there to be transferred. */
      readonly code: Extract<ResponseCode, { code: 'COPYUID' }> | null;
      /** Messages that the client believes in and that are gone. */
      readonly gone: number;
    }
  | { readonly ok: false; readonly answer: Answer };

/** RFC 9051 §6.3.12: the client may create it and try again. */
export const noSuchMailbox = no('No such mailbox', { code: 'TRYCREATE' });
export const overQuota = no('There is no room left', { code: 'OVERQUOTA' });

export async function transfer(
  session: Session,
  command: CommandOf<'copy' | 'move'>,
): Promise<TransferOutcome> {
  const { open, store } = session;
  const refused = refuseWithout(command.name, 'open', open.rights);
  if (refused !== null) return { ok: false, answer: refused };
  const ranges = await resolveMessages(session, command.set, command.uid);
  const place = await findPlace(session, command.mailbox);
  if (place === null) return { ok: false, answer: noSuchMailbox };
  const shut = refuseWithout(command.name, 'named', place.rights);
  if (shut !== null) return { ok: false, answer: shut };
  if (ranges.length === 0) return { ok: true, code: null, gone: 0 };
  const what = {
    from: { account: open.owner, mailbox: open.mailbox },
    to: { account: place.owner, mailbox: place.status.id },
    uids: uidsOfRanges(open.view, ranges),
    nowMs: session.home.world.nowMs(),
  };
  const work = command.name === 'copy' ? store.copy(what) : store.move(what);
  const done = await withProgress(session, command.tag, work);
  if (done.ok)
    await stripFlags(
      store,
      place,
      done.pairs.map(({ to }) => to),
    );
  return outcomeOf(done, countOf(ranges));
}

function outcomeOf(done: Transferred, asked: number): TransferOutcome {
  if (!done.ok)
    return { ok: false, answer: done.code === 'over-quota' ? overQuota : noSuchMailbox };
  const { pairs, uidValidity } = done;
  const gone = asked - pairs.length;
  if (pairs.length === 0) return { ok: true, code: null, gone };
  const from = setOf(pairs.map((pair) => pair.from));
  const to = setOf(pairs.map((pair) => pair.to));
  return { ok: true, code: { code: 'COPYUID', uidValidity, from, to }, gone };
}
