/** Are the records of keys in the DNS? RFC 6376 §3.6.2. */

import { readDkimKey } from '@merpati/formats/auth/dkim-record.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { textsOf, ZoneAsker } from '../dns/zone-servers.ts';
import type { DnsAnswer, World } from '../world.ts';
import type { Generation, SigningKey } from './keys.ts';
import { looksFor, type Seen } from './rotation.ts';

/** Of generations that wait to be seen, and of those that wait to be gone. */
export async function lookFor(
  world: World,
  domain: string,
  generations: readonly Generation[],
): Promise<Seen> {
  const asker = new ZoneAsker(world);
  const published = new Set<string>();
  const gone = new Set<string>();
  for (const one of looksFor(generations)) {
    const found = await Promise.all(one.keys.map((key) => look({ world, asker }, domain, key)));
    if (found.every((state) => state === 'there')) published.add(one.id);
    if (found.every((state) => state === 'absent')) gone.add(one.id);
  }
  return { nowMs: world.nowMs(), published, gone };
}

type Look = 'there' | 'absent' | 'unknown';

async function look(
  { world, asker }: { readonly world: World; readonly asker: ZoneAsker },
  domain: string,
  key: SigningKey,
): Promise<Look> {
  const name = `${key.selector}._domainkey.${domain}`;
  const said = await asker.ask(name, 'TXT');
  const answers = said.flatMap(({ answer }) => (answer === null ? [] : [answer]));
  // A primary that hides, a network that lets nobody ask: then what the resolver hears counts.
  if (answers.length === 0) answers.push(await world.dns.query(name, 'TXT'));
  if (answers.every((answer) => holds(answer, key))) return 'there';
  return answers.every(({ kind }) => kind === 'nxdomain' || kind === 'nodata')
    ? 'absent'
    : 'unknown';
}

function holds(answer: DnsAnswer, key: SigningKey): boolean {
  const [text, ...more] = textsOf(answer);
  if (text === undefined || more.length > 0) return false;
  try {
    const { kind, octets } = readDkimKey(text);
    return kind === key.kind && Buffer.from(key.publicText, 'base64').equals(octets);
  } catch (error) {
    if (error instanceof SyntaxFault) return false;
    throw error;
  }
}
