/**
 * STORE, UID STORE. RFC 9051 §6.4.6, §6.4.9; RFC 7162 §3.1.3 (UNCHANGEDSINCE, MODIFIED); RFC 4314
 * §4 (rights for flags).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import type { FlagList } from '@merpati/formats/imap/search-key.ts';
import { type NumberRange, setOf } from '@merpati/formats/imap/sequence-set.ts';
import type { FlagEdit, FlagEdited } from '@merpati/store/contract.ts';
import { type Uid, modSeq } from '@merpati/store/ids.ts';
import { permittedFlags, refuseWithout } from '../access/needs.ts';
import { mayDo } from '../access/rights.ts';
import { type Answer, type CommandRow, no, ok } from '../command-row.ts';
import { useCondstore } from '../condstore.ts';
import { planFetch } from '../fetch/plan.ts';
import { uidsOfRanges } from '../fetch/slices.ts';
import { tellMessages } from '../fetch/tell-messages.ts';
import { bitsOf } from '../flag-bits.ts';
import { imapLimits } from '../limits.ts';
import { withProgress } from '../progress.ts';
import { resolveMessages } from '../selected.ts';
import type { Session } from '../session.ts';

export const store: CommandRow<'store'> = {
  states: ['selected'],
  expungesAllowed: 'if-uid',
  async run(session, command): Promise<Answer> {
    const { open } = session;
    const refused = refuseWithout('store', 'open', open.rights);
    if (refused !== null) return refused;
    if (open.isReadOnly) return no('The mailbox is open for reading', { code: 'READ-ONLY' });
    const flags = permittedFlags(open.rights, command.flags);
    if (isEmpty(flags) && !isEmpty(command.flags)) {
      return no('You lack the right to change these flags', { code: 'NOPERM' });
    }
    if (command.unchangedSince !== null) useCondstore(session);
    const ranges = await resolveMessages(session, command.set, command.uid);
    const work = editFlags(session, command, { flags, uids: uidsOfRanges(open.view, ranges) });
    const edited = await withProgress(session, command.tag, work);
    const gone = await tellFlags(session, command, { ranges, edited });
    return answerOf(session, command, { edited, gone });
  },
};

function isEmpty({ system, keywords }: FlagList): boolean {
  return system.length === 0 && keywords.length === 0;
}

/** Many messages are edited in several steps, so that others need not wait for all of them. */
async function editFlags(
  session: Session,
  command: CommandOf<'store'>,
  { flags, uids }: { readonly flags: FlagList; readonly uids: readonly Uid[] },
): Promise<FlagEdited> {
  const { owner, mailbox, view } = session.open;
  const { unchangedSince } = command;
  const condition = unchangedSince === null ? {} : { unchangedSince: modSeq(unchangedSince) };
  const operations = await operationsOf(session, command.op, flags);
  const changed: Uid[] = [];
  const modified: Uid[] = [];
  let modseq = view.modseq;
  for (let at = 0; at < uids.length; at += imapLimits.editedAtOnceMax) {
    const some = uids.slice(at, at + imapLimits.editedAtOnceMax);
    for (const operation of operations) {
      const what = { account: owner, mailbox, uids: some, ...operation, ...condition };
      const edited = await session.store.setFlags(what);
      if (edited.changed.length > 0) view.knowsFlags(edited.modseq);
      modseq = edited.modseq;
      for (const one of edited.changed) changed.push(one);
      for (const one of edited.modified) modified.push(one);
    }
  }
  return { modseq, changed, modified };
}

type Operation = Pick<FlagEdit, 'op' | 'flags' | 'keywords'>;

/**
 * Replacing all flags is for those who may change all of them. For others it is one step that takes
 * away, of what they may change, what is not named.
 */
async function operationsOf(
  session: Session,
  op: Operation['op'],
  { system, keywords }: FlagList,
): Promise<readonly Operation[]> {
  const { owner, mailbox, rights } = session.open;
  const all: FlagList = { system: ['answered', 'deleted', 'draft', 'flagged', 'seen'], keywords };
  const flags = bitsOf(system);
  const may = permittedFlags(rights, all);
  if (op !== 'set' || may.system.length === all.system.length) return [{ op, flags, keywords }];
  const known = mayDo(rights, 'w') ? await session.store.keywords(owner, mailbox) : [];
  const kept = new Set(keywords.map((keyword) => keyword.toLowerCase()));
  const others = known.filter((keyword) => !kept.has(keyword.toLowerCase()));
  return [
    { op: 'remove', flags: bitsOf(may.system) & ~flags, keywords: others },
    { op: 'add', flags, keywords },
  ];
}

interface Done {
  readonly ranges: readonly NumberRange[];
  readonly edited: FlagEdited;
}

/** Answers how many of the messages were not there. */
async function tellFlags(
  session: Session,
  command: CommandOf<'store'>,
  { ranges, edited }: Done,
): Promise<number> {
  const { modes, open } = session;
  const tellsModseq = command.unchangedSince !== null || modes.condstore;
  // RFC 7162 §3.1.3: who counts modseqs hears the new ones also with .SILENT.
  if (command.isSilent && !tellsModseq) return 0;
  const skipped = new Set<number>(edited.modified);
  const uids = uidsOfRanges(open.view, ranges).filter((one) => !skipped.has(one));
  const plan = planFetch(command.isSilent ? [] : [{ item: 'flags' }], {
    isUid: command.uid,
    tellsModseq,
    modes,
  });
  const told = open.view.resolve(setOf(uids), 'uid');
  const { gone } = await tellMessages(session, { plan, ranges: told, changedSince: null });
  return gone;
}

function answerOf(
  session: Session,
  command: CommandOf<'store'>,
  { edited, gone }: { readonly edited: FlagEdited; readonly gone: number },
): Answer {
  if (edited.modified.length > 0) {
    const { view } = session.open;
    const { modified } = edited;
    const names = command.uid ? modified : modified.map((one) => view.numberOf(one));
    const set = setOf(names.toSorted((one, other) => one - other));
    return ok('Done, but for those that have changed meanwhile', { code: 'MODIFIED', set });
  }
  if (gone === 0 || command.uid) return ok('Done');
  return ok('Done, but for messages that are gone', { code: 'EXPUNGEISSUED' });
}
