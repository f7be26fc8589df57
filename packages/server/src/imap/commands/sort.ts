/** SORT, UID SORT. RFC 5256 §3; RFC 5267 §3 (ESORT); RFC 5957 (DISPLAY). */

import { refuseWithout } from '../access/needs.ts';
import type { CommandRow } from '../command-row.ts';
import { searchSelected } from '../searching/search-selected.ts';

export const sort: CommandRow<'sort'> = {
  states: ['selected'],
  expungesAllowed: 'if-uid',
  run: async (session, command) =>
    refuseWithout('sort', 'open', session.open.rights) ?? searchSelected(session, command),
};
