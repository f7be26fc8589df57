/**
 * Envelope addresses: paths, mailboxes, and the normal form that the directory is keyed by.
 * RFC 5321 §4.1.2 (grammar), §4.5.3.1 (lengths), appendix C (source routes); RFC 6531 §3.3 (UTF-8).
 */

import { SyntaxFault } from '../syntax-fault.ts';

export interface Path {
  /** The mailbox as written, without source route: what is relayed and shown. */
  readonly text: string;
  /** Local part as written, quotes included. */
  readonly local: string;
  /** As written; `[…]` for a literal; '' for a lone `postmaster`. */
  readonly domain: string;
}

export const pathLimits = {
  /** Octets; RFC 5321 §4.5.3.1.1. */
  localMax: 64,
  /** Octets; RFC 5321 §4.5.3.1.2. */
  domainMax: 255,
  /** Octets of mailbox and source route together; generous, since routes are dropped. */
  pathMax: 1024,
} as const;

const atext = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]";
const dotString = new RegExp(`^${atext}+(?:\\.${atext}+)*$`, 'u');
const quotedString = /^"(?:[ !#-[\]-~\u0080-\u{10ffff}]|\\[ -~])*"$/u;
const letterOrDigit = '[A-Za-z0-9_\\u0080-\\u{10ffff}]';
const subDomain = `${letterOrDigit}(?:(?:${letterOrDigit}|-)*${letterOrDigit})?`;
// QUIRK: `_` is not in the grammar; hosts with such names send mail all the same.
const domainName = new RegExp(`^${subDomain}(?:\\.${subDomain})*\\.?$`, 'u');
const sourceRoute = new RegExp(
  `^@${subDomain}(?:\\.${subDomain})*(?:,@${subDomain}(?:\\.${subDomain})*)*$`,
  'u',
);

/**
 * Reads `<path>` at the start of a command's argument, then what follows it. `null` as path is
 * `<>`. A source route is read and dropped (RFC 5321 appendix C). Throws SyntaxFault `smtp.path`.
 *
 * @example readPath('<a@b.example> SIZE=1').rest // ' SIZE=1'
 */
export function readPath(argument: string): { path: Path | null; rest: string } {
  // QUIRK: a space after the colon, from many scripts and devices. RFC 5321 §4.1.1.2 allows none.
  const start = argument.startsWith(' ') ? 1 : 0;
  if (argument[start] !== '<') throw fault('an address stands in angle brackets');
  const end = closingBracket(argument, start + 1);
  if (end < 0) throw fault('the closing angle bracket is missing');
  const inner = argument.slice(start + 1, end);
  const rest = argument.slice(end + 1);
  if (rest !== '' && !rest.startsWith(' ')) throw fault('a space must follow the address');
  if (inner === '') return { path: null, rest };
  if (octets(inner) > pathLimits.pathMax) throw fault('the address is too long');
  return { path: readMailbox(withoutRoute(inner)), rest };
}

/** Reads a mailbox that is known to stand alone. Throws SyntaxFault `smtp.path`. */
export function readMailbox(text: string): Path {
  if (text.toLowerCase() === 'postmaster') return { text, local: text, domain: '' };
  const parts = splitAddress(text);
  if (parts === null) throw fault('an address has the form local@domain');
  const { local, domain } = parts;
  if (octets(local) > pathLimits.localMax) throw fault('the part before @ is too long');
  if (octets(domain) > pathLimits.domainMax) throw fault('the domain is too long');
  if (!dotString.test(local) && !quotedString.test(local)) {
    throw fault('the part before @ is malformed');
  }
  if (!domainName.test(domain) && !isAddressLiteral(domain)) throw fault('the domain is malformed');
  return { text, local, domain };
}

/**
 * Cuts an address at its last @ outside quotes, checking nothing else.
 *
 * @example splitAddress('"a@b"@c.example') // { local: '"a@b"', domain: 'c.example' }
 */
export function splitAddress(address: string): { local: string; domain: string } | null {
  const at = address.lastIndexOf('@');
  if (at <= 0 || at === address.length - 1) return null;
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
}

/**
 * The local part as the directory knows it: NFC, lower case, without quotes that are not needed.
 * The +tag stays. RFC 5321 §2.4 leaves the meaning of local parts to the final host: this is ours.
 */
export function normalLocal(local: string): string {
  let plain = local;
  if (local.startsWith('"') && local.endsWith('"') && local.length > 1) {
    const unquoted = local.slice(1, -1).replace(/\\(.)/gsu, '$1');
    plain = dotString.test(unquoted) ? unquoted : local;
  }
  return plain.normalize('NFC').toLowerCase();
}

/**
 * A domain in A-labels, lower case, without final dot; an address literal as it is, in lower case;
 * null when it is no domain. RFC 5890 §2.3.2.1 (A-labels), mapped as UTS 46 does.
 */
export function normalDomain(domain: string): string | null {
  const name = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase();
  if (name.startsWith('[')) return isAddressLiteral(name) ? name : null;
  if (name.length > pathLimits.domainMax || !domainName.test(name)) return null;
  if (!needsUtf8(name)) return name;
  const ascii = toAscii(name);
  return ascii !== null && ascii.length <= pathLimits.domainMax ? ascii : null;
}

/** Local part and domain in normal form; null when there is no domain or it is none. */
export function normalAddress(address: string): string | null {
  const parts = splitAddress(address);
  if (parts === null) return null;
  const domain = normalDomain(parts.domain);
  return domain === null ? null : `${normalLocal(parts.local)}@${domain}`;
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]`. RFC 5321 §4.1.3. */
export function isAddressLiteral(domain: string): boolean {
  const match = /^\[(?:(IPv6:)([0-9A-Fa-f:.]{2,45})|([0-9]{1,3}(?:\.[0-9]{1,3}){3}))\]$/i.exec(
    domain,
  );
  if (match === null) return false;
  if (match[3] !== undefined) return match[3].split('.').every((part) => Number(part) <= 255);
  return URL.canParse(`http://[${match[2]}]/`);
}

/** Does the text have characters beyond ASCII, so that SMTPUTF8 is needed? */
export function needsUtf8(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 127) return true;
  return false;
}

function toAscii(name: string): string | null {
  const url = URL.parse(`http://${name}/`);
  const host = url?.hostname ?? '';
  return domainName.test(host) && /xn--|[a-z]/.test(host) ? host : null;
}

function withoutRoute(inner: string): string {
  if (!inner.startsWith('@')) return inner;
  const colon = inner.indexOf(':');
  if (colon < 0 || !sourceRoute.test(inner.slice(0, colon))) throw fault('malformed source route');
  return inner.slice(colon + 1);
}

/** Where the bracket closes that is not within quotes; -1 when nowhere. */
function closingBracket(text: string, from: number): number {
  let isQuoted = false;
  for (let i = from; i < text.length; i += 1) {
    const sign = text[i];
    if (isQuoted && sign === '\\') i += 1;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === '>' && !isQuoted) return i;
  }
  return -1;
}

function octets(text: string): number {
  return needsUtf8(text) ? new TextEncoder().encode(text).length : text.length;
}

function fault(message: string): SyntaxFault {
  return new SyntaxFault('smtp.path', message);
}
