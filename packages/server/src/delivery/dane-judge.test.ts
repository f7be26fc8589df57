import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import { readTlsaText } from '@merpati/formats/dns/tlsa.ts';
import { selfSigned, tlsaOf, type Issued } from '../../../../tests/peers/certificates.ts';
import { judgeByDane } from './dane-judge.ts';

let root: Issued;
let middle: Issued;
let own: Issued;
let stranger: Issued;

before(async () => {
  root = await selfSigned({ names: ['Root'], authority: {} });
  middle = await root.issue({ names: ['Middle'], authority: { pathLengthMax: 0 } });
  own = await middle.issue({ names: ['mx.surat.test'] });
  stranger = await selfSigned({ names: ['mx.surat.test'], authority: {} });
});

const certificates = (...pems: string[]) => pems.map((pem) => new X509Certificate(pem));

function judge(
  presented: readonly X509Certificate[],
  records: readonly string[],
  over: { names?: readonly string[]; nowMs?: number } = {},
): string {
  const { names = ['mx.surat.test'], nowMs = Date.now() } = over;
  const terms = { records: records.map(readTlsaText), names, nowMs };
  const verdict = judgeByDane(presented, terms);
  return verdict.kind === 'right' ? verdict.record.slice(0, 5) : verdict.error;
}

test('its own key: nothing else counts. RFC 7672 §3.1.1', async () => {
  const over = await selfSigned({ names: ['elsewhere.test'], untilDays: -1 });
  const presented = certificates(over.certificate);
  for (const [selector, matching] of [0, 1].flatMap((s) => [0, 1, 2].map((m) => [s, m] as const))) {
    const record = tlsaOf(over.certificate, 3, selector, matching);
    assert.equal(judge(presented, [record]), `3 ${selector} ${matching}`);
  }
  assert.equal(judge(presented, [tlsaOf(own.certificate, 3, 1, 1)]), 'TLSA_MISMATCH');
  const several = [tlsaOf(own.certificate, 3, 1, 1), tlsaOf(over.certificate, 3, 0, 1)];
  assert.equal(judge(presented, several), '3 0 1');
  assert.equal(judge([], several), 'TLSA_MISMATCH');
  // Of the others that are presented none is the server's.
  const below = certificates(own.certificate, middle.certificate);
  assert.equal(judge(below, [tlsaOf(middle.certificate, 3, 1, 1)]), 'TLSA_MISMATCH');
});

test('an anchor above it, presented or whole in the DNS. RFC 7671 §5.2', () => {
  const all = certificates(own.certificate, middle.certificate, root.certificate);
  const unordered = certificates(own.certificate, root.certificate, middle.certificate);
  for (const [selector, matching] of [0, 1].flatMap((s) => [0, 1, 2].map((m) => [s, m] as const))) {
    const name = `2 ${selector} ${matching}`;
    const record = tlsaOf(root.certificate, 2, selector, matching);
    assert.equal(judge(all, [record]), name);
    assert.equal(judge(unordered, [record]), name);
    assert.equal(judge(all, [tlsaOf(middle.certificate, 2, selector, matching)]), name);
    const without = certificates(own.certificate, middle.certificate);
    assert.equal(judge(without, [record]), matching === 0 ? name : 'TLSA_MISMATCH');
  }
  // The server is no anchor of its own, and a key that did not sign is none either.
  assert.equal(judge(all, [tlsaOf(own.certificate, 2, 1, 1)]), 'TLSA_MISMATCH');
  const beside = certificates(own.certificate, middle.certificate, stranger.certificate);
  assert.equal(judge(beside, [tlsaOf(stranger.certificate, 2, 1, 1)]), 'TLSA_MISMATCH');
});

test('below an anchor names and dates count. RFC 7672 §3.1.2, §3.2.3', async () => {
  const presented = certificates(own.certificate, middle.certificate, root.certificate);
  const anchor = [tlsaOf(root.certificate, 2, 0, 1)];
  const other = { names: ['surat.test', 'other.test'] };
  assert.equal(judge(presented, anchor, other), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(judge(presented, anchor, { names: ['other.test', 'mx.surat.test'] }), '2 0 1');
  const later = { nowMs: Date.now() + 91 * 86_400_000 };
  assert.equal(judge(presented, anchor, later), 'CERT_HAS_EXPIRED');
  const over = await middle.issue({ names: ['mx.surat.test'], untilDays: -1 });
  const chain = certificates(over.certificate, middle.certificate, root.certificate);
  assert.equal(judge(chain, anchor), 'CERT_HAS_EXPIRED');
  assert.equal(judge(chain, [tlsaOf(middle.certificate, 2, 1, 0)]), 'CERT_HAS_EXPIRED');
});

test('below an anchor a certificate must be for servers', async () => {
  const anchor = [tlsaOf(root.certificate, 2, 0, 1)];
  const table = [
    ['1.3.6.1.5.5.7.3.1', '2 0 1'],
    ['2.5.29.37.0', '2 0 1'],
    ['1.3.6.1.5.5.7.3.4', 'TLSA_MISMATCH'],
  ] as const;
  for (const [purpose, expected] of table) {
    const one = await middle.issue({ names: ['mx.surat.test'], purposes: [purpose] });
    const presented = certificates(one.certificate, middle.certificate, root.certificate);
    assert.equal(judge(presented, anchor), expected, purpose);
    assert.equal(judge(presented, [tlsaOf(one.certificate, 3, 0, 1)]), '3 0 1');
  }
});

test('authorities have limits', async () => {
  const anchor = [tlsaOf(root.certificate, 2, 0, 1)];
  // `middle` may sign servers only.
  const lower = await middle.issue({ names: ['Lower'], authority: {} });
  const deep = await lower.issue({ names: ['mx.surat.test'] });
  const pems = [deep, lower, middle, root].map(({ certificate }) => certificate);
  assert.equal(judge(certificates(...pems), anchor), 'TLSA_MISMATCH');
  // A server is no authority, whatever it has signed.
  const forged = await own.issue({ names: ['mx.surat.test'] });
  const chain = [forged, own, middle, root].map(({ certificate }) => certificate);
  assert.equal(judge(certificates(...chain), anchor), 'TLSA_MISMATCH');
});
