/**
 * A configuration profile for the mail of iPhone, iPad and Mac: a property list with one payload of
 * the kind `com.apple.mail.managed`. It holds no password: the device asks for it.
 */

import { createHash } from 'node:crypto';
import { escapeXml } from '@merpati/formats/report/xml.ts';
import { waysOf, type ClientFacts } from './client-facts.ts';

export const mobileconfigType = 'application/x-apple-aspen-config';

type Value = string | number | boolean | readonly Entries[];
type Entries = readonly (readonly [key: string, value: Value])[];

/** null: neither IMAP nor POP3 with a way to send is offered. */
export function mobileconfig(facts: ClientFacts): string | null {
  const account = accountPayload(facts);
  if (account === null) return null;
  const { address, domain, host } = facts;
  const identifier = reversed(host);
  const profile: Entries = [
    ['PayloadContent', [account]],
    ['PayloadDescription', `${address} (${host})`],
    ['PayloadDisplayName', address],
    ['PayloadIdentifier', `${identifier}.profile.${uuidOf(address)}`],
    ['PayloadOrganization', domain],
    ['PayloadRemovalDisallowed', false],
    ['PayloadType', 'Configuration'],
    ['PayloadUUID', uuidOf(`profile ${address} ${host}`)],
    ['PayloadVersion', 1],
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN"' +
      ' "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    dictionary(profile, ''),
    '</plist>',
    '',
  ].join('\n');
}

function accountPayload({ address, domain, host, services }: ClientFacts): Entries | null {
  const imap = waysOf(services, 'imap')[0];
  const incoming = imap ?? waysOf(services, 'pop3')[0];
  const outgoing = waysOf(services, 'smtp')[0];
  if (incoming === undefined || outgoing === undefined) return null;
  return [
    ['EmailAccountDescription', address],
    ['EmailAccountType', imap === undefined ? 'EmailTypePOP' : 'EmailTypeIMAP'],
    ['EmailAddress', address],
    ['IncomingMailServerAuthentication', 'EmailAuthPassword'],
    ['IncomingMailServerHostName', host],
    ['IncomingMailServerPortNumber', incoming.port],
    ['IncomingMailServerUseSSL', true],
    ['IncomingMailServerUsername', address],
    ['OutgoingMailServerAuthentication', 'EmailAuthPassword'],
    ['OutgoingMailServerHostName', host],
    ['OutgoingMailServerPortNumber', outgoing.port],
    ['OutgoingMailServerUseSSL', true],
    ['OutgoingMailServerUsername', address],
    ['OutgoingPasswordSameAsIncomingPassword', true],
    ['PayloadDescription', address],
    ['PayloadDisplayName', address],
    ['PayloadIdentifier', `${reversed(host)}.mail.${uuidOf(address)}`],
    ['PayloadOrganization', domain],
    ['PayloadType', 'com.apple.mail.managed'],
    ['PayloadUUID', uuidOf(`mail ${address} ${host}`)],
    ['PayloadVersion', 1],
  ];
}

function dictionary(entries: Entries, indent: string): string {
  const inner = `${indent}  `;
  const lines = entries.flatMap(([key, value]) => [
    `${inner}<key>${escapeXml(key)}</key>`,
    valueXml(value, inner),
  ]);
  return [`${indent}<dict>`, ...lines, `${indent}</dict>`].join('\n');
}

function valueXml(value: Value, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escapeXml(value)}</string>`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value ? 'true' : 'false'}/>`;
  const items = value.map((entries) => dictionary(entries, `${indent}  `));
  return [`${indent}<array>`, ...items, `${indent}</array>`].join('\n');
}

/** `id.contoh.mail` */
const reversed = (host: string): string => host.split('.').toReversed().join('.');

/**
 * The same for the same account, so that a newer profile replaces the older one. Version 8: of our
 * own making.
 */
function uuidOf(text: string): string {
  const octets = createHash('sha256').update(text).digest().subarray(0, 16);
  octets[6] = (octets[6]! & 0x0f) | 0x80;
  octets[8] = (octets[8]! & 0x3f) | 0x80;
  const hex = octets.toString('hex').toUpperCase();
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
