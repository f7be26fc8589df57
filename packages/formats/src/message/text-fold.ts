/**
 * The form in which texts are searched: two texts that people take for the same are the same, and a
 * part of one is a part of the other. RFC 5051 (i;unicode-casemap), which RFC 5255 §4.3 asks of
 * SEARCH.
 */

import { unicodeCasemap } from '../imap/collation.ts';

/** Signs that nobody sees: where a line may break, which way to write. */
const unseen = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+/gu;

const blank =
  /[\u0000-\u0020\u007f-\u009f\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu;

/**
 * Title case, decomposed, with one space for any white space. Never holds a line end, so that line
 * ends may stand between texts.
 *
 * @example
 * foldForSearch('Grüße,\r\n\tSiti'); // 'GRU\u0308ßE, SITI'
 */
export function foldForSearch(text: string): string {
  return unicodeCasemap(text.replace(unseen, '').toWellFormed()).replace(blank, ' ');
}
