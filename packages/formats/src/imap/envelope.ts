/**
 * ENVELOPE: what a head says of who wrote to whom, about what and when, as written. RFC 9051
 * §7.5.2, RFC 3501 §7.4.2; groups and routes of RFC 5322 §3.4, §4.4.
 */

import { readAddressList } from '../message/address.ts';
import type { Group, Mailbox } from '../message/address.ts';
import { findFields } from '../message/head.ts';
import type { Head } from '../message/head.ts';
import { firstOctets, readFieldText } from './field-text.ts';
import type { FieldText } from './field-text.ts';
import { ListWriter } from './list-writer.ts';

/**
 * The value that stands behind ENVELOPE, with its parentheses. Values are unfolded and otherwise
 * octet for octet as they stand there: encoded words stay encoded, and what is not US-ASCII goes
 * as literals. Where To, Cc, Bcc and their like occur twice, all their addresses are told.
 *
 * @example
 * latin1(writeEnvelope(readHead(ascii('From: Siti <siti@surat.test>\r\nSubject: hi\r\n\r\n'))));
 * // (NIL "hi" (("Siti" NIL "siti" "surat.test")) … NIL NIL NIL NIL NIL)
 */
export function writeEnvelope(head: Head): Uint8Array {
  const list = new ListWriter();
  appendEnvelope(list, head);
  return list.finish();
}

/** The envelope as one element of a list. */
export function appendEnvelope(list: ListWriter, head: Head): void {
  const from = peopleOf(head, 'from');
  list.open();
  list.nstring(firstOctets(head, 'date'));
  list.nstring(firstOctets(head, 'subject'));
  writePeople(list, from);
  writePeople(list, orElse(peopleOf(head, 'sender'), from));
  writePeople(list, orElse(peopleOf(head, 'reply-to'), from));
  writePeople(list, peopleOf(head, 'to'));
  writePeople(list, peopleOf(head, 'cc'));
  writePeople(list, peopleOf(head, 'bcc'));
  list.nstring(firstOctets(head, 'in-reply-to'));
  list.nstring(firstOctets(head, 'message-id'));
  list.close();
}

interface Named {
  readonly entry: Mailbox | Group;
  readonly source: FieldText;
}

function peopleOf(head: Head, key: string): readonly Named[] {
  return findFields(head, key).flatMap((field) => {
    const source = readFieldText(field);
    const { entries } = readAddressList(source.text, { isAsWritten: true });
    return entries.map((entry) => ({ entry, source }));
  });
}

/** Sender and Reply-To that are not there, or empty, are the author's. RFC 9051 §7.5.2. */
function orElse(people: readonly Named[], author: readonly Named[]): readonly Named[] {
  return people.length > 0 ? people : author;
}

function writePeople(list: ListWriter, people: readonly Named[]): void {
  if (people.length === 0) {
    list.nil();
    return;
  }
  list.open();
  for (const { entry, source } of people) {
    if (!('group' in entry)) {
      writeMailbox(list, entry, source);
      continue;
    }
    list.openBeside().nil().nil().string(source.octetsOf(entry.group)).nil().close();
    for (const member of entry.members) writeMailbox(list, member, source);
    list.openBeside().nil().nil().nil().nil().close();
  }
  list.close();
}

/**
 * A mailbox without a domain has the empty string for it: NIL would make it the beginning of a
 * group.
 */
function writeMailbox(list: ListWriter, mailbox: Mailbox, source: FieldText): void {
  const octets = (text: string | null): Uint8Array | null =>
    text === null ? null : source.octetsOf(text);
  list.openBeside();
  list.nstring(octets(mailbox.name)).nstring(octets(mailbox.route ?? null));
  list.string(source.octetsOf(mailbox.local)).string(source.octetsOf(mailbox.domain)).close();
}
