/**
 * Does the author look like one of us? A domain that differs from ours by letters that look the
 * same, or an address of ours written as a name: both are for deceiving people, whatever SPF and
 * DKIM say of them.
 */

import { domainToUnicode } from 'node:url';
import { mailboxesOf, readAddressList } from '@merpati/formats/message/address.ts';
import { findFields } from '@merpati/formats/message/head.ts';
import { findDomain } from '../accounts/resolve.ts';
import type { Home } from '../home.ts';
import type { Check, Finding } from './check.ts';
import { checkLimits, shown } from './limits.ts';
import { skeletonOf } from './skeleton.ts';

const weight = 6;

export const lookAlike: Check = {
  kinds: ['smtp'],
  async run(home, { evidence, head }) {
    if (evidence === null) return null;
    for (const domain of evidence.authors) {
      const ours = await resembled(home, domain);
      if (ours !== null) return finding('domain', shown(domain), ours);
    }
    const fields = findFields(head, 'from').slice(0, checkLimits.fromFieldsMax);
    for (const field of fields) {
      for (const { name, address, domain } of mailboxesOf(readAddressList(field.value()))) {
        const named = /@([^\s@<>"',;]+)/.exec(name ?? '')?.[1];
        if (named === undefined || named.toLowerCase() === domain.toLowerCase()) continue;
        if ((await findDomain(home.store, named)) === null) continue;
        if ((await findDomain(home.store, domain)) !== null) continue;
        return finding('name', shown(address), shown(named));
      }
    }
    return null;
  },
};

function finding(what: 'domain' | 'name', author: string, ours: string): Finding {
  const args = { what, author, ours };
  return { code: 'check.look-alike', state: 'warn', weight, args, refusal: null };
}

/** The domain of ours that a reader would take it for; null: none, or it is ours. */
async function resembled(home: Home, domain: string): Promise<string | null> {
  if ((await findDomain(home.store, domain)) !== null) return null;
  const labels = domainToUnicode(domain).split('.');
  for (const { name, skeleton, depth } of await ownNames(home)) {
    const near = labels.slice(-depth).join('.');
    // `mail.contoh.test` of us is no neighbour of `contoh.test`.
    if (near === name) continue;
    if (skeletonOf(near) === skeleton) return name;
    // ours.test.evil.example
    if (`.${domain}.`.includes(`.${name}.`) && !domain.endsWith(`.${name}`)) return name;
  }
  return null;
}

interface OwnName {
  readonly name: string;
  readonly skeleton: string;
  /** How many labels it has. */
  readonly depth: number;
}

const freshMs = 60_000;
const known = new WeakMap<Home, { readonly atMs: number; readonly names: readonly OwnName[] }>();

async function ownNames(home: Home): Promise<readonly OwnName[]> {
  const nowMs = home.world.nowMs();
  const found = known.get(home);
  if (found !== undefined && Math.abs(nowMs - found.atMs) < freshMs) return found.names;
  const names = (await home.store.domains()).map(({ name }) => ({
    name,
    skeleton: skeletonOf(domainToUnicode(name)),
    depth: name.split('.').length,
  }));
  known.set(home, { atMs: nowMs, names });
  return names;
}
