/** ENVELOPE and BODYSTRUCTURE as values. RFC 9051 §7.5.2; RFC 3501 §7.4.2. */

import { isList, listOf, numberOf, octetsOf, textOf, wordOf } from './response-value.ts';
import { badResponse, type ResponseValue } from './response-value.ts';

/** As sent: encoded words are for `readEncodedWords` of the message package. */
export interface EnvelopeAddress {
  readonly name: string | null;
  /** null: the end of a group, or, with a name in `local`, its beginning. */
  readonly domain: string | null;
  readonly local: string | null;
}

export interface ReceivedEnvelope {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly EnvelopeAddress[];
  readonly sender: readonly EnvelopeAddress[];
  readonly replyTo: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly bcc: readonly EnvelopeAddress[];
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
}

export function readReceivedEnvelope(value: ResponseValue): ReceivedEnvelope {
  const fields = listOf(value);
  if (fields.length < 10) throw badResponse('An envelope has ten fields');
  const addresses = (index: number) => listOf(fields[index]).map(readAddress);
  return {
    date: textOf(fields[0]),
    subject: textOf(fields[1]),
    from: addresses(2),
    sender: addresses(3),
    replyTo: addresses(4),
    to: addresses(5),
    cc: addresses(6),
    bcc: addresses(7),
    inReplyTo: textOf(fields[8]),
    messageId: textOf(fields[9]),
  };
}

function readAddress(value: ResponseValue): EnvelopeAddress {
  const [name, , local, domain] = listOf(value);
  return { name: textOf(name), local: textOf(local), domain: textOf(domain) };
}

export interface ReceivedDisposition {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

interface Extension {
  readonly disposition: ReceivedDisposition | null;
  readonly language: readonly string[];
  readonly location: string | null;
}

/** Types, parameter names and encodings in lower case. */
export type ReceivedStructure =
  | ({
      readonly kind: 'multipart';
      readonly subtype: string;
      readonly parts: readonly ReceivedStructure[];
      readonly parameters: ReadonlyMap<string, string>;
    } & Extension)
  | ({
      readonly kind: 'part';
      readonly type: string;
      readonly subtype: string;
      readonly parameters: ReadonlyMap<string, string>;
      readonly id: string | null;
      readonly description: string | null;
      readonly encoding: string;
      readonly octets: number;
      /** Of text and message/rfc822. */
      readonly lines: number | null;
      /** Of message/rfc822 alone. */
      readonly message: {
        readonly envelope: ReceivedEnvelope;
        readonly structure: ReceivedStructure;
      } | null;
      readonly md5: string | null;
    } & Extension);

export function readReceivedStructure(value: ResponseValue): ReceivedStructure {
  const fields = listOf(value);
  return isList(fields[0]) ? readMultipart(fields) : readPart(fields);
}

function readMultipart(fields: readonly ResponseValue[]): ReceivedStructure {
  const count = fields.findIndex((field) => !isList(field));
  if (count < 0) throw badResponse('A multipart without a subtype');
  return {
    kind: 'multipart',
    parts: fields.slice(0, count).map(readReceivedStructure),
    subtype: wordOf(fields[count]).toLowerCase(),
    parameters: readParameters(fields[count + 1]),
    ...readExtension(fields.slice(count + 2)),
  };
}

function readPart(fields: readonly ResponseValue[]): ReceivedStructure {
  const type = wordOf(fields[0]).toLowerCase();
  const subtype = wordOf(fields[1]).toLowerCase();
  // Some servers leave the last three out where a message inside is broken.
  const isMessage = type === 'message' && isList(fields[7]) && isList(fields[8]);
  let basic = 7;
  if (isMessage) basic = 10;
  else if (type === 'text') basic = 8;
  return {
    kind: 'part',
    type,
    subtype,
    parameters: readParameters(fields[2]),
    id: textOf(fields[3]),
    description: textOf(fields[4]),
    encoding: (textOf(fields[5]) ?? '7bit').toLowerCase(),
    octets: numberOf(fields[6]),
    lines: basic === 7 ? null : numberOf(fields[basic - 1]),
    message: isMessage
      ? {
          envelope: readReceivedEnvelope(listOf(fields[7])),
          structure: readReceivedStructure(listOf(fields[8])),
        }
      : null,
    md5: fields[basic] === undefined ? null : textOf(fields[basic]),
    ...readExtension(fields.slice(basic + 1)),
  };
}

/** Disposition, language and location; each may be absent with all that follow. */
function readExtension(fields: readonly ResponseValue[]): Extension {
  const [disposition = null, language = null, location = null] = fields;
  return {
    disposition: disposition === null ? null : readDisposition(listOf(disposition)),
    language: readLanguages(language),
    location: textOf(location),
  };
}

function readLanguages(value: ResponseValue): string[] {
  if (value === null) return [];
  return isList(value) ? value.map(wordOf) : [wordOf(value)];
}

function readDisposition([type, parameters]: readonly ResponseValue[]): ReceivedDisposition {
  return { type: wordOf(type).toLowerCase(), parameters: readParameters(parameters) };
}

function readParameters(value: ResponseValue | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const list = value === undefined ? [] : listOf(value);
  for (let at = 0; at + 1 < list.length; at += 2) {
    const octets = octetsOf(list[at + 1]);
    if (octets !== null) found.set(wordOf(list[at]).toLowerCase(), wordOf(list[at + 1]));
  }
  return found;
}
