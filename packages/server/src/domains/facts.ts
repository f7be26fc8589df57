/** What a home knows about its domains: configuration, keys, certificate. */

import { reportLocals } from '../accounts/report-addresses.ts';
import { keyHashes } from '../certificates/shown.ts';
import type { Config } from '../config/schema.ts';
import { checkedListenAddress } from '../config/listen-address.ts';
import type { Home } from '../home.ts';
import { readKeys } from '../signing/key-record.ts';
import { keyRecordText, type Generation, type GenerationState } from '../signing/keys.ts';
import type { DkimFact, DomainFacts, Level, Services } from './records.ts';
import { stsPolicyId, stsPolicyText } from './sts-policy.ts';

type Place = Pick<Home, 'config'>;

export async function domainFacts(home: Home, domain: string): Promise<DomainFacts> {
  const { generations } = await readKeys(home.store, domain);
  return {
    ...configuredFacts(home, domain),
    dkim: dkimFacts(generations),
    keyHashes: await keyHashes(home),
  };
}

/** What is known without a store: for who has not set up anything yet. */
export function configuredFacts({ config }: Place, domain: string): DomainFacts {
  const { publish, hostname } = config;
  const services = servicesOf(config);
  const policy = services.https === null ? null : stsPolicyText(config);
  return {
    domain,
    host: hostname.toLowerCase(),
    addresses: publish.addresses,
    spf: publish.spf,
    dkim: [],
    dmarc: publish.dmarc,
    reportsTo: {
      dmarc: publish.reports_to || `${reportLocals.dmarc}@${domain}`,
      tls: publish.reports_to || `${reportLocals.tls}@${domain}`,
    },
    stsId: policy === null ? null : stsPolicyId(policy),
    keyHashes: [],
    services,
    ca: publish.ca || acmeIssuer(config),
    ttlSeconds: publish.ttl_s,
  };
}

/** How the authority calls itself in CAA records, where that is known. RFC 8659 §4.2. */
function acmeIssuer({ acme }: Config): string | null {
  if (!acme.terms_agreed) return null;
  return /^https:\/\/[^/]*\.letsencrypt\.org\//.test(acme.directory) ? 'letsencrypt.org' : null;
}

const levels = {
  waiting: 'must',
  signing: 'must',
  retired: 'must',
  revoked: 'may',
} as const satisfies Record<GenerationState, Level>;

function dkimFacts(generations: readonly Generation[]): DkimFact[] {
  return generations.flatMap(({ state, keys }) =>
    keys.map((key) => ({
      selector: key.selector,
      text: keyRecordText(key, state === 'revoked'),
      level: levels[state],
    })),
  );
}

export function servicesOf({ listen }: Pick<Config, 'listen'>): Services {
  const port = (addresses: readonly string[]): number | null =>
    addresses[0] === undefined ? null : checkedListenAddress(addresses[0]).port;
  return {
    submission: port(listen.submission),
    submissions: port(listen.submissions),
    imap: port(listen.imap),
    imaps: port(listen.imaps),
    pop3: port(listen.pop3),
    pop3s: port(listen.pop3s),
    https: port(listen.https),
  };
}
