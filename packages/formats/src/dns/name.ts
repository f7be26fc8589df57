/**
 * Domain names on the wire: labels, and pointers to labels that stand earlier in the message.
 * RFC 1035 §3.1, §4.1.4; presentation form of odd octets RFC 4343 §2.1.
 *
 * A name is text without the final dot (the root is ''), in the case it arrived in. Octets that are
 * not visible ASCII, and `.` and `\` inside a label, are written `\DDD`, so that every name on the
 * wire has exactly one text and comes back as the same octets.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { dnsLimits } from './limits.ts';

/** Reads the name at `offset`; `next` is the offset behind it. Throws `SyntaxFault`. */
export function readName(bytes: Uint8Array, offset: number): { name: string; next: number } {
  const labels: string[] = [];
  let at = offset;
  let next = -1;
  let octets = 1;
  let pointers = 0;
  // A pointer must lead to before the piece it stands in: then no chain can run in circles.
  let pieceStart = offset;
  for (;;) {
    const length = octetAt(bytes, at);
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | octetAt(bytes, at + 1);
      if (next < 0) next = at + 2;
      pointers += 1;
      if (target >= pieceStart || pointers > dnsLimits.pointersMax) {
        throw new SyntaxFault('dns.name.pointer', 'a compression pointer does not lead backwards');
      }
      at = target;
      pieceStart = target;
    } else if (length > dnsLimits.labelOctetsMax) {
      throw new SyntaxFault('dns.name.label-type', 'unknown label type');
    } else if (length === 0) {
      return { name: labels.join('.'), next: next < 0 ? at + 1 : next };
    } else {
      octets += length + 1;
      if (octets > dnsLimits.nameOctetsMax) {
        throw new SyntaxFault('dns.name.long', 'a name is longer than 255 octets');
      }
      if (at + 1 + length > bytes.length) throw truncated();
      labels.push(labelText(bytes, at + 1, length));
      at += length + 1;
    }
  }
}

function octetAt(bytes: Uint8Array, at: number): number {
  const octet = bytes[at];
  if (octet === undefined) throw truncated();
  return octet;
}

const truncated = () => new SyntaxFault('dns.truncated', 'the message ends inside a name');

function labelText(bytes: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let i = start; i < start + length; i += 1) {
    const octet = bytes[i] ?? 0;
    text += isPlain(octet) ? String.fromCharCode(octet) : `\\${octet.toString().padStart(3, '0')}`;
  }
  return text;
}

/** Visible ASCII except `.` and `\`. */
const isPlain = (octet: number) => octet > 0x20 && octet < 0x7f && octet !== 0x2e && octet !== 0x5c;

/**
 * The labels of a name as octets, the root label left out. A final dot is allowed. Throws
 * `SyntaxFault` for empty or long labels, long names, and characters outside visible ASCII: names
 * with others must be A-labels (RFC 5891) before they come here.
 */
export function nameLabels(name: string): Uint8Array[] {
  const labels: Uint8Array[] = [];
  let label: number[] = [];
  let octets = 1;
  const endLabel = () => {
    if (label.length === 0) throw new SyntaxFault('dns.name.empty-label', 'empty label in a name');
    if (label.length > dnsLimits.labelOctetsMax) {
      throw new SyntaxFault('dns.name.long-label', 'a label is longer than 63 octets');
    }
    octets += label.length + 1;
    labels.push(Uint8Array.from(label));
    label = [];
  };
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code === 0x2e) {
      endLabel();
    } else if (code === 0x5c) {
      const { octet, length } = readEscape(name, i);
      label.push(octet);
      i += length - 1;
    } else if (isPlain(code)) {
      label.push(code);
    } else {
      throw new SyntaxFault('dns.name.character', 'a name has a character outside visible ASCII');
    }
    if (label.length > dnsLimits.nameOctetsMax) break;
  }
  if (label.length > 0) endLabel();
  if (octets > dnsLimits.nameOctetsMax) {
    throw new SyntaxFault('dns.name.long', 'a name is longer than 255 octets');
  }
  return labels;
}

/** `\DDD` or a backslash and one visible character. RFC 1035 §5.1. */
function readEscape(name: string, at: number): { octet: number; length: number } {
  const digits = /^[0-9]{3}/.exec(name.slice(at + 1, at + 4))?.[0];
  if (digits !== undefined && Number(digits) < 256) return { octet: Number(digits), length: 4 };
  const code = name.charCodeAt(at + 1);
  if (digits === undefined && code > 0x20 && code < 0x7f) return { octet: code, length: 2 };
  throw new SyntaxFault('dns.name.escape', 'a backslash in a name is not followed by an octet');
}

/** Case does not matter in names, only for ASCII letters. RFC 4343 §3. */
export function sameName(a: string, b: string): boolean {
  return lowerName(a) === lowerName(b);
}

/** ASCII letters in lower case, the final dot gone. */
export function lowerName(name: string): string {
  const lower = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return lower.endsWith('.') && !lower.endsWith('\\.') ? lower.slice(0, -1) : lower;
}

/**
 * Whether the name is one a host may have: letters, digits and inner hyphens (RFC 1123 §2.1), with
 * underscores let through because real MX targets have them.
 */
export function isHostName(name: string): boolean {
  return (
    name.length <= 253 &&
    name.split('.').every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label))
  );
}
