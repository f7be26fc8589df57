/**
 * The envelope of one transaction, as commands. Parameters go only to servers that know them: SIZE
 * (RFC 1870 §6), BODY (RFC 6152 §3, RFC 3030 §3), SMTPUTF8 (RFC 6531 §3.4), RET, ENVID, NOTIFY and
 * ORCPT (RFC 3461 §4), REQUIRETLS (RFC 8689 §2), HOLDFOR and HOLDUNTIL (RFC 4865 §3).
 */

import type { BodyType, NotifyWord } from '@merpati/formats/smtp/command.ts';
import { needsUtf8, normalDomain, splitAddress } from '@merpati/formats/smtp/path.ts';
import { readOrcpt, writeOrcpt } from '@merpati/formats/smtp/xtext.ts';
import type { Capabilities } from './capabilities.ts';
import type { ContentNeeds } from './content.ts';

export interface EnvelopeRecipient {
  readonly address: string;
  /** Empty or absent: the server's default. */
  readonly notify?: readonly NotifyWord[];
  /** `rfc822;…` or `utf-8;…` as received, encoded. */
  readonly orcpt?: string | null;
}

export interface Envelope {
  /** Reverse-path; '' for the null sender. */
  readonly from: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** What the sender has declared; absent: found out by looking. */
  readonly bodyType?: BodyType;
  readonly smtputf8?: boolean;
  readonly requireTls?: boolean;
  /** xtext. */
  readonly envid?: string | null;
  readonly ret?: 'full' | 'hdrs' | null;
  readonly hold?: { readonly forS: number } | { readonly untilMs: number };
  /** µs since 1970. */
  readonly clickUs?: number;
}

/** Why a message cannot go to this server as it is. We convert nothing: signatures would break. */
export interface Unfit {
  readonly reason:
    | 'smtputf8-address'
    | 'smtputf8-header'
    | '8bitmime'
    | 'binarymime'
    | 'size'
    | 'requiretls'
    | 'hold';
  /** RFC 3463, RFC 5248. */
  readonly status: string;
  readonly text: string;
}

/** Must the content be looked at before it can go there? */
export function mustScan(envelope: Envelope, capabilities: Capabilities): boolean {
  const { eightBitMime, smtputf8, binaryMime, chunking } = capabilities;
  return (
    !eightBitMime ||
    (envelope.smtputf8 === true && !smtputf8) ||
    (envelope.bodyType === 'binarymime' && !(binaryMime && chunking))
  );
}

/** What keeps the whole message from going; null when nothing does. */
export function findUnfit(
  envelope: Envelope,
  capabilities: Capabilities,
  about: { readonly size: number; readonly needs: ContentNeeds | null; readonly isTls: boolean },
): Unfit | null {
  const { needs } = about;
  const can = capabilities;
  // RFC 8689 §4.2.1, step 5; a bounce goes its way without (§5).
  if (envelope.requireTls === true && envelope.from !== '' && !(about.isTls && can.requireTls)) {
    return unfit('requiretls', '5.7.30', 'the server does not promise to keep TLS (REQUIRETLS)');
  }
  if (can.sizeMax !== null && can.sizeMax > 0 && about.size > can.sizeMax) {
    return unfit('size', '5.3.4', `${about.size} octets; the server takes up to ${can.sizeMax}`);
  }
  if (!can.smtputf8 && needsUtf8(envelope.from) && asciiForm(envelope.from) === null) {
    return unfit('smtputf8-address', '5.6.7', 'the server does not take the sender (SMTPUTF8)');
  }
  if (!can.smtputf8 && envelope.smtputf8 === true && needs?.utf8Header === true) {
    return unfit('smtputf8-header', '5.6.9', 'the server takes no UTF-8 in the header (SMTPUTF8)');
  }
  if (needs?.binary === true && !(can.chunking && can.binaryMime)) {
    const text = 'the server takes no binary content, and the message has CR or LF alone';
    return unfit('binarymime', '5.6.3', text);
  }
  if (needs?.eightBit === true && !can.eightBitMime) {
    return unfit('8bitmime', '5.6.3', 'the server takes no 8-bit content (8BITMIME)');
  }
  if (envelope.hold !== undefined && can.holdMaxS === null) {
    return unfit('hold', '5.3.3', 'the server cannot keep messages for later (FUTURERELEASE)');
  }
  return null;
}

/** Why this recipient cannot be named to the server; null when he can. RFC 6531 §3.2. */
export function findUnfitRecipient(address: string, capabilities: Capabilities): Unfit | null {
  if (capabilities.smtputf8 || !needsUtf8(address) || asciiForm(address) !== null) return null;
  return unfit('smtputf8-address', '5.6.7', 'the server does not take the address (SMTPUTF8)');
}

const unfit = (reason: Unfit['reason'], status: string, text: string): Unfit => ({
  reason,
  status,
  text,
});

/** An address whose domain alone is beyond ASCII goes as A-labels; null when that is not enough. */
function asciiForm(address: string): string | null {
  if (!needsUtf8(address)) return address;
  const parts = splitAddress(address);
  if (parts === null || needsUtf8(parts.local)) return null;
  const domain = normalDomain(parts.domain);
  return domain === null ? null : `${parts.local}@${domain}`;
}

const pathFor = (address: string, { smtputf8 }: Capabilities) =>
  safe(smtputf8 ? address : (asciiForm(address) ?? address));

/** Whoever passes a line end in an address wants to say more than an address. */
function safe(argument: string): string {
  for (let i = 0; i < argument.length; i += 1) {
    const code = argument.charCodeAt(i);
    if (code < 32 || code === 127) throw new TypeError('control characters in an envelope');
  }
  return argument;
}

/** Without CRLF. */
export function writeMail(
  envelope: Envelope,
  capabilities: Capabilities,
  about: { readonly size: number; readonly needs: ContentNeeds | null },
): string {
  let line = `MAIL FROM:<${pathFor(envelope.from, capabilities)}>`;
  if (capabilities.sizeMax !== null) line += ` SIZE=${about.size}`;
  const body = bodyTypeFor(envelope, capabilities, about.needs);
  if (body !== '7bit') line += ` BODY=${body.toUpperCase()}`;
  if (capabilities.smtputf8 && needsSmtpUtf8(envelope)) line += ' SMTPUTF8';
  if (capabilities.dsn) {
    if (envelope.ret) line += ` RET=${envelope.ret.toUpperCase()}`;
    if (envelope.envid) line += ` ENVID=${safe(envelope.envid)}`;
  }
  if (capabilities.requireTls && envelope.requireTls === true) line += ' REQUIRETLS';
  if (envelope.hold !== undefined) line += holdParameter(envelope.hold);
  if (capabilities.xclick && envelope.clickUs !== undefined) line += ` XCLICK=${envelope.clickUs}`;
  return line;
}

/** How the content must be declared: as it is when we have looked, else as the sender said. */
export function bodyTypeFor(
  envelope: Envelope,
  capabilities: Capabilities,
  needs: ContentNeeds | null,
): BodyType {
  const { eightBitMime, binaryMime, chunking } = capabilities;
  const isBinary = needs === null ? envelope.bodyType === 'binarymime' : needs.binary;
  if (isBinary && binaryMime && chunking) return 'binarymime';
  // Not looked at: a message declared 8-bit that has none is right, the other way round is not.
  const isEightBit = needs === null ? true : needs.eightBit;
  return isEightBit && eightBitMime ? '8bitmime' : '7bit';
}

/**
 * Octets beyond ASCII in the header alone, undeclared, are no UTF-8 that anybody has vouched for.
 */
function needsSmtpUtf8(envelope: Envelope): boolean {
  return (
    envelope.smtputf8 === true ||
    needsUtf8(envelope.from) ||
    envelope.recipients.some(({ address }) => needsUtf8(address))
  );
}

function holdParameter(hold: NonNullable<Envelope['hold']>): string {
  return 'forS' in hold
    ? ` HOLDFOR=${Math.max(1, Math.ceil(hold.forS))}`
    : ` HOLDUNTIL=${new Date(hold.untilMs).toISOString().replace(/\.[0-9]+Z$/, 'Z')}`;
}

/** Without CRLF. */
export function writeRcpt(recipient: EnvelopeRecipient, capabilities: Capabilities): string {
  let line = `RCPT TO:<${pathFor(recipient.address, capabilities)}>`;
  if (!capabilities.dsn) return line;
  if (recipient.notify !== undefined && recipient.notify.length > 0) {
    line += ` NOTIFY=${recipient.notify.join(',').toUpperCase()}`;
  }
  if (recipient.orcpt) {
    const original = readOrcpt(recipient.orcpt);
    if (original !== null)
      line += ` ORCPT=${writeOrcpt(original, { utf8: capabilities.smtputf8 })}`;
  }
  return line;
}
