/**
 * The message that carries a report: some words for people, and the report compressed. RFC 9990
 * §3.5.2; RFC 8460 §5.3 (multipart/report of the type tlsrpt). It says of itself that a machine
 * made it (RFC 3834 §5), and TLS reports that they go even where TLS fails (RFC 8689 §4).
 */

import { concat } from '../bytes.ts';
import { makeMailbox } from '../message/address.ts';
import { canonicalText } from '../message/content-encoder.ts';
import { writeDate } from '../message/date.ts';
import { writeEntity, type Entity, type Leaf } from '../message/entity.ts';
import {
  writeAddressField,
  writeField,
  writeIdField,
  writeParameterField,
  writeTextField,
} from '../message/field-writer.ts';
import { splitAddress } from '../smtp/path.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { reportFileName, reportId, reportSubject, type ReportName } from './report-names.ts';

export interface ReportMail {
  readonly kind: 'dmarc' | 'tls';
  readonly name: ReportName;
  readonly organisation: string;
  readonly from: string;
  readonly to: string;
  readonly dateMs: number;
  /** Without brackets. */
  readonly messageId: string;
  /** For people. */
  readonly text: string;
  /** The report, gzip. */
  readonly content: Uint8Array;
}

const style = { utf8: false };

/** Throws `SyntaxFault` when an address cannot be written. */
export function composeReportMail(mail: ReportMail): Uint8Array {
  const { kind, name } = mail;
  const isTls = kind === 'tls';
  const head = [
    writeField('Date', [writeDate(mail.dateMs)]),
    writeAddressField('From', [mailboxOf(mail.from, mail.organisation)], style),
    writeAddressField('To', [mailboxOf(mail.to, null)], style),
    writeIdField('Message-ID', [mail.messageId], style),
    writeTextField('Subject', reportSubject(name), style),
    isTls ? writeField('TLS-Report-Domain', [name.domain]) : '',
    isTls ? writeField('TLS-Report-Submitter', [name.submitter]) : '',
    isTls ? writeField('TLS-Required', ['No']) : '',
    writeField('Auto-Submitted', ['auto-generated']),
    writeField('MIME-Version', ['1.0']),
  ].join('');
  const parts = [textLeaf(mail.text), reportLeaf(mail)];
  const entity: Entity = isTls
    ? { type: 'multipart/report', parameters: [['report-type', 'tlsrpt']], parts }
    : { type: 'multipart/mixed', parameters: [], parts };
  return concat([...writeEntity(head, entity, `${name.unique}${reportId(name)}`)]);
}

function mailboxOf(address: string, name: string | null) {
  const parts = splitAddress(address);
  if (parts === null) throw new SyntaxFault('report.address', 'a report goes to an address');
  return makeMailbox(name, parts.local, parts.domain);
}

function textLeaf(text: string): Leaf {
  return {
    fields: writeParameterField('Content-Type', 'text/plain', [['charset', 'us-ascii']]),
    encoding: '7bit',
    bytes: canonicalText(text),
  };
}

function reportLeaf({ kind, name, content }: ReportMail): Leaf {
  const isTls = kind === 'tls';
  const file = reportFileName(name, isTls ? 'json.gz' : 'xml.gz');
  const type = isTls ? 'application/tlsrpt+gzip' : 'application/gzip';
  return {
    fields:
      writeField('Content-Type', [type]) +
      writeParameterField('Content-Disposition', 'attachment', [['filename', file]]),
    encoding: 'base64',
    bytes: content,
  };
}
