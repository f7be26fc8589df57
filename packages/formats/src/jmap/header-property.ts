/**
 * Header fields as properties of an Email: `header:List-Post:asURLs:all`. RFC 8621 §4.1.2, §4.1.3.
 */

import { readAddressList, type Group, type Mailbox } from '../message/address.ts';
import { readDate } from '../message/date.ts';
import { decodeWords } from '../message/encoded-word.ts';
import type { Fault } from '../message/fault.ts';
import { readText, type Field, type Head } from '../message/head.ts';
import { readIds } from '../message/message-id.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { writeJmapDate } from './date.ts';
import type { Json } from './json.ts';

export type HeaderForm =
  | 'Raw'
  | 'Text'
  | 'Addresses'
  | 'GroupedAddresses'
  | 'MessageIds'
  | 'Date'
  | 'URLs';

export interface HeaderProperty {
  /** As the client writes it. */
  readonly property: string;
  /** The name of the field in lower case. */
  readonly key: string;
  readonly form: HeaderForm;
  /** All fields of that name as a list, instead of the last one. */
  readonly all: boolean;
}

/** The short names of the usual ones. RFC 8621 §4.1.3. */
export const headerProperties: Readonly<Record<string, HeaderProperty>> = Object.fromEntries(
  (
    [
      ['messageId', 'message-id', 'MessageIds'],
      ['inReplyTo', 'in-reply-to', 'MessageIds'],
      ['references', 'references', 'MessageIds'],
      ['sender', 'sender', 'Addresses'],
      ['from', 'from', 'Addresses'],
      ['to', 'to', 'Addresses'],
      ['cc', 'cc', 'Addresses'],
      ['bcc', 'bcc', 'Addresses'],
      ['replyTo', 'reply-to', 'Addresses'],
      ['subject', 'subject', 'Text'],
      ['sentAt', 'date', 'Date'],
    ] as const
  ).map(([property, key, form]) => [property, { property, key, form, all: false }]),
);

const addresses: readonly HeaderForm[] = ['Raw', 'Addresses', 'GroupedAddresses'];
const ids: readonly HeaderForm[] = ['Raw', 'MessageIds'];
const dates: readonly HeaderForm[] = ['Raw', 'Date'];
const urls: readonly HeaderForm[] = ['Raw', 'URLs'];
const texts: readonly HeaderForm[] = ['Raw', 'Text'];

/** Fields that RFC 5322 and RFC 2369 define may be read in these forms alone. */
const formsOf: Readonly<Record<string, readonly HeaderForm[]>> = {
  from: addresses,
  sender: addresses,
  'reply-to': addresses,
  to: addresses,
  cc: addresses,
  bcc: addresses,
  'resent-from': addresses,
  'resent-sender': addresses,
  'resent-reply-to': addresses,
  'resent-to': addresses,
  'resent-cc': addresses,
  'resent-bcc': addresses,
  'message-id': ids,
  'in-reply-to': ids,
  references: ids,
  'resent-message-id': ids,
  date: dates,
  'resent-date': dates,
  'list-help': urls,
  'list-unsubscribe': urls,
  'list-subscribe': urls,
  'list-post': urls,
  'list-owner': urls,
  'list-archive': urls,
  subject: texts,
  comments: texts,
  keywords: texts,
  'list-id': texts,
  received: ['Raw'],
  'return-path': ['Raw'],
};

const allForms: ReadonlySet<string> = new Set<HeaderForm>([
  'Raw',
  'Text',
  'Addresses',
  'GroupedAddresses',
  'MessageIds',
  'Date',
  'URLs',
]);

/**
 * Reads a property that begins with `header:`. Throws a SyntaxFault `jmap.header` when there is no
 * such one, or when the field may not be read that way.
 */
export function readHeaderProperty(property: string): HeaderProperty {
  const [prefix, name = '', ...rest] = property.split(':');
  const fault = (why: string) => new SyntaxFault('jmap.header', `${property}: ${why}`);
  if (prefix !== 'header') throw fault('it does not begin with header:');
  if (!/^[\x21-\x39\x3b-\x7e]+$/u.test(name)) throw fault('no field has such a name');
  const all = rest.at(-1) === 'all';
  const forms = all ? rest.slice(0, -1) : rest;
  const [written = 'asRaw'] = forms;
  const form = written.slice(2);
  if (forms.length > 1 || !written.startsWith('as') || !isForm(form)) {
    throw fault('it ends with nothing, one form, :all, or a form and :all');
  }
  const key = name.toLowerCase();
  if (formsOf[key] !== undefined && !formsOf[key].includes(form)) {
    throw fault(`${name} has no form ${form}`);
  }
  return { property, key, form, all };
}

function isForm(form: string): form is HeaderForm {
  return allForms.has(form);
}

/** The property's value of a message or part. */
export function valueOfHeader(head: Head, { key, form, all }: HeaderProperty): Json {
  const fields = head.fields.filter((field) => field.key === key);
  if (all) return fields.map((field) => readForm(field, form));
  const last = fields.at(-1);
  return last === undefined ? null : readForm(last, form);
}

/** All fields of a head, raw. RFC 8621 §4.1.3 (headers). */
export function allHeaders(head: Head): Json {
  return head.fields.map((field) => ({ name: field.name, value: rawForm(field) }));
}

function readForm(field: Field, form: HeaderForm): Json {
  switch (form) {
    case 'Raw':
      return rawForm(field);
    case 'Text':
      return plain(decodeWords(field.value()));
    case 'Addresses':
      return readAddressList(field.value()).entries.flatMap((entry) =>
        'group' in entry ? entry.members.map(addressOf) : [addressOf(entry)],
      );
    case 'GroupedAddresses':
      return groupsOf(readAddressList(field.value()).entries);
    case 'MessageIds': {
      const faults: Fault[] = [];
      const found = readIds(field.value(), faults);
      return faults.length > 0 || found.length === 0 ? null : [...found];
    }
    case 'Date': {
      const date = readDate(field.value());
      return date === null ? null : writeJmapDate(date.ms, date.offsetMinutes);
    }
    case 'URLs':
      return urlsOf(field.value());
    default:
      return form satisfies never;
  }
}

/** With the folds and the space behind the colon; octets that are no text are replaced. */
function rawForm(field: Field): string {
  return readText(field.rawValue()).replaceAll('\0', '');
}

function plain(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f]+/gu, ' ').normalize('NFC');
}

function addressOf({ name, address }: Mailbox): Json {
  const shown = name === null ? null : plain(name);
  return { name: shown === '' ? null : shown, email: address };
}

/** Mailboxes between groups are put together under no name. RFC 8621 §4.1.2.4. */
function groupsOf(entries: readonly (Mailbox | Group)[]): Json {
  const groups: { name: string | null; addresses: Json[] }[] = [];
  let isOpen = false;
  for (const entry of entries) {
    if ('group' in entry) {
      groups.push({ name: plain(entry.group), addresses: entry.members.map(addressOf) });
      isOpen = false;
      continue;
    }
    if (!isOpen) groups.push({ name: null, addresses: [] });
    isOpen = true;
    groups.at(-1)?.addresses.push(addressOf(entry));
  }
  return groups;
}

/** RFC 2369: addresses in angle brackets; null when there is none. */
function urlsOf(value: string): Json {
  const found = value.replaceAll(/\([^()]*\)/gu, ' ').match(/<[^<>]+>/gu);
  if (found === null) return null;
  return found.map((one) => one.slice(1, -1).replaceAll(/\s+/gu, ''));
}
