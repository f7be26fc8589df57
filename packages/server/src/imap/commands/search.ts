/** SEARCH, UID SEARCH. RFC 9051 §6.4.4; RFC 3501 §6.4.4; RFC 4731; RFC 5182; RFC 5267; RFC 9394. */

import { refuseWithout } from '../access/needs.ts';
import type { CommandRow } from '../command-row.ts';
import { searchSelected } from '../searching/search-selected.ts';

export const search: CommandRow<'search'> = {
  states: ['selected'],
  // UID SEARCH may have numbers among its keys: they must mean what the client meant.
  expungesAllowed: 'if-uid',
  run: async (session, command) =>
    refuseWithout('search', 'open', session.open.rights) ?? searchSelected(session, command),
};
