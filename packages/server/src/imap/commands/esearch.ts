/** ESEARCH: searches several mailboxes at once. RFC 7377. Its numbers are always UIDs. */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { joinPieces, writeMailbox } from '@merpati/formats/imap/response-writer.ts';
import { noReturns } from '@merpati/formats/imap/read-search-command.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { SearchTooBig } from '@merpati/store/search.ts';
import { refuseWithout } from '../access/needs.ts';
import { type Answer, type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import type { Place } from '../mailboxes/find.ts';
import { hasUtf8Names } from '../modes.ts';
import { tellEsearch } from '../searching/answers.ts';
import { criteriaOf, hasKey } from '../searching/criteria.ts';
import { type SearchedFor, findMessages } from '../searching/find.ts';
import { bestMatches, checkRelevancy, weigh } from '../searching/relevancy.ts';
import { otherScope } from '../searching/scope.ts';
import { searchSelected } from '../searching/search-selected.ts';
import { findSources } from '../searching/sources.ts';
import type { Session } from '../session.ts';

export const esearch: CommandRow<'esearch'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command): Promise<Answer> {
    const { sources } = command;
    const returns = command.returns ?? { ...noReturns, all: true };
    const isSelectedOnly = sources?.every(({ filter }) => filter.startsWith('selected')) ?? true;
    checkSources(session, command, isSelectedOnly);
    if (isSelectedOnly) {
      const { tag, what } = command;
      const search = { tag, name: 'search', uid: true, returns, what } as const;
      const refused = refuseWithout('search', 'open', session.open.rights);
      const { name, uidValidity } = session.open;
      const source = sources === null ? null : writeSource(session, name, uidValidity);
      return refused ?? searchSelected(session, search, source);
    }
    try {
      for (const place of await findSources(session, sources ?? [])) {
        await searchPlace(session, { ...command, returns }, place);
      }
    } catch (error) {
      if (!(error instanceof SearchTooBig)) throw error;
      return no('That is too much for one search', { code: 'LIMIT' });
    }
    return ok('Searched');
  },
};

/** RFC 7377 §2.1, §2.2. */
function checkSources(
  session: Session,
  { sources, returns, what }: CommandOf<'esearch'>,
  isSelectedOnly: boolean,
): void {
  const namesSelected = sources?.some(({ filter }) => filter.startsWith('selected')) ?? true;
  if (namesSelected && session.selected === null) {
    throw new SyntaxFault('imap.no-source', 'No mailbox is selected: name one with IN');
  }
  if (returns?.relevancy === true) checkRelevancy(what);
  if (isSelectedOnly) return;
  if (returns?.save === true || returns?.update === true) {
    throw new SyntaxFault('imap.bad-return', 'SAVE and UPDATE are of the selected mailbox');
  }
  if (hasKey(what, 'numbers') || hasKey(what, 'saved')) {
    throw new SyntaxFault('imap.not-selected', 'Numbers are of the selected mailbox');
  }
}

function writeSource(session: Session, name: string, uidValidity: number): Uint8Array {
  const written = writeMailbox(name, { utf8: hasUtf8Names(session.modes) });
  return joinPieces(['MAILBOX ', written, ` UIDVALIDITY ${uidValidity}`]);
}

type Search = CommandOf<'esearch'> & {
  readonly returns: NonNullable<CommandOf<'esearch'>['returns']>;
};

/** A mailbox in which nothing is found is not spoken of. RFC 7377 §2. */
async function searchPlace(session: Session, command: Search, place: Place): Promise<void> {
  const { tag, returns, what } = command;
  const { owner, status } = place;
  const scope = otherScope(owner, status, session.home.world.nowMs());
  const search: SearchedFor = {
    tag,
    owner,
    mailbox: status.id,
    criteria: criteriaOf(what, scope),
    order: [],
    largestUid: status.uidNext - 1,
  };
  const { uids, modseq } = await findMessages(session, search);
  if (uids.length === 0) return;
  const best = returns.relevancy ? await bestMatches(session, search, { what, scope }) : null;
  await tellEsearch(session, {
    tag,
    isUid: true,
    returns,
    numbers: uids,
    modseq: hasKey(what, 'modseq') ? modseq : null,
    relevancy: best === null ? null : weigh(uids, best),
    source: writeSource(session, place.name, status.uidValidity),
  });
}
