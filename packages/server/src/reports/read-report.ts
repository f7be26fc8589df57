/**
 * From the octets of a file, or of a whole message, to the report in it. Runs in a thread of its
 * own (reader-thread.ts), since whatever it is given comes from strangers.
 */

import type { DmarcReportHead, DmarcReportRow } from '@merpati/formats/report/dmarc-report.ts';
import { createDmarcReportReader } from '@merpati/formats/report/dmarc-report-read.ts';
import type { TlsReport } from '@merpati/formats/report/tls-report.ts';
import { concat, copyBytes } from '@merpati/formats/bytes.ts';
import { readContentOf } from './report-parts.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { readLimits } from './limits.ts';
import { readTlsReport } from './read-tls-report.ts';
import { unpack } from './unpack.ts';

export type ReadReport = ReadDmarc | ReadTls;

export interface ReadDmarc {
  readonly kind: 'dmarc';
  readonly head: DmarcReportHead;
  /** The first of them. */
  readonly rows: readonly DmarcReportRow[];
  readonly sums: DmarcSums;
}

/** Of all rows, in messages. */
export interface DmarcSums {
  readonly rows: number;
  readonly damagedRows: number;
  readonly messages: number;
  readonly passed: number;
  readonly dkimPassed: number;
  readonly spfPassed: number;
  readonly quarantined: number;
  readonly rejected: number;
}

export interface ReadTls {
  readonly kind: 'tls';
  readonly report: TlsReport;
}

/** The report in a message. Throws `SyntaxFault` when there is none that can be read. */
export async function readReportMail(message: Uint8Array): Promise<ReadReport> {
  const parts = readContentOf(message);
  let fault: SyntaxFault | null = null;
  for (const part of parts) {
    try {
      return await readReportFile(part);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      fault ??= error;
    }
  }
  throw fault ?? new SyntaxFault('report.none', 'no part of it is a report');
}

/** The report in a file: XML or JSON, as it is or in gzip or zip. Throws `SyntaxFault`. */
export async function readReportFile(file: Uint8Array): Promise<ReadReport> {
  const chunks = unpack(file);
  const first = await chunks.next();
  if (first.done === true) throw new SyntaxFault('report.empty', 'it is empty');
  const isJson = /^[\s\ufeff]*[{[]/.test(decoderOf(first.value).decode(first.value));
  return isJson ? readJson(first.value, chunks) : readXml(first.value, chunks);
}

async function readJson(first: Buffer, rest: AsyncIterable<Buffer>): Promise<ReadTls> {
  const chunks: Uint8Array[] = [copyBytes(first)];
  let octets = first.length;
  for await (const chunk of rest) {
    chunks.push(copyBytes(chunk));
    octets += chunk.length;
    if (octets > readLimits.jsonMax) throw new SyntaxFault('report.too-big', 'it is too long');
  }
  const text = decoderOf(first).decode(concat(chunks));
  return { kind: 'tls', report: readTlsReport(text) };
}

async function readXml(first: Buffer, rest: AsyncIterable<Buffer>): Promise<ReadDmarc> {
  const rows: DmarcReportRow[] = [];
  const sums = { messages: 0, passed: 0, dkimPassed: 0, spfPassed: 0, quarantined: 0, rejected: 0 };
  const reader = createDmarcReportReader((row) => {
    if (rows.length < readLimits.rowsKeptMax) rows.push(row);
    sums.messages += row.count;
    if (row.dkim === 'pass' || row.spf === 'pass') sums.passed += row.count;
    if (row.dkim === 'pass') sums.dkimPassed += row.count;
    if (row.spf === 'pass') sums.spfPassed += row.count;
    if (row.disposition === 'quarantine') sums.quarantined += row.count;
    if (row.disposition === 'reject') sums.rejected += row.count;
  });
  const decoder = decoderOf(first);
  reader.write(decoder.decode(first, { stream: true }));
  for await (const chunk of rest) reader.write(decoder.decode(chunk, { stream: true }));
  reader.write(decoder.decode());
  const told = reader.end();
  const { rows: count, damagedRows } = told;
  return { kind: 'dmarc', head: told.head, rows, sums: { ...sums, rows: count, damagedRows } };
}

/** What the document says of its own character set, where it is one that reports come in. */
function decoderOf(first: Uint8Array) {
  if (first[0] === 0xff && first[1] === 0xfe) return new TextDecoder('utf-16le');
  if (first[0] === 0xfe && first[1] === 0xff) return new TextDecoder('utf-16be');
  const start = Buffer.from(first.subarray(0, 200)).toString('latin1');
  const named = /^\s*<\?xml[^>]{0,100}encoding=["']([\w-]{1,40})["']/.exec(start)?.[1];
  const isOld = /^(?:windows-1252|iso-8859-1|iso-8859-15|us-ascii)$/i.test(named ?? '');
  return new TextDecoder(isOld ? named : 'utf-8');
}
