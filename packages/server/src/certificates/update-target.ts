/** Where the configuration says that zones are changed. */

import { readListenAddress } from '../config/listen-address.ts';
import type { Config } from '../config/schema.ts';
import type { DnsSolverOptions } from './acme/dns-solver.ts';
import { AcmeFault } from './acme/fault.ts';

/** Is everything configured that a change of a zone needs? */
export function canUpdate({ acme }: Pick<Config, 'acme'>): boolean {
  return acme.dns_server !== '' && acme.dns_key_name !== '' && acme.dns_key !== '';
}

export function updateTarget({ acme }: Pick<Config, 'acme'>): DnsSolverOptions['target'] {
  const read = readListenAddress(acme.dns_server) ?? readListenAddress(`${acme.dns_server}:53`);
  const address = read?.address ?? null;
  if (read === null || address === null || acme.dns_key_name === '' || acme.dns_key === '') {
    throw new AcmeFault('acme.dns', 'dns-01 wants acme.dns_server, acme.dns_key_name and its key');
  }
  return {
    server: { address, port: read.port },
    zone: acme.dns_zone || null,
    key: { name: acme.dns_key_name, algorithm: acme.dns_key_algorithm, secret: acme.dns_key },
  };
}
