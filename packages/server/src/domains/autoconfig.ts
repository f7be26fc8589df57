/**
 * How Thunderbird and its kin find our server: `config-v1.1.xml`, draft-ietf-mailmaint-autoconfig.
 * Asked for at https://autoconfig.DOMAIN/mail/config-v1.1.xml and
 * https://DOMAIN/.well-known/autoconfig/mail/config-v1.1.xml.
 */

import { escapeXml } from '@merpati/formats/report/xml.ts';
import { waysOf, type ClientFacts, type ClientService } from './client-facts.ts';

/** The program puts in the address itself, so that this is the same for everybody. */
const placeholder = '%EMAILADDRESS%';

const sockets = { tls: 'SSL', starttls: 'STARTTLS' } as const;

export function autoconfigXml(facts: Omit<ClientFacts, 'address'>): string {
  const { domain, host, services } = facts;
  const server = (tag: string, type: string, { port, socket }: ClientService): string =>
    [
      `    <${tag} type="${type}">`,
      `      <hostname>${escapeXml(host)}</hostname>`,
      `      <port>${port}</port>`,
      `      <socketType>${sockets[socket]}</socketType>`,
      `      <authentication>password-cleartext</authentication>`,
      `      <username>${placeholder}</username>`,
      `    </${tag}>`,
    ].join('\n');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<clientConfig version="1.1">',
    `  <emailProvider id="${escapeXml(domain)}">`,
    `    <domain>${escapeXml(domain)}</domain>`,
    `    <displayName>${escapeXml(domain)}</displayName>`,
    `    <displayShortName>${escapeXml(domain)}</displayShortName>`,
    // The first one that works is taken: IMAP keeps all devices in step.
    ...waysOf(services, 'imap').map((way) => server('incomingServer', 'imap', way)),
    ...waysOf(services, 'pop3').map((way) => server('incomingServer', 'pop3', way)),
    ...waysOf(services, 'smtp').map((way) => server('outgoingServer', 'smtp', way)),
    '  </emailProvider>',
    '</clientConfig>',
    '',
  ].join('\n');
}
