/** Reverse names of addresses, for people who look at them: as many as come in a moment. */

import { readAddress } from '@merpati/formats/dns/address.ts';
import { reverseName } from '@merpati/formats/auth/spf.ts';
import type { Resolver } from '../world.ts';
import { viewLimits } from './limits.ts';

export async function reverseNames(
  dns: Resolver,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const asked = [...new Set(addresses)].slice(0, viewLimits.reverseNamesMax).map(async (text) => {
    const address = readAddress(text);
    if (address === null) return;
    const answer = await dns.query(reverseName(address), 'PTR');
    if (answer.kind !== 'records') return;
    const [first] = answer.records;
    if (first?.type === 'PTR') names.set(text, first.target);
  });
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, viewLimits.reverseNamesMs);
  });
  await Promise.race([Promise.allSettled(asked), enough]);
  clearTimeout(timer);
  return new Map(names);
}
