/**
 * What `merpati probe` asks of message formats, from JSON to JSON: the operations mime-parse,
 * header-parse, mime-compose and dsn. Octets travel as base64.
 */

import { encodeBase64, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { mailboxesOf, makeMailbox, readAddressList } from './address.ts';
import type { Mailbox } from './address.ts';
import { decodeText } from './charset.ts';
import { compose } from './compose.ts';
import type { Attachment } from './compose.ts';
import { decodeContent } from './content-decoder.ts';
import { readDate } from './date.ts';
import { composeDsn } from './dsn.ts';
import { decodeWords } from './encoded-word.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { findField, readHead, readUnfolded } from './head.ts';
import type { Head } from './head.ts';
import { readIds } from './message-id.ts';
import { readContent, readMime, readPartText } from './mime.ts';
import type { Part } from './mime.ts';
import { fileNameOf } from './part.ts';
import { readContentType } from './parameter.ts';

/** What a pure function cannot know. */
export interface ProbeContext {
  readonly nowMs: number;
  /** Letters and digits that no other message has. */
  readonly seed: string;
}

type Json = Readonly<Record<string, unknown>>;

function bytesOf(input: Json, name: string): Uint8Array {
  const value = input[name];
  if (typeof value !== 'string') throw new SyntaxFault('probe.input', `${name} must be base64`);
  const faults: Fault[] = [];
  const bytes = decodeContent(utf8(value), 'base64', faults);
  if (faults.length > 0) throw new SyntaxFault('probe.input', `${name} must be base64`);
  return bytes;
}

function codesOf(faults: readonly Fault[]): string[] {
  return [...new Set(faults.map((fault) => fault.code))];
}

// ---------------------------------------------------------------- mime-parse

export interface ProbedAddress {
  readonly name: string | null;
  readonly email: string;
}

export interface ProbedHeaders {
  readonly from: readonly ProbedAddress[];
  readonly sender: readonly ProbedAddress[];
  readonly replyTo: readonly ProbedAddress[];
  readonly to: readonly ProbedAddress[];
  readonly cc: readonly ProbedAddress[];
  readonly bcc: readonly ProbedAddress[];
  readonly subject: string | null;
  readonly date: string | null;
  readonly messageId: readonly string[];
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
}

export interface ProbedBody {
  readonly type: string;
  readonly name?: string;
  readonly disposition?: string;
  readonly cid?: string;
  readonly text?: string;
  readonly base64?: string;
  /** Octets, decoded; of a multipart as it stands there. */
  readonly size: number;
  readonly subParts?: readonly ProbedBody[];
  readonly message?: { readonly headers: ProbedHeaders; readonly body: ProbedBody };
}

export interface ProbedMessage {
  readonly headers: ProbedHeaders;
  readonly body: ProbedBody;
  readonly faults: readonly string[];
}

/**
 * Messages that were encoded within messages that were encoded: deeper ones are left as they are.
 */
const encodedDepthMax = 8;

/** `{ message }` */
export function probeMimeParse(input: Json): ProbedMessage {
  const faults: Fault[] = [];
  const shown = showMessage(bytesOf(input, 'message'), faults, encodedDepthMax);
  return { ...shown, faults: codesOf(faults) };
}

function showMessage(
  bytes: Uint8Array,
  faults: Fault[],
  depthLeft: number,
): { headers: ProbedHeaders; body: ProbedBody } {
  const { root, faults: found } = readMime(bytes);
  for (const fault of found) noteFault(faults, fault.code, fault.at);
  return {
    headers: showHeaders(root.head, faults),
    body: showPart({ bytes, faults, depthLeft }, root),
  };
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -5)}Z`;
}

function showHeaders(head: Head, faults: Fault[]): ProbedHeaders {
  const valueOf = (key: string): string => findField(head, key)?.value() ?? '';
  const addresses = (key: string): ProbedAddress[] => {
    const list = readAddressList(valueOf(key));
    for (const fault of list.faults) noteFault(faults, fault.code, 0);
    return mailboxesOf(list).map(({ name, address }) => ({ name, email: address }));
  };
  const subject = findField(head, 'subject')?.value();
  const written = findField(head, 'date')?.value();
  const date = readDate(written ?? '');
  if (written !== undefined && date === null) noteFault(faults, 'date-broken', 0);
  return {
    from: addresses('from'),
    sender: addresses('sender'),
    replyTo: addresses('reply-to'),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
    subject: subject === undefined ? null : decodeWords(subject, faults),
    date: date === null ? null : isoSeconds(date.ms),
    messageId: readIds(valueOf('message-id'), faults),
    inReplyTo: readIds(valueOf('in-reply-to'), faults),
    references: readIds(valueOf('references'), faults),
  };
}

interface Showing {
  readonly bytes: Uint8Array;
  readonly faults: Fault[];
  readonly depthLeft: number;
}

function showPart(showing: Showing, part: Part): ProbedBody {
  const name = fileNameOf(part);
  return {
    type: part.type.value,
    ...(name === null ? {} : { name }),
    ...(part.disposition === null ? {} : { disposition: part.disposition.value }),
    ...(part.contentId === null ? {} : { cid: part.contentId }),
    ...showContent(showing, part),
  };
}

function showContent(
  showing: Showing,
  part: Part,
): Pick<ProbedBody, 'text' | 'base64' | 'size' | 'subParts' | 'message'> {
  const { bytes, faults, depthLeft } = showing;
  const size = part.bodyEnd - part.bodyStart;
  if (part.parts.length > 0) {
    return { size, subParts: part.parts.map((inner) => showPart(showing, inner)) };
  }
  if (part.message !== null) {
    const { message } = part;
    const headers = showHeaders(message.head, faults);
    return { size, message: { headers, body: showPart(showing, message) } };
  }
  const content = readContent(bytes, part, faults);
  const isMessage = part.type.value === 'message/rfc822' || part.type.value === 'message/global';
  if (isMessage && depthLeft > 0) {
    return { size: content.length, message: showMessage(content, faults, depthLeft - 1) };
  }
  if (part.type.type === 'text' || part.type.type === 'message' || part.type.type === 'multipart') {
    return { size: content.length, text: readPartText(bytes, part, faults) };
  }
  return { size: content.length, base64: encodeBase64(content) };
}

// ---------------------------------------------------------------- header-parse

/** `{ kind, value }` */
export function probeHeaderParse(input: Json): Json {
  const value = readUnfolded(bytesOf(input, 'value')).trim();
  const faults: Fault[] = [];
  switch (input['kind']) {
    case 'address':
      return showAddresses(value);
    case 'content-type': {
      const { value: type, parameters } = readContentType(value, faults);
      return { type, params: Object.fromEntries(parameters), faults: codesOf(faults) };
    }
    case 'date': {
      const date = readDate(value);
      if (date === null) return { date: null, faults: ['date-broken'] };
      return { date: isoSeconds(date.ms), faults: [] };
    }
    case 'message-id':
      return { ids: readIds(value, faults), faults: codesOf(faults) };
    case 'text':
      return { text: decodeWords(value, faults), faults: codesOf(faults) };
    default:
      throw new SyntaxFault('probe.input', 'kind: address, content-type, date, message-id, text');
  }
}

function showAddresses(value: string): Json {
  const list = readAddressList(value);
  const addresses = list.entries.flatMap((entry) => {
    const members = 'group' in entry ? entry.members : [entry];
    const group = 'group' in entry ? { group: entry.group } : {};
    return members.map(({ name, address }) => ({ name, address, ...group }));
  });
  return { addresses, faults: codesOf(list.faults) };
}

// ---------------------------------------------------------------- mime-compose

function stringOf(input: Json, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new SyntaxFault('probe.input', `${name} must be text`);
  return value;
}

function objectsOf(input: Json, name: string): readonly Json[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.map((item) => {
    if (typeof item === 'string') return { email: item };
    if (typeof item !== 'object' || item === null) {
      throw new SyntaxFault('probe.input', `${name} must be a list of objects`);
    }
    return item as Json;
  });
}

function peopleOf(input: Json, name: string): Mailbox[] {
  return objectsOf(input, name).map((person) => {
    const email = stringOf(person, 'email') ?? stringOf(person, 'address') ?? '';
    const [read] = mailboxesOf(readAddressList(email));
    if (read === undefined) throw new SyntaxFault('probe.input', `${name}: no address`);
    return makeMailbox(stringOf(person, 'name') ?? read.name, read.local, read.domain);
  });
}

function idsOf(input: Json, name: string): readonly string[] {
  const value = input[name];
  const list = Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
  return list.flatMap((id) => (typeof id === 'string' ? [id.replace(/^<|>$/gu, '')] : []));
}

/** Leaves of a JMAP body (RFC 8621 §4.1.4): of `bodyStructure`, or of the three lists. */
function leavesOf(input: Json): readonly Json[] {
  const lists = ['bodyStructure', 'textBody', 'htmlBody', 'inline', 'attachments'];
  return lists.flatMap((name) => objectsOf(input, name)).flatMap((part) => innerLeaves(part, 32));
}

function innerLeaves(part: Json, depthLeft: number): readonly Json[] {
  const inner = objectsOf(part, 'subParts');
  if (inner.length === 0 || depthLeft === 0) return [part];
  return inner.flatMap((one) => innerLeaves(one, depthLeft - 1));
}

function contentOf(input: Json, part: Json): Uint8Array {
  if (typeof part['base64'] === 'string') return bytesOf(part, 'base64');
  if (typeof part['content'] === 'string') return bytesOf(part, 'content');
  const values = (input['bodyValues'] ?? {}) as Readonly<Record<string, Json | undefined>>;
  const value = values[stringOf(part, 'partId') ?? ''];
  return utf8(stringOf(part, 'text') ?? stringOf(value ?? {}, 'value') ?? '');
}

interface Bodies {
  text: string | undefined;
  html: string | undefined;
  readonly inline: Attachment[];
  readonly attachments: Attachment[];
}

function bodiesOf(input: Json): Bodies {
  const text = stringOf(input, 'text');
  const bodies: Bodies = { text, html: stringOf(input, 'html'), inline: [], attachments: [] };
  for (const part of leavesOf(input)) {
    const bytes = contentOf(input, part);
    const name = stringOf(part, 'name');
    const type = stringOf(part, 'type') ?? 'application/octet-stream';
    const contentId = stringOf(part, 'cid') ?? stringOf(part, 'contentId');
    const isFile = name !== undefined || contentId !== undefined || 'disposition' in part;
    if (!isFile && type === 'text/plain' && bodies.text === undefined) {
      bodies.text = decodeText(bytes, 'utf-8');
    } else if (!isFile && type === 'text/html' && bodies.html === undefined) {
      bodies.html = decodeText(bytes, 'utf-8');
    } else {
      const file = { name: name ?? '', type, bytes };
      const isInline = contentId !== undefined && part['disposition'] !== 'attachment';
      if (isInline) bodies.inline.push({ ...file, contentId: contentId.replace(/^<|>$/gu, '') });
      else bodies.attachments.push(file);
    }
  }
  return bodies;
}

/**
 * A message as JMAP describes it (`from`, `to`, …, `textBody`, `htmlBody`, `attachments`,
 * `bodyValues`), or shorter with `text` and `html`; contents as `base64`. `utf8: false` forbids
 * SMTPUTF8.
 */
export function probeMimeCompose(input: Json, context: ProbeContext): { message: string } {
  const { text, html, inline, attachments } = bodiesOf(input);
  const sentAt = stringOf(input, 'sentAt') ?? stringOf(input, 'date');
  const dateMs = sentAt === undefined ? context.nowMs : Date.parse(sentAt);
  const [sender] = peopleOf(input, 'sender');
  const message = compose({
    from: peopleOf(input, 'from'),
    ...(sender === undefined ? {} : { sender }),
    to: peopleOf(input, 'to'),
    cc: peopleOf(input, 'cc'),
    bcc: peopleOf(input, 'bcc'),
    replyTo: peopleOf(input, 'replyTo'),
    subject: stringOf(input, 'subject') ?? '',
    dateMs,
    messageId: idsOf(input, 'messageId')[0] ?? `${context.seed}@merpati.test`,
    inReplyTo: idsOf(input, 'inReplyTo'),
    references: idsOf(input, 'references'),
    headers: extraHeaders(input),
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    inline,
    attachments,
    utf8: input['utf8'] !== false,
    boundarySeed: context.seed,
  });
  return { message: encodeBase64(message) };
}

/** `header:X-Name` and `header:X-Name:asText` of JMAP, and `headers: [{ name, value }]`. */
function extraHeaders(input: Json): (readonly [string, string])[] {
  const listed = objectsOf(input, 'headers').map(
    (header) => [stringOf(header, 'name') ?? '', stringOf(header, 'value') ?? ''] as const,
  );
  const keyed = Object.keys(input).flatMap((key) => {
    const found = /^header:([^:]+)(?::asText|:asRaw)?$/u.exec(key);
    return found === null ? [] : [[found[1]!, (stringOf(input, key) ?? '').trim()] as const];
  });
  return [...listed, ...keyed];
}

// ---------------------------------------------------------------- dsn

/**
 * `{ reason, recipients, original }`: the reply or words that decided, addresses (or objects with
 * `address`, `status`, `diagnostic`), the message that failed; `kind`, `reportingMta` and `utf8`
 * if need be.
 */
export function probeDsn(input: Json, context: ProbeContext): { message: string } {
  const original = bytesOf(input, 'original');
  const head = readHead(original);
  const senderField = findField(head, 'return-path') ?? findField(head, 'from');
  const [to] = mailboxesOf(readAddressList(senderField?.value() ?? ''));
  if (to === undefined) throw new SyntaxFault('probe.input', 'the original names no sender');
  const reason = stringOf(input, 'reason') ?? '';
  const kind = input['kind'] === 'delay' ? 'delay' : 'failure';
  const reportingMta = stringOf(input, 'reportingMta') ?? 'mx.merpati.test';
  const message = composeDsn({
    reportingMta,
    arrivalMs: context.nowMs,
    envid: stringOf(input, 'envid') ?? null,
    kind,
    recipients: objectsOf(input, 'recipients').map((recipient) => {
      const diagnostic = stringOf(recipient, 'diagnostic') ?? reason;
      const status = stringOf(recipient, 'status') ?? statusIn(diagnostic, kind);
      return {
        final: stringOf(recipient, 'address') ?? stringOf(recipient, 'email') ?? '',
        original: stringOf(recipient, 'original') ?? null,
        action: kind === 'delay' ? ('delayed' as const) : ('failed' as const),
        status,
        diagnostic: diagnostic === '' ? null : diagnostic,
        remoteMta: stringOf(recipient, 'remoteMta') ?? null,
        lastAttemptMs: context.nowMs,
        willRetryUntilMs: null,
      };
    }),
    from: makeMailbox('Merpati', 'MAILER-DAEMON', reportingMta),
    to,
    messageId: `${context.seed}@${reportingMta}`,
    dateMs: context.nowMs,
    originalFull: original,
    utf8: input['utf8'] !== false,
    boundarySeed: context.seed,
  });
  return { message: encodeBase64(message) };
}

function statusIn(diagnostic: string, kind: 'failure' | 'delay'): string {
  const found = /\b([245]\.\d{1,3}\.\d{1,3})\b/u.exec(diagnostic);
  return found?.[1] ?? (kind === 'delay' ? '4.0.0' : '5.0.0');
}
