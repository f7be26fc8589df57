/** CANCELUPDATE: searches that need not be followed any more. RFC 5267 §4.5. */

import { type CommandRow, no, ok } from '../command-row.ts';
import { forgetSearch } from '../searching/contexts.ts';

export const cancelupdate: CommandRow<'cancelupdate'> = {
  states: ['selected'],
  expungesAllowed: 'yes',
  run(session, { tags }) {
    const known = tags.map((tag) => forgetSearch(session, tag));
    return known.includes(false) ? no('No such search is followed') : ok('No longer followed');
  },
};
