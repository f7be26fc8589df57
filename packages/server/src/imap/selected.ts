/** The mailbox that a session has selected: whose it is, what may be done there, and its view. */

import type { MessageSet } from '@merpati/formats/imap/command.ts';
import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import { flagName } from '@merpati/formats/imap/response-writer.ts';
import { setOf } from '@merpati/formats/imap/sequence-set.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { AccountId, MailboxId, Uid } from '@merpati/store/ids.ts';
import type { Rights } from './access/rights.ts';
import { imapLimits } from './limits.ts';
import type { Session } from './session.ts';
import type { View } from './view/view.ts';

export interface Selected {
  /** Whose mailbox it is: for the store, everywhere. */
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  readonly name: string;
  readonly uidValidity: number;
  /** What the user may do here; in a mailbox of others that may change. */
  rights: Rights;
  /** By EXAMINE, or because no right is left that would change anything. */
  readonly isReadOnly: boolean;
  readonly view: View;
  /** What FLAGS tells, by their lower-case form: one with the other sessions that have it open. */
  readonly keywords: Map<string, string>;
  /** So many of them the client was told of. */
  keywordsTold: number;
  /** The saved result of a search, ascending. RFC 5182. */
  saved: readonly Uid[];
}

/**
 * The messages that a command means, as ranges of message numbers of the loaded view. UIDs that are
 * not there are left out. Throws SyntaxFault for a number that is not there, and for any number
 * once the client has said that it uses UIDs only (RFC 9586 §3).
 */
export async function resolveMessages(
  session: Session,
  set: MessageSet,
  isUid: boolean,
): Promise<readonly NumberRange[]> {
  const { view, saved } = session.open;
  if (!isUid && session.modes.uidOnly) {
    throw new SyntaxFault('imap.uid-required', 'Message numbers were given up: use UIDs');
  }
  const by = isUid || set === '$' ? 'uid' : 'number';
  const wanted = set === '$' ? setOf(saved) : set;
  await view.loadFor(wanted, by);
  return view.resolve(wanted, by);
}

/** What FLAGS tells. */
export function flagsOf({ keywords }: Pick<Selected, 'keywords'>): string[] {
  const system = (['answered', 'flagged', 'deleted', 'seen', 'draft'] as const).map(flagName);
  return [...system, ...keywords.values()];
}

/**
 * To be asked before keywords are told: true when one of them is new to the client, which must hear
 * FLAGS first (RFC 9051 §7.3.5 lets a server tell it at any time; strict clients want it).
 */
export function learnKeywords(selected: Selected, keywords: readonly string[]): boolean {
  for (const keyword of keywords) {
    const key = keyword.toLowerCase();
    if (selected.keywords.has(key)) continue;
    if (selected.keywords.size < imapLimits.keywordsToldMax) selected.keywords.set(key, keyword);
  }
  return selected.keywords.size > selected.keywordsTold;
}
