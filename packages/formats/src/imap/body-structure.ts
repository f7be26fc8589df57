/**
 * BODYSTRUCTURE and BODY: the tree of a message's parts with what each head says of its part.
 * RFC 9051 §7.5.2, RFC 3501 §7.4.2; RFC 2231 §6 (values in pieces are put together), RFC 3282
 * (language), RFC 2557 (location), RFC 1864 (MD5), RFC 6532 §3.7 (message/global).
 */

import { findField } from '../message/head.ts';
import { readEncoding } from '../message/content-decoder.ts';
import { readParameters } from '../message/parameter.ts';
import type { ParameterField } from '../message/parameter.ts';
import type { Part } from '../message/part.ts';
import { appendEnvelope } from './envelope.ts';
import { firstOctets, readFieldText } from './field-text.ts';
import type { FieldText } from './field-text.ts';
import { ListWriter } from './list-writer.ts';
import { joinPieces } from './parameter-pieces.ts';
import { holdsMessage } from './section.ts';

export interface StructureOptions {
  /** With extension data: BODYSTRUCTURE rather than BODY. */
  readonly extended: boolean;
}

/**
 * The value that stands behind BODYSTRUCTURE (or BODY), with its parentheses. Damage is no reason
 * not to answer: a multipart whose parts were not found is told as one text of all its body, which
 * is what `findSection` gives for it; an encoded message as one that holds such a text.
 *
 * @example
 * const { root } = readMime(ascii('Content-Type: text/plain; charset=utf-8\r\n\r\nhi\r\n'));
 * latin1(writeBodyStructure(root, { extended: false }));
 * // ("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 4 1)
 */
export function writeBodyStructure(root: Part, options: StructureOptions): Uint8Array {
  const list = new ListWriter();
  writePart(list.open(), root, options);
  return list.finish();
}

/** What stands in the parentheses that were opened for the part, and closes them. */
function writePart(list: ListWriter, part: Part, options: StructureOptions): void {
  if (part.type.type === 'multipart') writeMultipart(list, part, options);
  else writeSingle(list, part, options);
  list.close();
}

function writeMultipart(list: ListWriter, part: Part, options: StructureOptions): void {
  if (part.parts.length === 0) writeWholeAsText(list.openBeside(), part, options);
  for (const inner of part.parts) writePart(list.openBeside(), inner, options);
  list.string(part.type.subtype);
  if (!options.extended) return;
  writeParameters(list, typeOf(part));
  writeExtension(list, part);
}

/** The body of a multipart or message that could not be looked into, as a text. */
function writeWholeAsText(list: ListWriter, part: Part, { extended }: StructureOptions): void {
  list.string('text').string('plain');
  list.open().string('charset').string('us-ascii').close();
  list.nil().nil().string(encodingOf(part));
  list.number(part.bodyEnd - part.bodyStart).number(part.bodyLines);
  if (extended) list.nil().nil().nil().nil();
  list.close();
}

function writeSingle(list: ListWriter, part: Part, options: StructureOptions): void {
  const { type, head } = part;
  list.string(type.type).string(type.subtype);
  writeParameters(list, typeOf(part));
  list.nstring(firstOctets(head, 'content-id'));
  list.nstring(firstOctets(head, 'content-description'));
  list.string(encodingOf(part));
  list.number(part.bodyEnd - part.bodyStart);
  if (holdsMessage(part)) writeMessage(list, part, options);
  if (type.type === 'text') list.number(part.bodyLines);
  if (!options.extended) return;
  list.nstring(firstOctets(head, 'content-md5'));
  writeExtension(list, part);
}

function writeMessage(list: ListWriter, part: Part, options: StructureOptions): void {
  if (part.message === null) {
    list.open();
    for (let field = 0; field < 10; field += 1) list.nil();
    list.close();
    writeWholeAsText(list.open(), part, options);
  } else {
    appendEnvelope(list, part.message.head);
    writePart(list.open(), part.message, options);
  }
  list.number(part.bodyLines);
}

function writeExtension(list: ListWriter, part: Part): void {
  writeDisposition(list, part);
  writeLanguages(list, part);
  list.nstring(firstOctets(part.head, 'content-location'));
}

// ---------------------------------------------------------------- fields

interface Written {
  readonly field: ParameterField;
  readonly source: FieldText | null;
}

/** Content-Type; one that is missing says what RFC 2045 §5.2 makes of that. */
function typeOf(part: Part): Written {
  const written = findField(part.head, 'content-type');
  if (written === undefined) {
    const isText = part.type.type === 'text';
    return {
      field: { ...part.type, written: isText ? [['charset', 'us-ascii']] : [] },
      source: null,
    };
  }
  return writtenOf(part.type, readFieldText(written));
}

/** A field that is not UTF-8 was read as windows-1252, and is read anew for its octets. */
function writtenOf(field: ParameterField, source: FieldText): Written {
  const isAsRead = source.octetsOf('\u00ff').length === 2;
  return { field: isAsRead ? field : readParameters(source.text, []), source };
}

function writeParameters(list: ListWriter, { field, source }: Written): void {
  const pairs = joinPieces(field.written);
  if (pairs.length === 0) {
    list.nil();
    return;
  }
  const octets = (text: string): string | Uint8Array =>
    source === null ? text : source.octetsOf(text);
  list.open();
  for (const [name, value] of pairs) list.string(octets(name)).string(octets(value));
  list.close();
}

/** The word that names the encoding as it was understood; an unknown one as written. */
function encodingOf(part: Part): string {
  const { written } = part;
  if (part.encoding !== 'unknown' && part.encoding !== 'uuencode') return part.encoding;
  const word = /[^\s"'();]+/u.exec((written.encoding ?? '').replace(/\([^()]*\)/gu, ''))?.[0];
  return word === undefined ? readEncoding(null) : word;
}

/** RFC 2183 §2.8: what is not understood is an attachment. */
function writeDisposition(list: ListWriter, part: Part): void {
  const field = findField(part.head, 'content-disposition');
  if (field === undefined || part.disposition === null) {
    list.nil();
    return;
  }
  const written = writtenOf(part.disposition, readFieldText(field));
  const { value } = written.field;
  if (value === '' && written.field.written.length === 0) {
    list.nil();
    return;
  }
  list.open();
  list.string(value === '' ? 'attachment' : written.source!.octetsOf(value));
  writeParameters(list, written);
  list.close();
}

/** RFC 3282 §2: tags with commas between, perhaps with comments. */
function writeLanguages(list: ListWriter, part: Part): void {
  const field = findField(part.head, 'content-language');
  const source = field === undefined ? null : readFieldText(field);
  const tags = (source?.text ?? '').replace(/\([^()]*\)/gu, ' ').split(/[\s,;]+/u);
  const languages = tags.filter((tag) => tag !== '');
  if (source === null || languages.length === 0) {
    list.nil();
    return;
  }
  list.open();
  for (const language of languages) list.string(source.octetsOf(language));
  list.close();
}
