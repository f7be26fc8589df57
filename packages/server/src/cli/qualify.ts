/**
 * Names without a domain, as programs of one machine write them (`From: root (Cron Daemon)`), made
 * into addresses that mean something elsewhere.
 */

import { concat, utf8 } from '@merpati/formats/bytes.ts';
import {
  makeMailbox,
  readAddressList,
  type Group,
  type Mailbox,
} from '@merpati/formats/message/address.ts';
import { writeAddressField } from '@merpati/formats/message/field-writer.ts';
import type { Head } from '@merpati/formats/message/head.ts';

const addressFields: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
]);

/** `root` with the domain `contoh.id` is `root@contoh.id`; what has a domain stays. */
export function qualify(address: string, domain: string): string {
  return address.includes('@') ? address : `${address}@${domain}`;
}

/** Only fields that hold such a name are written anew; all other octets stay. */
export function qualifyFields(message: Uint8Array, head: Head, domain: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const field of head.fields) {
    if (!addressFields.has(field.key)) continue;
    const { entries } = readAddressList(field.value());
    const mended = entries.map((entry) => mend(entry, domain));
    if (mended.every((entry, i) => entry === entries[i])) continue;
    const written = writeAddressField(field.name, mended, { utf8: true });
    pieces.push(message.subarray(at, field.start), utf8(written));
    at = field.end;
  }
  return pieces.length === 0 ? message : concat([...pieces, message.subarray(at)]);
}

function mend(entry: Mailbox | Group, domain: string): Mailbox | Group {
  if ('group' in entry) {
    const members = entry.members.map((member) => mendMailbox(member, domain));
    return members.every((one, i) => one === entry.members[i]) ? entry : { ...entry, members };
  }
  return mendMailbox(entry, domain);
}

function mendMailbox(mailbox: Mailbox, domain: string): Mailbox {
  const { name, local } = mailbox;
  return mailbox.domain === '' && local !== '' ? makeMailbox(name, local, domain) : mailbox;
}
