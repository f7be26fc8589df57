/**
 * Reads delivery status notifications of any server, the international ones too; and what can be
 * made of damaged ones. RFC 3464 §2, RFC 6522 §3, RFC 6533 §3 to §6.
 */

import { concat, copyBytes } from '../bytes.ts';
import { decodeContent } from './content-decoder.ts';
import { readDate } from './date.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { findField, readHead } from './head.ts';
import type { Head } from './head.ts';
import { reportLimits } from './limits.ts';
import { readIds } from './message-id.ts';
import { createMimeReader } from './mime.ts';
import type { Part, PartSink } from './mime.ts';

/** `rfc822; siti@surat.test`: a type in lower case and what is behind it. */
export interface Typed {
  readonly type: string;
  readonly value: string;
}

export interface ReportedRecipient {
  readonly final: Typed | null;
  readonly original: Typed | null;
  /** In lower case; '' when it is missing. */
  readonly action: string;
  /** `5.1.1`; '' when it is missing or none. */
  readonly status: string;
  readonly diagnostic: Typed | null;
  readonly remoteMta: Typed | null;
  readonly lastAttemptMs: number | null;
  readonly willRetryUntilMs: number | null;
}

export interface DsnReport {
  readonly reportingMta: Typed | null;
  readonly envid: string | null;
  readonly arrivalMs: number | null;
  readonly recipients: readonly ReportedRecipient[];
  /** Of the message that the report is about, without brackets. */
  readonly messageId: string | null;
  /** The head of that message, if it was returned. */
  readonly originalHead: Uint8Array | null;
  readonly faults: readonly Fault[];
}

/** The report within a message; null when there is none. Never throws. */
export function readDsn(message: Uint8Array): DsnReport | null {
  const reader = createDsnReader();
  reader.write(message);
  return reader.end();
}

/** The same for a message that streams by. */
export function createDsnReader(): { write(chunk: Uint8Array): void; end(): DsnReport | null } {
  const faults: Fault[] = [];
  let status: Uint8Array | null = null;
  let headers: Uint8Array | null = null;
  let enclosed: Part | null = null;
  const reader = createMimeReader({
    onPart: (part) => {
      if (isWithinMessage(part)) {
        if (part.parent?.message === part || part.parent?.type.type === 'message')
          enclosed ??= part;
        return null;
      }
      if (isStatus(part) && status === null) {
        return collect(part, faults, (bytes) => {
          status = bytes;
        });
      }
      if (isHeaders(part) && headers === null) {
        return collect(part, faults, (bytes) => {
          headers = bytes;
        });
      }
      return null;
    },
  });
  return {
    write: (chunk) => reader.write(chunk),
    end: () => {
      reader.end();
      if (status === null) return null;
      return makeReport(status, { head: headers, enclosed, faults });
    },
  };
}

function isWithinMessage(part: Part): boolean {
  for (let outer = part.parent; outer !== null; outer = outer.parent) {
    if (outer.type.type === 'message') return true;
  }
  return false;
}

function isStatus({ type }: Part): boolean {
  return (
    type.value === 'message/delivery-status' || type.value === 'message/global-delivery-status'
  );
}

/** The head alone, or an international message that was encoded as a whole. */
function isHeaders({ type }: Part): boolean {
  return (
    type.value === 'text/rfc822-headers' ||
    type.value === 'message/rfc822-headers' ||
    type.value === 'message/global-headers' ||
    type.value === 'message/global'
  );
}

/** Gathers a part's decoded content up to the limit. */
function collect(part: Part, faults: Fault[], give: (bytes: Uint8Array) => void): PartSink {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    write: (chunk) => {
      const room = reportLimits.statusBytesMax - size;
      if (room <= 0) return;
      chunks.push(copyBytes(chunk.subarray(0, room)));
      size += Math.min(chunk.length, room);
    },
    end: () => give(decodeContent(concat(chunks), part.encoding, faults)),
  };
}

function makeReport(
  status: Uint8Array,
  given: { head: Uint8Array | null; enclosed: Part | null; faults: Fault[] },
): DsnReport {
  const { faults } = given;
  const groups = readGroups(status, faults);
  const first = groups[0];
  // QUIRK: some servers leave the group about the message out, or write it into the first
  // recipient's.
  const recipientGroups = groups.filter((group) => isRecipientGroup(group));
  if (first === undefined || recipientGroups.length === 0) noteFault(faults, 'status-broken', 0);
  const original = given.enclosed?.head ?? (given.head === null ? null : readHead(given.head));
  const originalHead = given.head ?? headOctets(given.enclosed);
  const id = original === null ? undefined : findField(original, 'message-id');
  return {
    reportingMta: first === undefined ? null : typedOf(first, 'reporting-mta'),
    envid: first === undefined ? null : (findField(first, 'original-envelope-id')?.value() ?? null),
    arrivalMs: first === undefined ? null : dateOf(first, 'arrival-date'),
    recipients: recipientGroups.map((group) => readRecipient(group, faults)),
    messageId: readIds(id?.value() ?? '')[0] ?? null,
    originalHead,
    faults,
  };
}

function headOctets(part: Part | null): Uint8Array | null {
  return part === null ? null : concat(part.head.fields.map((field) => field.raw()));
}

/** Groups of fields with empty lines between them. */
function readGroups(bytes: Uint8Array, faults: Fault[]): Head[] {
  const groups: Head[] = [];
  let at = 0;
  while (at < bytes.length && groups.length <= reportLimits.recipientsMax) {
    const group = readHead(bytes.subarray(at), { fieldsMax: 100 });
    for (const fault of group.faults) {
      if (fault.code !== 'head-not-closed') noteFault(faults, fault.code, at + fault.at);
    }
    if (group.fields.length > 0) groups.push(group);
    if (group.length === 0) {
      noteFault(faults, 'status-broken', at);
      break;
    }
    at += group.length;
  }
  return groups;
}

function isRecipientGroup(group: Head): boolean {
  return group.fields.some(
    ({ key }) => key === 'final-recipient' || key === 'original-recipient' || key === 'action',
  );
}

function readRecipient(group: Head, faults: Fault[]): ReportedRecipient {
  const action = /^[a-z]*/u.exec((findField(group, 'action')?.value() ?? '').toLowerCase())![0];
  const written = findField(group, 'status')?.value() ?? '';
  const status = /[245]\.\d{1,3}\.\d{1,3}/u.exec(written)?.[0] ?? '';
  const final = typedOf(group, 'final-recipient');
  if (action === '' || status === '' || final === null) noteFault(faults, 'status-broken', 0);
  return {
    final: addressOf(final),
    original: addressOf(typedOf(group, 'original-recipient')),
    action,
    status,
    diagnostic: typedOf(group, 'diagnostic-code'),
    remoteMta: typedOf(group, 'remote-mta'),
    lastAttemptMs: dateOf(group, 'last-attempt-date'),
    willRetryUntilMs: dateOf(group, 'will-retry-until'),
  };
}

function typedOf(group: Head, key: string): Typed | null {
  const value = findField(group, key)?.value();
  if (value === undefined || value === '') return null;
  const semicolon = value.indexOf(';');
  if (semicolon < 0) return { type: '', value };
  const type = value
    .slice(0, semicolon)
    .replace(/\([^()]*\)/gu, '')
    .trim()
    .toLowerCase();
  return { type, value: value.slice(semicolon + 1).trim() };
}

/** Brackets that some servers add are taken off, and `\x{41}` of RFC 6533 §3 is read. */
function addressOf(typed: Typed | null): Typed | null {
  if (typed === null) return null;
  const bare = typed.value.replace(/^<(.*)>$/su, '$1');
  if (typed.type !== 'utf-8') return { type: typed.type, value: bare };
  const value = bare.replace(/\\x\{([0-9A-F]{2,6})\}/giu, (written, digits: string) => {
    const code = Number.parseInt(digits, 16);
    const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : written;
  });
  return { type: typed.type, value };
}

function dateOf(group: Head, key: string): number | null {
  return readDate(findField(group, key)?.value() ?? '')?.ms ?? null;
}
