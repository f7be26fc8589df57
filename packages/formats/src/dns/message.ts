/**
 * DNS messages: octets to values and back. RFC 1035 §4; AAAA RFC 3596 §2; SRV RFC 2782; TLSA RFC
 * 6698 §2; CAA RFC 8659 §4.1; EDNS RFC 6891 §6; the AD and CD bits RFC 4035 §3; unknown types RFC
 * 3597 §3. Used by our resolver and by the lab's authoritative server.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { writeAddress } from './address.ts';
import { dnsLimits } from './limits.ts';
import { readName } from './name.ts';
import { DnsWriter } from './writer.ts';

/** The types whose content this codec knows. */
export const typeCodes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  TLSA: 52,
  CAA: 257,
} as const;
export type KnownType = keyof typeof typeCodes;

const typeNames = new Map<number, KnownType>(
  Object.entries(typeCodes).map(([name, code]) => [code, name as KnownType]),
);
const optCode = 41;

/** RFC 6895 §2.3: what came of the question. Others stay numbers. */
export const rcodes = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;

export interface DnsQuestion {
  readonly name: string;
  /** The type's number: `typeCodes.MX`; 255 asks for any. */
  readonly type: number;
  /** 1 is IN. */
  readonly class: number;
}

/** What a record says. Names as in `readName`; addresses as in RFC 5952. */
export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'PTR' | 'CNAME' | 'NS'; readonly target: string }
  | {
      readonly type: 'SOA';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly refreshSeconds: number;
      readonly retrySeconds: number;
      readonly expireSeconds: number;
      readonly minimumSeconds: number;
    }
  | {
      readonly type: 'TLSA';
      readonly usage: number;
      readonly selector: number;
      readonly matching: number;
      readonly data: Uint8Array;
    }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      /** '' (the root): the service is not offered. */
      readonly target: string;
    }
  | {
      readonly type: 'CAA';
      readonly flags: number;
      readonly tag: string;
      readonly value: Uint8Array;
    }
  /** A type we don't read, or a class other than IN: the octets as they stand. */
  | { readonly type: 'other'; readonly code: number; readonly data: Uint8Array };

export interface ResourceRecord {
  readonly name: string;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly data: RecordData;
}

/** The OPT pseudo-record. RFC 6891 §6.1. */
export interface Edns {
  /** What the sender takes by UDP. */
  readonly udpOctetsMax: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** AD. RFC 4035 §3.2.3. */
  readonly authenticData: boolean;
  /** CD. RFC 4035 §3.2.2. */
  readonly checkingDisabled: boolean;
  /** With the upper bits of EDNS. */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  /** Without OPT, which is `edns`. */
  readonly additionals: readonly ResourceRecord[];
  readonly edns: Edns | null;
}

/** A message with nothing in it, to be spread into a real one. */
export const emptyMessage: DnsMessage = {
  id: 0,
  isResponse: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  edns: null,
};

/**
 * Reads a whole message. Octets behind the last record are ignored, as every resolver does. Throws
 * `SyntaxFault` for anything that cannot be read to its end.
 *
 *     readDnsMessage(writeDnsMessage({ ...emptyMessage, id: 7 })).id; // 7
 */
export function readDnsMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length < 12) throw new SyntaxFault('dns.truncated', 'shorter than a DNS header');
  if (bytes.length > dnsLimits.messageOctetsMax) {
    throw new SyntaxFault('dns.long', 'longer than a DNS message can be');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const counts = [4, 6, 8, 10].map((at) => view.getUint16(at));
  if (counts.reduce((sum, count) => sum + count, 0) > dnsLimits.recordsMax) {
    throw new SyntaxFault('dns.records', 'more records than any mail domain needs');
  }
  const reader: Reader = { bytes, view, at: 12, edns: null, rcodeHigh: 0 };
  const [questionCount = 0, answerCount = 0, authorityCount = 0, additionalCount = 0] = counts;
  const questions = Array.from({ length: questionCount }, () => readQuestion(reader));
  const answers = readRecords(reader, answerCount);
  const authorities = readRecords(reader, authorityCount);
  const additionals = readRecords(reader, additionalCount);
  return {
    id: view.getUint16(0),
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    rcode: (reader.rcodeHigh << 4) | (flags & 15),
    questions,
    answers,
    authorities,
    additionals,
    edns: reader.edns,
  };
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  edns: Edns | null;
  rcodeHigh: number;
}

function need(reader: Reader, octets: number): void {
  if (reader.at + octets > reader.bytes.length) {
    throw new SyntaxFault('dns.truncated', 'the message ends inside a record');
  }
}

function readQuestion(reader: Reader): DnsQuestion {
  const { name, next } = readName(reader.bytes, reader.at);
  reader.at = next;
  need(reader, 4);
  reader.at += 4;
  return { name, type: reader.view.getUint16(next), class: reader.view.getUint16(next + 2) };
}

function readRecords(reader: Reader, count: number): ResourceRecord[] {
  const records: ResourceRecord[] = [];
  for (let i = 0; i < count; i += 1) {
    const record = readRecord(reader);
    if (record !== null) records.push(record);
  }
  return records;
}

/** null for OPT, which goes to `reader.edns`. */
function readRecord(reader: Reader): ResourceRecord | null {
  const { view } = reader;
  const { name, next } = readName(reader.bytes, reader.at);
  reader.at = next;
  need(reader, 10);
  const code = view.getUint16(next);
  const recordClass = view.getUint16(next + 2);
  const ttl = view.getUint32(next + 4);
  const length = view.getUint16(next + 8);
  reader.at += 10;
  need(reader, length);
  const start = reader.at;
  reader.at += length;
  if (code === optCode) {
    if (reader.edns !== null) throw new SyntaxFault('dns.opt', 'more than one OPT record');
    reader.rcodeHigh = ttl >>> 24;
    reader.edns = readEdns(reader, { udpOctetsMax: recordClass, ttl, start, length });
    return null;
  }
  const type = recordClass === 1 ? typeNames.get(code) : undefined;
  const data = reader.bytes.subarray(start, start + length);
  return {
    name,
    class: recordClass,
    // RFC 2181 §8: a TTL with the top bit set counts as zero.
    ttlSeconds: ttl > 0x7fffffff ? 0 : ttl,
    data:
      type === undefined
        ? { type: 'other', code, data }
        : readData(reader, type, { start, length }),
  };
}

function readEdns(
  { bytes, view }: Reader,
  opt: { udpOctetsMax: number; ttl: number; start: number; length: number },
): Edns {
  const options: { code: number; data: Uint8Array }[] = [];
  const end = opt.start + opt.length;
  let at = opt.start;
  while (at < end) {
    const dataStart = at + 4;
    const dataEnd = dataStart <= end ? dataStart + view.getUint16(at + 2) : end + 1;
    if (dataEnd > end) throw new SyntaxFault('dns.opt', 'an EDNS option runs over its record');
    options.push({ code: view.getUint16(at), data: bytes.subarray(dataStart, dataEnd) });
    at = dataEnd;
  }
  return {
    udpOctetsMax: opt.udpOctetsMax,
    version: (opt.ttl >> 16) & 255,
    dnssecOk: (opt.ttl & 0x8000) !== 0,
    options,
  };
}

function readData(
  { bytes, view }: Reader,
  type: KnownType,
  { start, length }: { start: number; length: number },
): RecordData {
  const end = start + length;
  const exactly = (octets: number) => {
    if (octets !== length) throw badData(type);
  };
  const atLeast = (octets: number) => {
    if (length < octets) throw badData(type);
  };
  /** A name that ends where it must. */
  const nameTo = (at: number, expectedEnd: number) => {
    const { name, next } = readName(bytes, at);
    if (next !== expectedEnd) throw badData(type);
    return name;
  };
  switch (type) {
    case 'A':
      exactly(4);
      return { type, address: writeAddress(bytes.subarray(start, end)) };
    case 'AAAA':
      exactly(16);
      return { type, address: writeAddress(bytes.subarray(start, end)) };
    case 'MX':
      atLeast(3);
      return { type, preference: view.getUint16(start), exchange: nameTo(start + 2, end) };
    case 'TXT':
      return { type, strings: readStrings(bytes, start, end) };
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return { type, target: nameTo(start, end) };
    case 'SOA': {
      atLeast(22);
      const numbers = end - 20;
      const { name: primary, next } = readName(bytes, start);
      return {
        type,
        primary,
        mailbox: nameTo(next, numbers),
        serial: view.getUint32(numbers),
        refreshSeconds: view.getUint32(numbers + 4),
        retrySeconds: view.getUint32(numbers + 8),
        expireSeconds: view.getUint32(numbers + 12),
        minimumSeconds: view.getUint32(numbers + 16),
      };
    }
    case 'TLSA':
      atLeast(4);
      return {
        type,
        usage: view.getUint8(start),
        selector: view.getUint8(start + 1),
        matching: view.getUint8(start + 2),
        data: bytes.subarray(start + 3, end),
      };
    case 'SRV':
      atLeast(7);
      return {
        type,
        priority: view.getUint16(start),
        weight: view.getUint16(start + 2),
        port: view.getUint16(start + 4),
        target: nameTo(start + 6, end),
      };
    case 'CAA':
      atLeast(3);
      return readCaa(bytes.subarray(start, end));
    default:
      return type satisfies never;
  }
}

function readCaa(data: Uint8Array): RecordData {
  const tagEnd = 2 + (data[1] ?? 0);
  const tag = String.fromCharCode(...data.subarray(2, tagEnd));
  if (tagEnd > data.length || !caaTag.test(tag)) throw badData('CAA');
  return { type: 'CAA', flags: data[0] ?? 0, tag, value: data.subarray(tagEnd) };
}

/** RFC 8659 §4.1. */
const caaTag = /^[a-zA-Z0-9]{1,255}$/;

const badData = (type: KnownType) =>
  new SyntaxFault('dns.rdata', `the content of a record of type ${type} is malformed`);

/** `<character-string>`s. RFC 1035 §3.3.14. */
function readStrings(bytes: Uint8Array, start: number, end: number): Uint8Array[] {
  const strings: Uint8Array[] = [];
  let at = start;
  while (at < end) {
    const next = at + 1 + (bytes[at] ?? 0);
    if (next > end || strings.length === dnsLimits.stringsMax) throw badData('TXT');
    strings.push(bytes.subarray(at + 1, next));
    at = next;
  }
  return strings;
}

/**
 * Writes a message, names compressed. With `octetsMax` (what a UDP peer takes) the records that do
 * not fit are left out and TC is set. Throws `SyntaxFault` for names and values that have no wire
 * form.
 */
export function writeDnsMessage(
  message: DnsMessage,
  octetsMax: number = dnsLimits.messageOctetsMax,
): Uint8Array {
  const writer = new DnsWriter();
  writer.u16(message.id);
  writer.u16(0); // flags, when all is known
  for (let i = 0; i < 4; i += 1) writer.u16(0);
  for (const question of message.questions) {
    writer.name(question.name);
    writer.u16(question.type);
    writer.u16(question.class);
  }
  writer.u16At(4, message.questions.length);
  const room = octetsMax - (message.edns === null ? 0 : ednsOctets(message.edns));
  let fits = writer.length <= room;
  for (const [at, records] of [
    [6, message.answers],
    [8, message.authorities],
    [10, message.additionals],
  ] as const) {
    let count = 0;
    for (const record of records) {
      if (!fits) break;
      const before = writer.length;
      writeRecord(writer, record);
      fits = writer.length <= room;
      if (fits) count += 1;
      else writer.cutTo(before);
    }
    writer.u16At(at, count);
  }
  if (message.edns !== null) {
    writeEdns(writer, message.edns, message.rcode);
    writer.u16At(10, writer.readU16(10) + 1);
  }
  if (writer.length > dnsLimits.messageOctetsMax) {
    throw new SyntaxFault('dns.long', 'longer than a DNS message can be');
  }
  writer.u16At(2, flagsOf(message, !fits));
  return writer.bytes();
}

function flagsOf(message: DnsMessage, isCut: boolean): number {
  return (
    (message.isResponse ? 0x8000 : 0) |
    ((message.opcode & 15) << 11) |
    (message.authoritative ? 0x0400 : 0) |
    (message.truncated || isCut ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    (message.authenticData ? 0x0020 : 0) |
    (message.checkingDisabled ? 0x0010 : 0) |
    (message.rcode & 15)
  );
}

function ednsOctets(edns: Edns): number {
  return edns.options.reduce((sum, option) => sum + 4 + option.data.length, 11);
}

function writeEdns(writer: DnsWriter, edns: Edns, rcode: number): void {
  writer.u8(0);
  writer.u16(optCode);
  writer.u16(edns.udpOctetsMax);
  writer.u8((rcode >> 4) & 255);
  writer.u8(edns.version);
  writer.u16(edns.dnssecOk ? 0x8000 : 0);
  writer.u16(ednsOctets(edns) - 11);
  for (const option of edns.options) {
    writer.u16(option.code);
    writer.u16(option.data.length);
    writer.octets(option.data);
  }
}

function writeRecord(writer: DnsWriter, { name, class: recordClass, ...record }: ResourceRecord) {
  const { data } = record;
  writer.name(name);
  writer.u16(data.type === 'other' ? data.code : typeCodes[data.type]);
  writer.u16(recordClass);
  writer.u32(record.ttlSeconds);
  const lengthAt = writer.length;
  writer.u16(0);
  writeData(writer, data);
  writer.u16At(lengthAt, writer.length - lengthAt - 2);
}

function writeData(writer: DnsWriter, data: RecordData): void {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      writer.address(data.address, data.type === 'A' ? 4 : 16);
      return;
    case 'MX':
      writer.u16(data.preference);
      writer.name(data.exchange);
      return;
    case 'TXT':
      for (const string of data.strings) {
        if (string.length > 255) {
          throw new SyntaxFault('dns.rdata', 'a TXT string is longer than 255 octets');
        }
        writer.u8(string.length);
        writer.octets(string);
      }
      return;
    case 'PTR':
    case 'CNAME':
    case 'NS':
      writer.name(data.target);
      return;
    case 'SOA':
      writer.name(data.primary);
      writer.name(data.mailbox);
      writer.u32(data.serial);
      writer.u32(data.refreshSeconds);
      writer.u32(data.retrySeconds);
      writer.u32(data.expireSeconds);
      writer.u32(data.minimumSeconds);
      return;
    case 'TLSA':
      writer.u8(data.usage);
      writer.u8(data.selector);
      writer.u8(data.matching);
      writer.octets(data.data);
      return;
    case 'SRV':
      writer.u16(data.priority);
      writer.u16(data.weight);
      writer.u16(data.port);
      writer.wholeName(data.target);
      return;
    case 'CAA':
      if (!caaTag.test(data.tag)) throw badData('CAA');
      writer.u8(data.flags);
      writer.u8(data.tag.length);
      for (let at = 0; at < data.tag.length; at += 1) writer.u8(data.tag.charCodeAt(at));
      writer.octets(data.value);
      return;
    case 'other':
      writer.octets(data.data);
      return;
    default:
      data satisfies never;
  }
}
