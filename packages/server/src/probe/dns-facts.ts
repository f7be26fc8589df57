/** Facts for probes: from a zone given with the question, else from the DNS of this machine. */

import { askZone } from '@merpati/formats/auth/zone.ts';
import type { DnsAsk, DnsReply } from '@merpati/formats/auth/dns-facts.ts';
import { askResolver } from '../checks/dns-facts.ts';
import { configSchema } from '../config/schema.ts';
import { realWorld } from '../real-world.ts';
import type { World } from '../world.ts';

let world: World | null = null;

export function factsFor(zone: unknown): (question: DnsAsk) => Promise<DnsReply> {
  if (zone !== undefined) {
    const ask = askZone(zone);
    return (question) => Promise.resolve(ask(question));
  }
  return (question) => {
    world ??= realWorld(configSchema.shape.dns.parse({}));
    return askResolver(world.dns, question);
  };
}
