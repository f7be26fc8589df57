/** LANG. RFC 6856 §3; ranges are looked up as RFC 4647 §3.4 does it: by their first subtag. */

import type { CommandRow } from '../command-row.ts';
import { putListing } from '../listing.ts';
import { type Language, languages, preferredLanguage } from '../replies.ts';

export const lang: CommandRow<'LANG'> = {
  states: ['authorization', 'transaction'],
  async run(session, command) {
    if (command.range === null) {
      session.ok('languages');
      await putListing(
        session,
        Object.entries(languages).map(([tag, name]) => `${tag} ${name}`),
      );
      return;
    }
    const found = findLanguage(command.range);
    if (found === null) {
      session.refuse('no-language');
      return;
    }
    session.language = found;
    session.ok('language', { tag: found });
  },
};

function findLanguage(range: string): Language | null {
  if (range === '*') return preferredLanguage;
  const first = range.toLowerCase().split('-')[0] ?? '';
  return first in languages ? (first as Language) : null;
}
