/**
 * Takes from messages that have come into a mailbox of somebody else the flags that who brought
 * them may not set there. RFC 4314 §4: the messages come, such flags do not.
 */

import type { SystemFlag } from '@merpati/formats/imap/search-key.ts';
import type { Store } from '@merpati/store/contract.ts';
import type { Uid } from '@merpati/store/ids.ts';
import { bitsOf } from '../flag-bits.ts';
import { imapLimits } from '../limits.ts';
import type { Place } from '../mailboxes/find.ts';
import { permittedFlags } from './needs.ts';
import { allRights, mayDo } from './rights.ts';

const systemFlags: readonly SystemFlag[] = ['answered', 'deleted', 'draft', 'flagged', 'seen'];

export async function stripFlags(
  store: Store,
  { owner, status, rights }: Place,
  uids: readonly Uid[],
): Promise<void> {
  if (rights === allRights) return;
  const kept = permittedFlags(rights, { system: systemFlags, keywords: [] }).system;
  const flags = bitsOf(systemFlags.filter((flag) => !kept.includes(flag)));
  const keywords = mayDo(rights, 'w') ? [] : await store.keywords(owner, status.id);
  if (flags === 0 && keywords.length === 0) return;
  for (let at = 0; at < uids.length; at += imapLimits.editedAtOnceMax) {
    const some = uids.slice(at, at + imapLimits.editedAtOnceMax);
    const place = { account: owner, mailbox: status.id, uids: some };
    await store.setFlags({ ...place, op: 'remove', flags, keywords });
  }
}
