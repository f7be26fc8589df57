/** What a mail program has to know about an account here. */

import { normalAddress, splitAddress } from '@merpati/formats/smtp/path.ts';
import { findDomain } from '../accounts/resolve.ts';
import type { Home } from '../home.ts';
import { servicesOf } from './facts.ts';
import type { Services } from './records.ts';

export interface ClientFacts {
  /** As the person writes it; it is the login too. */
  readonly address: string;
  readonly domain: string;
  readonly host: string;
  readonly services: Services;
}

/**
 * For any address of a domain of ours, whether there is such an account or not: strangers learn
 * nothing here. null: the domain is not ours.
 */
export async function clientFacts(home: Home, text: string): Promise<ClientFacts | null> {
  const address = normalAddress(text.trim());
  const domain = address === null ? undefined : splitAddress(address)?.domain;
  if (address === null || domain === undefined) return null;
  if ((await findDomain(home.store, domain)) === null) return null;
  const { hostname } = home.config;
  return { address, domain, host: hostname.toLowerCase(), services: servicesOf(home.config) };
}

export type Socket = 'tls' | 'starttls';

export interface ClientService {
  readonly port: number;
  readonly socket: Socket;
}

/** TLS from the first octet before STARTTLS. RFC 8314 §3. */
export function waysOf(services: Services, protocol: 'imap' | 'pop3' | 'smtp'): ClientService[] {
  const [first, second] = ports[protocol];
  return [
    { port: services[first], socket: 'tls' as const },
    { port: services[second], socket: 'starttls' as const },
  ].flatMap(({ port, socket }) => (port === null ? [] : [{ port, socket }]));
}

const ports = {
  imap: ['imaps', 'imap'],
  pop3: ['pop3s', 'pop3'],
  smtp: ['submissions', 'submission'],
} as const;
