/** TSIG and UPDATE, octet by octet. RFC 8945 §4, §5; RFC 2136 §2. Knot agrees in tests/clients. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { emptyMessage, readDnsMessage, writeDnsMessage } from './message.ts';
import { checkSigned, signMessage, type TsigKey } from './tsig.ts';
import { writeUpdate } from './update.ts';

const keyOf = (secret: string, name = 'Key.test'): TsigKey => ({
  name,
  algorithm: 'hmac-sha256',
  mac: (octets) => new Uint8Array(createHmac('sha256', secret).update(octets).digest()),
});
const key = keyOf('secret');
const nowSeconds = 1_800_000_000;

/** As a server answers: signed over the request's MAC too. */
function answerTo(requestMac: Uint8Array, from: TsigKey, atSeconds = nowSeconds): Uint8Array {
  const message = writeDnsMessage({ ...emptyMessage, id: 7, opcode: 5, isResponse: true });
  const length = Uint8Array.of(0, requestMac.length);
  const mac = (octets: Uint8Array) => from.mac(Buffer.concat([length, requestMac, octets]));
  return signMessage(message, { ...from, mac }, atSeconds).octets;
}

test('what is added, removed and cleared', () => {
  const data = { type: 'TXT', strings: [Buffer.from('proof')] } as const;
  const octets = writeUpdate(7, 'contoh.test', [
    { kind: 'add', name: 'a.contoh.test', ttlSeconds: 60, data },
    { kind: 'remove', name: 'a.contoh.test', data },
    { kind: 'clear', name: 'a.contoh.test', type: 'TXT' },
  ]);
  const { opcode, questions, authorities } = readDnsMessage(octets);
  assert.equal(opcode, 5);
  assert.deepEqual(questions, [{ name: 'contoh.test', type: 6, class: 1 }]);
  const kinds = authorities.map((one) => [one.class, one.ttlSeconds, one.data.type]);
  assert.deepEqual(kinds, [
    [1, 60, 'TXT'],
    [254, 0, 'other'],
    [255, 0, 'other'],
  ]);
});

test('an answer counts when the same key has signed it, over the question, and lately', () => {
  const { octets, mac } = signMessage(writeUpdate(7, 'contoh.test', []), key, nowSeconds);
  assert.equal(readDnsMessage(octets).additionals.length, 1);
  const about = { requestMac: mac, nowSeconds };
  const good = answerTo(mac, key);
  assert.equal(checkSigned(good, key, about), null);
  assert.equal(checkSigned(good, keyOf('secret', 'KEY.test'), about), null, 'case of names');
  assert.equal(checkSigned(good, keyOf('other'), about), 'signature');
  assert.equal(checkSigned(good, keyOf('secret', 'other.test'), about), 'key');
  assert.equal(checkSigned(good, key, { ...about, requestMac: mac.slice(1) }), 'signature');
  assert.equal(checkSigned(answerTo(mac, key, nowSeconds - 301), key, about), 'time');
  assert.equal(checkSigned(writeUpdate(7, 'contoh.test', []), key, about), 'unsigned');
  // Forwarders change the id; the record keeps the first one.
  for (let at = 2; at < good.length; at += 1) {
    const changed = Uint8Array.from(good);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.notEqual(troubleOf(changed, about), null, `octet ${at}`);
  }
});

function troubleOf(octets: Uint8Array, about: { requestMac: Uint8Array; nowSeconds: number }) {
  try {
    return checkSigned(octets, key, about);
  } catch (error) {
    assert.ok(error instanceof SyntaxFault);
    return 'syntax';
  }
}

test('any octets: a trouble or a syntax fault', () => {
  const about = { requestMac: new Uint8Array(32), nowSeconds };
  const good = answerTo(about.requestMac, key);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(good.length), (octets, cut) => {
      assert.notEqual(troubleOf(octets, about), null);
      const mixed = Buffer.concat([good.subarray(0, cut), octets]);
      if (cut < good.length) troubleOf(mixed, about);
    }),
  );
});
