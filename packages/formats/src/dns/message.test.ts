import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import {
  emptyMessage,
  readDnsMessage,
  typeCodes,
  writeDnsMessage,
  type DnsMessage,
  type RecordData,
  type ResourceRecord,
} from './message.ts';
import { nameLabels, readName, sameName } from './name.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const faultCode = (run: () => unknown): string => {
  try {
    run();
  } catch (fault) {
    if (fault instanceof SyntaxFault) return fault.code;
    throw fault;
  }
  return 'none';
};

// Composed by hand in the form resolvers send: both exchanges end in a pointer to the question.
const mxAnswer = hex(`
  1a2b 8180 0001 0002 0000 0001
  07 6d65727061746904 7465737400 000f 0001
  c00c 000f 0001 00000e10 0008 000a 036d7831 c00c
  c00c 000f 0001 00000e10 0009 0014 04 6d786232 c00c
  0000 29 04d0 0000 0000 0000`);

test('reads an MX answer with compression and EDNS (RFC 1035 §4.1.4, RFC 6891 §6.1)', () => {
  const message = readDnsMessage(mxAnswer);
  assert.equal(message.id, 0x1a2b);
  assert.ok(message.isResponse && message.recursionAvailable && !message.truncated);
  assert.deepEqual(message.questions, [{ name: 'merpati.test', type: 15, class: 1 }]);
  assert.deepEqual(
    message.answers.map((answer) => answer.data),
    [
      { type: 'MX', preference: 10, exchange: 'mx1.merpati.test' },
      { type: 'MX', preference: 20, exchange: 'mxb2.merpati.test' },
    ],
  );
  assert.equal(message.edns?.udpOctetsMax, 1232);
  // Our own compression finds the same pointers.
  assert.deepEqual(writeDnsMessage(message), mxAnswer);
});

test('pointers that do not lead backwards are refused, so no chain runs in circles', () => {
  const loops = ['c000', 'c002', '01 61 c000', '01 61 c002 01 62 c000'];
  for (const loop of loops) {
    assert.equal(
      faultCode(() => readName(hex(loop), 0)),
      'dns.name.pointer',
      loop,
    );
  }
  // Two names that point at each other's middle.
  assert.equal(
    faultCode(() => readName(hex('01 61 c004 01 62 c000'), 4)),
    'dns.name.pointer',
  );
  assert.equal(readName(hex('01 61 00 01 62 c000'), 3).name, 'b.a');
});

test('names: 255 octets, 63 in a label, odd octets escaped (RFC 1035 §2.3.4)', () => {
  const label = 'a'.repeat(63);
  const longest = `${label}.${label}.${label}.${'b'.repeat(61)}`;
  assert.equal(nameLabels(longest).length, 4);
  assert.equal(
    faultCode(() => nameLabels(`${longest}c`)),
    'dns.name.long',
  );
  assert.equal(
    faultCode(() => nameLabels(`${label}a.test`)),
    'dns.name.long-label',
  );
  assert.equal(
    faultCode(() => nameLabels('a..b')),
    'dns.name.empty-label',
  );
  assert.equal(
    faultCode(() => nameLabels('münchen.de')),
    'dns.name.character',
  );
  assert.deepEqual(readName(hex('03 612e00 00'), 0).name, 'a\\046\\000');
  assert.deepEqual(nameLabels('a\\046\\000'), [hex('612e00')]);
  assert.deepEqual(nameLabels('x.test.'), nameLabels('x.test'));
  assert.ok(sameName('MX.Example', 'mx.eXAMPLE.'));
  // A chain of pointers cannot build a name that is too long.
  const piece = `3f${'61'.repeat(63)}`;
  assert.equal(
    faultCode(() => readName(hex(`${piece.repeat(4)}00`), 0)),
    'dns.name.long',
  );
});

test('what does not fit a UDP answer is left out and TC says so', () => {
  const answers = Array.from({ length: 60 }, (_, i) => ({
    name: 'big.test',
    class: 1,
    ttlSeconds: 60,
    data: { type: 'MX', preference: i, exchange: `mail-${i}.big.test` } as const,
  }));
  const edns = { udpOctetsMax: 1232, version: 0, dnssecOk: false, options: [] };
  const questions = [{ name: 'big.test', type: typeCodes.MX, class: 1 }];
  const message: DnsMessage = { ...emptyMessage, isResponse: true, questions, answers, edns };
  const cut = writeDnsMessage(message, 512);
  assert.ok(cut.length <= 512);
  const read = readDnsMessage(cut);
  assert.ok(read.truncated && read.answers.length > 5 && read.answers.length < 60);
  assert.ok(read.edns);
  assert.deepEqual(readDnsMessage(writeDnsMessage(message)), message);
});

test('record content that does not fill its length is refused', () => {
  const header = '0001 8000 0000 0001 0000 0000';
  const record = (type: string, data: string) => {
    const length = hex(data).length.toString(16).padStart(4, '0');
    return hex(`${header} 00 ${type} 0001 00000001 ${length} ${data}`);
  };
  for (const [type, data] of [
    ['0001', '7f0000'],
    ['001c', '7f000001'],
    ['000f', '000a'],
    ['000f', '000a 016100 00'],
    ['0010', '05 6162'],
    ['0005', '0161'],
    ['0034', '030101'],
    ['0006', '00 00 0000'],
  ] as const) {
    const code = faultCode(() => readDnsMessage(record(type, data)));
    assert.ok(code === 'dns.rdata' || code === 'dns.truncated', `${type} ${data}: ${code}`);
  }
  assert.equal(
    faultCode(() => readDnsMessage(hex('0001 8000 0000 ffff 0000 0000'))),
    'dns.records',
  );
});

/** Plain objects, as the codec makes them. */
const shape = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });

const label = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((octets) => [...octets].map((octet) => `\\${String(octet).padStart(3, '0')}`).join(''));
const plainLabel = fc.stringMatching(/^[a-zA-Z0-9_-]{1,15}$/);
const name = fc
  .array(fc.oneof({ weight: 8, arbitrary: plainLabel }, label), { maxLength: 5 })
  .map((labels) => readName(wire(labels.join('.')), 0).name);
const octets = fc.uint8Array({ maxLength: 40 });
const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 0, max: 65_535 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

function wire(text: string): Uint8Array {
  return Uint8Array.from([...nameLabels(text).flatMap((l) => [l.length, ...l]), 0]);
}

const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.ipV4().map((address) => ({ type: 'A' as const, address })),
  fc
    .constantFrom('::1', '2001:db8::7', '::')
    .map((address) => ({ type: 'AAAA' as const, address })),
  shape({ type: fc.constant('MX' as const), preference: u16, exchange: name }),
  shape({ type: fc.constant('TXT' as const), strings: fc.array(octets, { maxLength: 4 }) }),
  shape({
    type: fc.constantFrom('PTR' as const, 'CNAME' as const, 'NS' as const),
    target: name,
  }),
  shape({
    type: fc.constant('SOA' as const),
    primary: name,
    mailbox: name,
    serial: u32,
    refreshSeconds: u32,
    retrySeconds: u32,
    expireSeconds: u32,
    minimumSeconds: u32,
  }),
  shape({
    type: fc.constant('TLSA' as const),
    usage: u8,
    selector: u8,
    matching: u8,
    data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  shape({
    type: fc.constant('SRV' as const),
    priority: u16,
    weight: u16,
    port: u16,
    target: name,
  }),
  shape({
    type: fc.constant('CAA' as const),
    flags: u8,
    tag: fc.stringMatching(/^[a-zA-Z0-9]{1,20}$/),
    value: octets,
  }),
  shape({
    type: fc.constant('other' as const),
    code: fc.constantFrom(99, 258, 65_280),
    data: octets,
  }),
);
const record: fc.Arbitrary<ResourceRecord> = shape({
  name,
  class: fc.constant(1),
  ttlSeconds: fc.integer({ min: 0, max: 0x7fffffff }),
  data,
});
const message: fc.Arbitrary<DnsMessage> = shape({
  id: u16,
  isResponse: fc.boolean(),
  opcode: fc.integer({ min: 0, max: 15 }),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  authenticData: fc.boolean(),
  checkingDisabled: fc.boolean(),
  rcode: fc.integer({ min: 0, max: 15 }),
  questions: fc.array(shape({ name, type: u16, class: u16 }), { maxLength: 2 }),
  answers: fc.array(record, { maxLength: 6 }),
  authorities: fc.array(record, { maxLength: 2 }),
  additionals: fc.array(record, { maxLength: 2 }),
  edns: fc.option(
    shape({
      udpOctetsMax: u16,
      version: u8,
      dnssecOk: fc.boolean(),
      options: fc.array(shape({ code: u16, data: octets }), { maxLength: 2 }),
    }),
  ),
});

test('write, then read, is identity', () => {
  fc.assert(
    fc.property(message, (given) => {
      assert.deepEqual(readDnsMessage(writeDnsMessage(given)), given);
    }),
    { numRuns: 500 },
  );
});

test('damaged messages: only SyntaxFault, and what is read comes back the same', () => {
  const damage = fc.array(shape({ at: fc.nat(300), octet: u8 }), { maxLength: 6 });
  fc.assert(
    fc.property(message, damage, fc.nat(400), (given, changes, cut) => {
      const bytes = writeDnsMessage(given).slice(0, 20 + cut);
      for (const { at, octet } of changes) if (at < bytes.length) bytes[at] = octet;
      let read: DnsMessage;
      try {
        read = readDnsMessage(bytes);
      } catch (fault) {
        assert.ok(fault instanceof SyntaxFault);
        return;
      }
      const again = readDnsMessage(writeDnsMessage(read));
      assert.deepEqual(again, read);
    }),
    { numRuns: 1000 },
  );
});
