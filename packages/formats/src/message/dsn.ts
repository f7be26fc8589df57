/**
 * Delivery status notifications: what a server tells the sender of a message that did or did not
 * arrive, for people and for programs. RFC 3464, RFC 6522 (multipart/report), RFC 6533 (addresses
 * in any script), RFC 3834 §5 (Auto-Submitted).
 */

import { concat, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { mailboxesOf, readAddressList } from './address.ts';
import type { Mailbox } from './address.ts';
import { canonicalText, chooseTextEncoding, measureContent } from './content-encoder.ts';
import type { WrittenEncoding } from './content-encoder.ts';
import { writeDate } from './date.ts';
import { dsnLabels, dsnOpenings, dsnSubjects, reasonOf } from './dsn-text.ts';
import type { BothLanguages, DsnKind } from './dsn-text.ts';
import { writeEntity } from './entity.ts';
import type { Leaf } from './entity.ts';
import {
  needsUtf8,
  writeAddressField,
  writeField,
  writeIdField,
  writeParameterField,
  writeTextField,
} from './field-writer.ts';
import type { FieldStyle } from './field-writer.ts';
import { readHead } from './head.ts';
import { lineLimits } from './limits.ts';
import { summarise } from './summary.ts';

export type { DsnKind } from './dsn-text.ts';

/** Columns of the text for people. */
const textColumns = 72;

/** Recipients named in the text for people; the part for programs names all. */
const shownRecipientsMax = 50;

/** Characters of one value that another server gave us. */
const statusValueMax = 2000;

export interface DsnRecipient {
  /** The address that was tried. */
  readonly final: string;
  /** ORCPT without its xtext, with its type: `rfc822;siti@surat.test`. */
  readonly original: string | null;
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** Enhanced status code: `5.1.1`. */
  readonly status: string;
  /** The reply that decided, as `550 5.1.1 no such user`, or our own words. */
  readonly diagnostic: string | null;
  /** Name of the server that gave it. */
  readonly remoteMta: string | null;
  readonly lastAttemptMs: number;
  readonly willRetryUntilMs: number | null;
}

export interface DsnDescription {
  readonly reportingMta: string;
  readonly arrivalMs: number;
  readonly envid: string | null;
  readonly kind: DsnKind;
  readonly recipients: readonly DsnRecipient[];
  /** Whom the report is from and whom it goes to: mailboxes, or addresses as in a header field. */
  readonly from: Mailbox | string;
  readonly to: Mailbox | string;
  /** Without brackets. */
  readonly messageId: string;
  readonly dateMs: number;
  /** The head of the message that the report is about. */
  readonly originalHead?: Uint8Array;
  /** The whole of it, which wins; the caller limits its size. */
  readonly originalFull?: Uint8Array;
  /** The report may go as SMTPUTF8, because the message that it is about did. */
  readonly utf8: boolean;
  /**
   * The way of the report carries eight bits (8BITMIME), as practically all do; where it does
   * not, a whole message with such octets is returned as its head alone.
   */
  readonly allow8bit?: boolean;
  readonly boundarySeed: string;
}

/**
 * Writes a report. Throws `SyntaxFault` when the address that it goes to cannot be written.
 *
 * @example
 * const report = composeDsn({ kind: 'failure', to: 'you@merpati.test', … });
 * readDsn(report)?.recipients[0]?.status; // '5.1.1'
 */
export function composeDsn(description: DsnDescription): Uint8Array {
  const from = mailboxOf(description.from);
  const to = mailboxOf(description.to);
  const original = originalOf(description);
  const isGlobal =
    description.utf8 && (description.recipients.some(hasUtf8) || original?.isGlobal === true);
  const reportType = isGlobal ? 'global-delivery-status' : 'delivery-status';
  const report = {
    type: 'multipart/report',
    parameters: [['report-type', reportType] as const],
    parts: [
      makeText(description),
      makeStatus(description, `message/${reportType}`),
      ...(original === null ? [] : [original.leaf]),
    ],
  };
  const style = { utf8: description.utf8 && needsUtf8(to) };
  const head = writeHead(description, { from, to, style });
  return concat([...writeEntity(head, report, description.boundarySeed)]);
}

function mailboxOf(given: Mailbox | string): Mailbox {
  if (typeof given !== 'string') return given;
  const [mailbox] = mailboxesOf(readAddressList(given));
  if (mailbox === undefined) throw new SyntaxFault('dsn.bad-address', 'a report needs addresses');
  return mailbox;
}

const beyondAscii = /[^\u0000-\u007f]/u;

function hasUtf8(recipient: DsnRecipient): boolean {
  return beyondAscii.test(recipient.final) || beyondAscii.test(recipient.original ?? '');
}

// ---------------------------------------------------------------- for people

function writeHead(
  description: DsnDescription,
  { from, to, style }: { from: Mailbox; to: Mailbox; style: FieldStyle },
): string {
  const about = aboutOf(description);
  const words = dsnSubjects[description.kind];
  const subject = about.subject === '' ? '' : `: ${about.subject}`;
  return [
    writeField('Date', [writeDate(description.dateMs)]),
    writeAddressField('From', [from], style),
    writeAddressField('To', [to], style),
    writeIdField('Message-ID', [description.messageId], style),
    writeIdField('In-Reply-To', about.ids, style),
    writeIdField('References', about.ids, style),
    writeTextField('Subject', `${words.en} / ${words.id}${subject}`, style),
    writeField('Auto-Submitted', ['auto-replied']),
    writeField('MIME-Version', ['1.0']),
  ].join('');
}

/** What the report is about, for its own subject and thread. */
function aboutOf(description: DsnDescription): { subject: string; ids: readonly string[] } {
  const bytes = description.originalFull ?? description.originalHead ?? new Uint8Array(0);
  const { subject, messageId } = summarise(readHead(bytes));
  return { subject, ids: messageId === null ? [] : [messageId] };
}

function makeText(description: DsnDescription): Leaf {
  const text = `${writeText('en', description)}\n\n----\n\n${writeText('id', description)}\n`;
  const bytes = canonicalText(text);
  return {
    fields:
      writeParameterField('Content-Type', 'text/plain', [['charset', 'utf-8']]) +
      writeField('Content-Language', ['en,', 'id']),
    encoding: chooseTextEncoding(bytes, { allow8bit: false }),
    bytes,
  };
}

function writeText(language: keyof BothLanguages, description: DsnDescription): string {
  const { kind, recipients } = description;
  const blocks = recipients.slice(0, shownRecipientsMax).map((recipient) => {
    const lines = [oneLine(recipient.final)];
    if (kind === 'failure' || kind === 'delay') lines.push(reasonOf(recipient.status)[language]);
    const { diagnostic, remoteMta, willRetryUntilMs } = recipient;
    if (diagnostic !== null) lines.push(dsnLabels.answer(remoteMta, oneLine(diagnostic))[language]);
    if (willRetryUntilMs !== null) {
      lines.push(dsnLabels.retryUntil(writeDate(willRetryUntilMs))[language]);
    }
    return lines.map((line, index) => wrap(line, index === 0 ? '  ' : '    ')).join('\n');
  });
  const { subject } = aboutOf(description);
  const more = recipients.length - shownRecipientsMax;
  return [
    wrap(dsnOpenings[kind][language], ''),
    ...blocks,
    ...(more > 0 ? [dsnLabels.more(more)[language]] : []),
    wrap(dsnLabels.about(subject, writeDate(description.arrivalMs))[language], ''),
    wrap(dsnLabels.from(oneLine(description.reportingMta))[language], ''),
  ].join('\n\n');
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > textColumns) {
      lines.push(indent + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, indent + line].join('\n');
}

function oneLine(text: string): string {
  return text.replace(/[\s\u0000-\u001f\u007f]+/gu, ' ').trim();
}

// ---------------------------------------------------------------- for programs

function makeStatus(description: DsnDescription, type: string): Leaf {
  const style = { utf8: type === 'message/global-delivery-status' };
  const { envid } = description;
  const groups = [
    (envid === null ? '' : statusField('Original-Envelope-Id', envid, style)) +
      statusField('Reporting-MTA', `dns; ${description.reportingMta}`, style) +
      statusField('Arrival-Date', writeDate(description.arrivalMs), style),
    ...description.recipients.map((recipient) => writeRecipient(recipient, style)),
  ];
  const bytes = utf8(groups.join('\r\n'));
  const needs8bit = measureContent(bytes).has8bit;
  return {
    fields: writeField('Content-Type', [type]),
    encoding: !needs8bit ? '7bit' : description.allow8bit === false ? 'quoted-printable' : '8bit',
    bytes,
  };
}

/** RFC 3464 §2.3. */
function writeRecipient(recipient: DsnRecipient, style: FieldStyle): string {
  const { original, diagnostic, remoteMta, willRetryUntilMs } = recipient;
  const fields = [
    original === null
      ? ''
      : statusField('Original-Recipient', typedAddress(original, style), style),
    statusField('Final-Recipient', typedAddress(`rfc822;${recipient.final}`, style), style),
    statusField('Action', recipient.action, style),
    statusField('Status', statusOf(recipient), style),
    remoteMta === null ? '' : statusField('Remote-MTA', `dns; ${remoteMta}`, style),
    diagnostic === null ? '' : statusField('Diagnostic-Code', typedDiagnostic(diagnostic), style),
    statusField('Last-Attempt-Date', writeDate(recipient.lastAttemptMs), style),
    willRetryUntilMs === null
      ? ''
      : statusField('Will-Retry-Until', writeDate(willRetryUntilMs), style),
  ];
  return fields.join('');
}

function statusOf(recipient: DsnRecipient): string {
  if (/^[245]\.\d{1,3}\.\d{1,3}$/u.test(recipient.status)) return recipient.status;
  if (recipient.action === 'failed') return '5.0.0';
  return recipient.action === 'delayed' ? '4.0.0' : '2.0.0';
}

/**
 * `type; address`. An address beyond US-ASCII has the type utf-8, and where the report is
 * US-ASCII its characters are spelt out. RFC 6533 §3.
 */
function typedAddress(given: string, style: FieldStyle): string {
  const semicolon = given.indexOf(';');
  const type = semicolon < 0 ? 'rfc822' : given.slice(0, semicolon).trim().toLowerCase();
  const address = oneLine(given.slice(semicolon + 1)).toWellFormed();
  if (!beyondAscii.test(address)) return `${type}; ${address}`;
  if (style.utf8) return `utf-8; ${address}`;
  const spelt = Array.from(address, (character) =>
    /^[!-*,-<>-[\]-~]$/u.test(character)
      ? character
      : `\\x{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}}`,
  );
  return `utf-8; ${spelt.join('')}`;
}

function typedDiagnostic(diagnostic: string): string {
  return `${/^\d{3}(?:[ -]|$)/u.test(diagnostic) ? 'smtp' : 'x-merpati'}; ${diagnostic}`;
}

/** Values are what other servers said: they become one line of words of bounded length. */
function statusField(name: string, value: string, style: FieldStyle): string {
  let text = oneLine(value).toWellFormed();
  if (!style.utf8) text = text.replace(/[^ -~]/gu, '?');
  const words = text.slice(0, statusValueMax).split(' ');
  const short = words.flatMap((word) => word.match(/.{1,200}/gsu) ?? []);
  return writeField(name, short);
}

// ---------------------------------------------------------------- the message itself

/**
 * The message, or its head: whatever the way of the report carries unchanged. RFC 6522 §3, RFC
 * 6533 §5.
 */
function originalOf(description: DsnDescription): { leaf: Leaf; isGlobal: boolean } | null {
  const full = description.originalFull;
  const allow8bit = description.allow8bit !== false;
  const head = description.originalHead ?? full?.subarray(0, readHead(full).length);
  if (head === undefined) return null;
  const isGlobal = measureContent(head).has8bit;
  const leaf = (type: string, encoding: WrittenEncoding, bytes: Uint8Array): Leaf => ({
    fields: writeField('Content-Type', [type]),
    encoding,
    bytes,
  });
  if (full !== undefined) {
    const { has8bit, hasForbidden, longestLine } = measureContent(full);
    const isClean = !hasForbidden && longestLine <= lineLimits.lineBytesMax;
    if (isClean && !has8bit) return { leaf: leaf('message/rfc822', '7bit', full), isGlobal };
    const type = isGlobal ? 'message/global' : 'message/rfc822';
    if (isClean && allow8bit) return { leaf: leaf(type, '8bit', full), isGlobal };
    if (isGlobal) return { leaf: leaf(type, 'base64', full), isGlobal };
  }
  const { has8bit, hasForbidden, longestLine } = measureContent(head);
  const isClean =
    !hasForbidden && longestLine <= lineLimits.lineBytesMax && (!has8bit || allow8bit);
  const encoding = !isClean ? 'quoted-printable' : has8bit ? '8bit' : '7bit';
  return {
    leaf: leaf(isGlobal ? 'message/global-headers' : 'text/rfc822-headers', encoding, head),
    isGlobal,
  };
}
