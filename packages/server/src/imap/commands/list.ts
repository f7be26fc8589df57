/**
 * LIST, with all that it can select and return. RFC 9051 §6.3.9; RFC 3501 §6.3.8; RFC 5258; RFC
 * 5819 (STATUS); RFC 6154 (SPECIAL-USE); RFC 8440 (MYRIGHTS); RFC 9590 (METADATA).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { mayDo } from '../access/rights.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { listPlaces } from '../mailboxes/find.ts';
import { type Listed, attributesOf, listNames, namesAround } from '../mailboxes/listing.ts';
import { matchNames } from '../mailboxes/match.ts';
import { annotationsOf, selectEntries, writeMetadata } from '../mailboxes/metadata.ts';
import { countRecentOf, writeStatusOf } from '../mailboxes/status.ts';
import { writeListLine, writeMyRights } from '../mailboxes/write.ts';
import type { Session } from '../session.ts';

export const list: CommandRow<'list'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    if (!command.isExtended && command.patterns[0] === '') {
      // Only the separator is asked for. RFC 9051 §6.3.9.
      const root = { attributes: ['\\Noselect'], name: '', childInfo: [] };
      session.put(writeListLine(session, 'LIST', root));
      return ok('That is the separator');
    }
    for (const listed of await findListed(session, command)) {
      await session.send(writeListed(session, command, listed));
      await sendMore(session, command, listed);
    }
    return ok('That is all');
  },
};

async function findListed(
  session: Session,
  { reference, patterns, selection, returns }: CommandOf<'list'>,
): Promise<readonly Listed[]> {
  const places = await listPlaces(session);
  const subscribed = selection.includes('subscribed');
  const subscriptions =
    subscribed || returns.subscribed ? await session.store.subscriptions(session.account) : [];
  const names = namesAround(places, subscriptions);
  return listNames(places, subscriptions, {
    matching: await matchNames(names, reference, patterns),
    subscribed,
    specialUse: selection.includes('special-use'),
    recursive: selection.includes('recursivematch'),
  });
}

function writeListed(
  session: Session,
  { selection, returns }: CommandOf<'list'>,
  listed: Listed,
): Uint8Array {
  const isSubscribedTold = returns.subscribed || selection.includes('subscribed');
  const selected = selection.filter((one) => one === 'subscribed' || one === 'special-use');
  return writeListLine(session, 'LIST', {
    attributes: attributesOf(listed, { subscribed: isSubscribedTold }),
    name: listed.name,
    childInfo: listed.hasSelectedBelow ? selected.map((one) => one.toUpperCase()) : [],
  });
}

/** What RETURN asks for besides, right behind its mailbox. */
async function sendMore(
  session: Session,
  { returns }: CommandOf<'list'>,
  { place }: Listed,
): Promise<void> {
  if (place === null) return;
  if (returns.status !== null && mayDo(place.rights, 'r')) {
    const recent = await countRecentOf(session, place, returns.status);
    await session.send(writeStatusOf(session, place, returns.status, recent));
  }
  if (returns.myrights) await session.send(writeMyRights(session, place));
  if (returns.metadata !== null && mayDo(place.rights, 'r')) {
    const wanted = { entries: returns.metadata, depth: 0, maxSize: null } as const;
    const { found } = selectEntries(await annotationsOf(session, place), wanted);
    await session.send(writeMetadata(session, place.name, found));
  }
}
