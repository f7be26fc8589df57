/**
 * What a submission service mends in a message: Bcc is cut, missing fields are written above it.
 * Everything else stays as it is, octet for octet. RFC 6409 §8; RFC 5322 §3.6.3 (Bcc), §3.6 (which
 * fields must be there).
 */

import { utf8 } from '@merpati/formats/bytes.ts';
import { writeDate } from '@merpati/formats/message/date.ts';
import { findField } from '@merpati/formats/message/head.ts';
import type { Field, Head } from '@merpati/formats/message/head.ts';
import type { AddedFields } from '../incoming/incoming.ts';

const secretFields: ReadonlySet<string> = new Set(['bcc', 'resent-bcc']);

/** The head without its secret fields; the same array when it has none. */
export function cutSecretFields(head: Head, octets: Uint8Array): Uint8Array {
  return cutFields(
    head.fields.filter((field) => secretFields.has(field.key)),
    octets,
  );
}

/** The head without these fields of it, in their order; the same array when there are none. */
export function cutFields(cuts: readonly Field[], octets: Uint8Array): Uint8Array {
  if (cuts.length === 0) return octets;
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const field of cuts) {
    kept.push(octets.subarray(at, field.start));
    at = field.end;
  }
  kept.push(octets.subarray(at));
  return Buffer.concat(kept);
}

export interface MissingFieldsOptions {
  readonly nowMs: number;
  /** Unique, fit for a Message-ID's left side. */
  readonly id: string;
  /** Address of the account, for From and for the right side of Message-ID. */
  readonly address: string;
}

/** The fields that every message must have and this one lacks; null when none. */
export function missingFields(head: Head, options: MissingFieldsOptions): AddedFields | null {
  let text = '';
  let messageId: string | null = null;
  let dateMs: number | null = null;
  if (findField(head, 'from') === undefined) text += `From: <${options.address}>\r\n`;
  if (findField(head, 'date') === undefined) {
    dateMs = options.nowMs;
    text += `Date: ${writeDate(dateMs)}\r\n`;
  }
  if (findField(head, 'message-id') === undefined) {
    const domain = options.address.slice(options.address.lastIndexOf('@') + 1);
    messageId = `${options.id}@${domain}`;
    text += `Message-ID: <${messageId}>\r\n`;
  }
  return text === '' ? null : { octets: utf8(text), messageId, dateMs };
}
