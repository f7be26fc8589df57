/**
 * For which names certificates are wanted: the host's, and for each domain the names that programs
 * and other servers ask for, as far as they lead to this host.
 */

import { findAddresses } from '../delivery/host-addresses.ts';
import type { Home } from '../home.ts';

export interface WantedCertificate {
  /** The host's name or the domain's: it is kept under this. */
  readonly id: string;
  readonly names: readonly string[];
}

type Asking = Pick<Home, 'config' | 'store' | 'world'>;

/** `before`: the names a certificate has. They stay while the DNS does not answer. */
export async function wantedCertificates(
  home: Asking,
  before: (id: string) => readonly string[],
): Promise<WantedCertificate[]> {
  const { config, store, world } = home;
  const host = config.hostname.toLowerCase();
  const own = unique([host, ...config.acme.names.map((name) => name.toLowerCase())]);
  const here = new Set(config.publish.addresses);
  if (here.size === 0) {
    const found = await findAddresses(world, host);
    if (found.kind === 'addresses') for (const one of found.addresses) here.add(one);
  }
  const wanted = new Map([[host, own]]);
  for (const { name: domain } of await store.domains()) {
    const names: string[] = [];
    for (const name of candidates(config, domain)) {
      if (own.includes(name)) continue;
      const found = await findAddresses(world, name);
      const isHere = found.kind === 'addresses' && found.addresses.some((one) => here.has(one));
      const isUnclear = found.kind === 'unknown' && before(domain).includes(name);
      if (isHere || isUnclear) names.push(name);
    }
    if (names.length > 0) wanted.set(domain, unique([...(wanted.get(domain) ?? []), ...names]));
  }
  return [...wanted].map(([id, names]) => ({ id, names }));
}

function candidates({ listen, publish }: Home['config'], domain: string): string[] {
  const mail = [`mail.${domain}`];
  if (listen.https.length === 0) return mail;
  const policy = publish.sts === 'none' ? [] : [`mta-sts.${domain}`];
  return [...mail, ...policy, `autoconfig.${domain}`, `autodiscover.${domain}`];
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];
