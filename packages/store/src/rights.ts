/** Access control lists: who may do what in a mailbox. RFC 4314. */

import type { AclEntry } from './contract.ts';

/** Identifier of everybody. */
export const anyone = 'anyone';

/**
 * What an account, told by its address, may do: what it and `anyone` are given, without what `-…`
 * takes away from them. Sorted letters.
 *
 * @example
 *   effectiveRights([{ identifier: 'anyone', rights: 'lr' }], 'ani@surat.test'); // 'lr'
 */
export function effectiveRights(entries: readonly AclEntry[], address: string): string {
  const given = new Set<string>();
  const taken = new Set<string>();
  for (const { identifier, rights } of entries) {
    const isNegative = identifier.startsWith('-');
    const name = isNegative ? identifier.slice(1) : identifier;
    if (name !== address && name !== anyone) continue;
    for (const right of rights) (isNegative ? taken : given).add(right);
  }
  return [...given]
    .filter((right) => !taken.has(right))
    .sort()
    .join('');
}
