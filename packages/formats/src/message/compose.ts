/**
 * Messages as people write them: text, HTML, pictures within it, attachments of any octets under
 * any name. What goes out is valid for servers with SMTPUTF8 and, where no address needs that,
 * for those that carry seven bits. RFC 5322 §3.6, RFC 2045, RFC 2046, RFC 2183, RFC 2387, RFC
 * 6532.
 */

import { concat } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { Group, Mailbox } from './address.ts';
import { mailboxesOf } from './address.ts';
import { canonicalText, chooseTextEncoding, measureContent } from './content-encoder.ts';
import type { WrittenEncoding } from './content-encoder.ts';
import { writeDate } from './date.ts';
import { writeEntity } from './entity.ts';
import type { Entity, Leaf } from './entity.ts';
import {
  isWritableId,
  needsUtf8,
  parameterPieces,
  writeAddressField,
  writeField,
  writeIdField,
  writeParameterField,
  writeTextField,
} from './field-writer.ts';
import type { FieldStyle } from './field-writer.ts';
import { lineLimits } from './limits.ts';
import { readContentType } from './parameter.ts';

export interface Attachment {
  /** Any characters; '' for none. */
  readonly name: string;
  /** `type/subtype` with parameters, if any; what is no type becomes `application/octet-stream`. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Without brackets: what `cid:` in the HTML refers to. */
  readonly contentId?: string;
}

export interface MessageDescription {
  readonly from: Mailbox | readonly Mailbox[];
  readonly sender?: Mailbox;
  readonly to: readonly (Mailbox | Group)[];
  readonly cc?: readonly (Mailbox | Group)[];
  /** For the envelope; never written. */
  readonly bcc?: readonly (Mailbox | Group)[];
  readonly replyTo?: readonly (Mailbox | Group)[];
  readonly subject: string;
  readonly dateMs: number;
  /** Minutes east of UTC. */
  readonly offsetMinutes?: number;
  /** Ids without brackets. */
  readonly messageId: string;
  readonly inReplyTo?: readonly string[];
  readonly references?: readonly string[];
  /** Further fields, values as text. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly text?: string;
  readonly html?: string;
  readonly inline?: readonly Attachment[];
  readonly attachments?: readonly Attachment[];
  /** SMTPUTF8 may be used. It is used only when an address needs it (`needsSmtpUtf8`). */
  readonly utf8: boolean;
  /** Letters and digits that no other message has. */
  readonly boundarySeed: string;
}

/** Does this message need SMTPUTF8, because an address in its head does? */
export function needsSmtpUtf8(
  description: Pick<MessageDescription, 'from' | 'sender' | 'to' | 'cc' | 'replyTo'>,
): boolean {
  const { from, sender, to, cc = [], replyTo = [] } = description;
  const people = [...authorsOf(from), ...mailboxesOf({ entries: [...to, ...cc, ...replyTo] })];
  return [...people, ...(sender === undefined ? [] : [sender])].some(needsUtf8);
}

/**
 * Writes a message. Throws `SyntaxFault` for what cannot be written: an address or id that is
 * none, a field name that is none, a local part beyond US-ASCII where `utf8` is false.
 *
 * @example
 * const siti = makeMailbox('Siti', 'siti', 'surat.test');
 * const you = makeMailbox(null, 'you', 'merpati.test');
 * compose({ from: siti, to: [you], subject: 'Halo', dateMs: 0, messageId: '1@surat.test',
 *   text: 'Apa kabar?', utf8: false, boundarySeed: '1' });
 */
export function compose(description: MessageDescription): Uint8Array {
  return concat([...composeChunks(description)]);
}

/** The same in chunks of bounded size, so that a large attachment is not held twice. */
export function* composeChunks(description: MessageDescription): Generator<Uint8Array> {
  const style: FieldStyle = { utf8: description.utf8 && needsSmtpUtf8(description) };
  const head = writeHead(description, style);
  yield* writeEntity(head, makeBody(description, style), description.boundarySeed);
}

// ---------------------------------------------------------------- head

/** Fields that the composer itself writes, or that no composer may. */
const ownFields = new Set([
  'date',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'message-id',
  'in-reply-to',
  'references',
  'subject',
  'mime-version',
]);

function authorsOf(from: Mailbox | readonly Mailbox[]): readonly Mailbox[] {
  return 'local' in from ? [from] : from;
}

function writeHead(description: MessageDescription, style: FieldStyle): string {
  const authors = authorsOf(description.from);
  if (authors.length === 0) throw new SyntaxFault('compose.no-from', 'a message has an author');
  if (!isWritableId(description.messageId, style)) {
    throw new SyntaxFault('compose.bad-id', 'the message id cannot be written');
  }
  const { to, cc = [], replyTo = [] } = description;
  // RFC 5322 §3.6.2: several authors need a sender.
  const sender = description.sender ?? (authors.length > 1 ? authors[0] : undefined);
  const addresses = (name: string, entries: readonly (Mailbox | Group)[]): string =>
    entries.length === 0 ? '' : writeAddressField(name, entries, style);
  const isHidden = to.length + cc.length === 0;
  return [
    writeField('Date', [writeDate(description.dateMs, description.offsetMinutes ?? 0)]),
    addresses('From', authors),
    addresses('Sender', sender === undefined ? [] : [sender]),
    addresses('Reply-To', replyTo),
    addresses('To', isHidden ? [{ group: 'undisclosed-recipients', members: [] }] : to),
    addresses('Cc', cc),
    writeIdField('Message-ID', [description.messageId], style),
    writeIdField('In-Reply-To', description.inReplyTo ?? [], style),
    writeIdField('References', description.references ?? [], style),
    writeTextField('Subject', oneLine(description.subject), style),
    ...(description.headers ?? []).map(([name, value]) => writeExtra(name, value, style)),
    writeField('MIME-Version', ['1.0']),
  ].join('');
}

/** A line break in a header value would come out of an encoded word again in some reader. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]+/gu, ' ');
}

function writeExtra(name: string, value: string, style: FieldStyle): string {
  const key = name.toLowerCase();
  if (ownFields.has(key) || key.startsWith('content-')) {
    throw new SyntaxFault('compose.own-field', `${name} is written from the description`);
  }
  return writeTextField(name, oneLine(value), style);
}

// ---------------------------------------------------------------- body

function makeBody(description: MessageDescription, style: FieldStyle): Entity {
  const { text, html } = description;
  const inline = description.inline ?? [];
  const attachments = description.attachments ?? [];
  const pictures = html === undefined ? [] : inline;
  const files = html === undefined ? [...inline, ...attachments] : attachments;
  const alternatives: Entity[] = [];
  if (text !== undefined) alternatives.push(makeText('plain', text, style));
  if (html !== undefined) {
    const page = makeText('html', html, style);
    const related = pictures.map((picture) => makeFile(picture, 'inline', style));
    alternatives.push(makeMultipart('related', [page, ...related], [['type', 'text/html']]));
  }
  if (alternatives.length + files.length === 0) alternatives.push(makeText('plain', '', style));
  const shown = alternatives.length === 0 ? [] : [makeMultipart('alternative', alternatives)];
  if (files.length === 0) return shown[0]!;
  const attached = files.map((file) => makeFile(file, 'attachment', style));
  return { type: 'multipart/mixed', parameters: [], parts: [...shown, ...attached] };
}

/** One part needs no multipart around it. */
function makeMultipart(
  subtype: string,
  parts: readonly Entity[],
  parameters: readonly (readonly [string, string])[] = [],
): Entity {
  if (parts.length === 1) return parts[0]!;
  return { type: `multipart/${subtype}`, parameters, parts };
}

function makeText(subtype: 'plain' | 'html', text: string, style: FieldStyle): Leaf {
  const bytes = canonicalText(text);
  const encoding = chooseTextEncoding(bytes, { allow8bit: style.utf8 });
  const charset = measureContent(bytes).has8bit ? 'utf-8' : 'us-ascii';
  return {
    fields: writeParameterField('Content-Type', `text/${subtype}`, [['charset', charset]]),
    encoding,
    bytes,
  };
}

function makeFile(file: Attachment, placing: 'inline' | 'attachment', style: FieldStyle): Leaf {
  const { type, parameters, encoding } = typeOfFile(file, style);
  const named = (key: string): [string, string][] => (file.name === '' ? [] : [[key, file.name]]);
  const id = file.contentId;
  if (id !== undefined && !isWritableId(id, style)) {
    throw new SyntaxFault('compose.bad-id', 'a content id cannot be written');
  }
  return {
    fields:
      writeParameterField('Content-Type', type, [...parameters, ...named('name')]) +
      writeParameterField('Content-Disposition', placing, named('filename')) +
      (id === undefined ? '' : writeField('Content-ID', [`<${id}>`])),
    encoding,
    bytes: file.bytes,
  };
}

function typeOfFile(
  file: Attachment,
  style: FieldStyle,
): { type: string; parameters: [string, string][]; encoding: WrittenEncoding } {
  const octets = { type: 'application/octet-stream', parameters: [], encoding: 'base64' } as const;
  const read = readContentType(oneLine(file.type), []);
  const isWritable = /^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}$/u.test(read.value);
  const isGiven = file.type.trim().toLowerCase().startsWith(read.value);
  if (!isWritable || !isGiven || read.type === 'multipart') return { ...octets, parameters: [] };
  if (read.type === 'message') return typeOfMessage(file.bytes, read.value, style);
  const parameters = [...read.parameters].filter(
    ([name]) => name !== 'name' && isWritableParameter(name),
  );
  return { type: read.value, parameters, encoding: 'base64' };
}

function isWritableParameter(name: string): boolean {
  try {
    return parameterPieces(name, '').length > 0;
  } catch (error) {
    if (error instanceof SyntaxFault) return false;
    throw error;
  }
}

/**
 * RFC 2046 §5.2.1: a message part may not be encoded, so one that the way does not carry goes as
 * a file. RFC 6532 §3.7: the type `message/global` may.
 */
function typeOfMessage(
  bytes: Uint8Array,
  type: string,
  style: FieldStyle,
): { type: string; parameters: [string, string][]; encoding: WrittenEncoding } {
  const { has8bit, hasForbidden, longestLine } = measureContent(bytes);
  const isCarried =
    !hasForbidden && longestLine <= lineLimits.lineBytesMax && (!has8bit || style.utf8);
  if (isCarried) return { type, parameters: [], encoding: has8bit ? '8bit' : '7bit' };
  if (type === 'message/global') return { type, parameters: [], encoding: 'base64' };
  return { type: 'application/octet-stream', parameters: [], encoding: 'base64' };
}
