/**
 * SETMETADATA. RFC 5464 §4.3. Nothing is set when one of the entries cannot be.
 *
 * LIMIT: in mailboxes of others there are no private annotations, which RFC 5464 §4.3 foresees:
 * they would belong to one account and be kept with the mailbox of another.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { equalBytes, utf8 } from '@merpati/formats/bytes.ts';
import { mailboxLimits } from '@merpati/store/contract.ts';
import { refuseWithout } from '../access/needs.ts';
import { type Answer, type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { type Place, findPlace } from '../mailboxes/find.ts';
import { specialUseOf } from '../mailboxes/listing.ts';
import { isPrivate, specialUseEntry } from '../mailboxes/metadata.ts';
import { noSuchMailbox, refuseEdit } from '../mailboxes/refusals.ts';
import type { Session } from '../session.ts';

type Entry = CommandOf<'setmetadata'>['entries'][number];

export const setmetadata: CommandRow<'setmetadata'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { mailbox, entries }) {
    const isServer = mailbox === '';
    const place = isServer ? null : await findPlace(session, mailbox);
    if (place === null && !isServer) return noSuchMailbox();
    const refusal = place === null ? null : refuseWithout('setmetadata', 'named', place.rights);
    if (refusal !== null) return refusal;
    for (const entry of entries) {
      const problem = refuseEntry(session, place, entry);
      if (problem !== null) return problem;
    }
    return (await setAll(session, place, entries)) ?? ok('Set');
  },
};

function refuseEntry(
  { account }: Session,
  place: Place | null,
  { entry, value }: Entry,
): Answer | null {
  if (place === null && !isPrivate(entry)) {
    return no('Only the postmaster says that', { code: 'NOPERM' });
  }
  if (place !== null && place.owner !== account && isPrivate(entry)) {
    const code = { code: 'METADATA', what: 'NOPRIVATE' } as const;
    return no('In a mailbox of others nothing is private', code);
  }
  if (place !== null && entry === specialUseEntry && !isUseOf(place, value)) {
    return no('The use of a mailbox is said when it is created', { code: 'USEATTR' });
  }
  const { annotationBytesMax } = mailboxLimits;
  if (value === null || value.length <= annotationBytesMax) return null;
  return no('That is too long', { code: 'METADATA', what: 'MAXSIZE', number: annotationBytesMax });
}

function isUseOf(place: Place, value: Uint8Array | null): boolean {
  const use = specialUseOf(place);
  return use === null ? value === null : value !== null && equalBytes(value, utf8(use));
}

async function setAll(
  { store, account }: Session,
  place: Place | null,
  entries: readonly Entry[],
): Promise<Answer | null> {
  const mailbox = place?.status.id ?? null;
  const owner = place?.owner ?? account;
  for (const { entry, value } of entries) {
    if (mailbox !== null && entry === specialUseEntry) continue;
    const edited = await store.editMailbox(owner, { kind: 'annotate', mailbox, entry, value });
    if (edited.ok) continue;
    if (edited.code !== 'too-many') return refuseEdit(edited.code);
    return no('There are too many', { code: 'METADATA', what: 'TOOMANY' });
  }
  return null;
}
