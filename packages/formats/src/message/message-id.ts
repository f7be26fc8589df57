/** Message ids of Message-ID, In-Reply-To and References. RFC 5322 §3.6.4, §4.5.4. */

import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { idLimits } from './limits.ts';

/**
 * The ids of a value, without brackets and without white space inside; comments and the phrases
 * of old replies are skipped. Where no brackets stand at all, each word is an id.
 *
 * @example
 * readIds('<one@merpati.test> (seen) <two@surat.test>'); // ['one@merpati.test', 'two@surat.test']
 */
export function readIds(value: string, faults: Fault[] = []): readonly string[] {
  const ids: string[] = [];
  let at = 0;
  while (at < value.length) {
    const open = value.indexOf('<', at);
    if (open < 0) break;
    const close = findClose(value, open);
    const id = value.slice(open + 1, close).replace(/\s+/gu, '');
    if (close >= value.length || value[close] !== '>') noteFault(faults, 'id-broken', open);
    if (!take(ids, id, faults, open)) break;
    at = close + 1;
  }
  if (ids.length > 0 || value.includes('<')) return ids;
  for (const word of withoutComments(value).split(/[\s,;]+/u)) {
    if (word === '') continue;
    noteFault(faults, 'id-broken', 0);
    if (!take(ids, word, faults, 0)) break;
  }
  return ids;
}

/** An id ends at its bracket; where that is missing, before the next one begins. */
function findClose(value: string, open: number): number {
  for (let at = open + 1; at < value.length; at += 1) {
    const sign = value[at];
    if (sign === '>') return at;
    if (sign === '<') return at - 1;
  }
  return value.length;
}

function take(ids: string[], id: string, faults: Fault[], at: number): boolean {
  if (id === '' || id.length > idLimits.idLengthMax) {
    noteFault(faults, 'id-broken', at);
    return true;
  }
  if (ids.length >= idLimits.idsMax) {
    noteFault(faults, 'ids-too-many', at);
    return false;
  }
  ids.push(id);
  return true;
}

function withoutComments(value: string): string {
  return value.replace(/\([^()]*\)/gu, ' ');
}
