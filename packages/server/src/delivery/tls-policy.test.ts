import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf } from '@merpati/client/smtp/content.ts';
import type { StsPolicy } from '@merpati/formats/auth/sts.ts';
import { readTlsaText, usableTlsa } from '@merpati/formats/dns/tlsa.ts';
import type { Dane } from './dane.ts';
import { decideTlsPolicy, policyKey, type PolicyFacts } from './tls-policy.ts';
import { waivesTls } from './tls-required.ts';

const nobody: PolicyFacts = { route: null, requireTls: false, dane: null, sts: null };

function daneOf(record: string, base = 'mx.surat.test'): Dane {
  const records = usableTlsa([readTlsaText(record)]);
  return { base, records, listed: [record], names: [base, 'surat.test'] };
}

const dane = daneOf(`3 1 1 ${'ab'.repeat(32)}`);
const unusable = daneOf(`1 1 1 ${'ab'.repeat(32)}`);
const sts = (mode: StsPolicy['mode']): StsPolicy => ({ mode, maxAgeS: 60, mx: ['mx.surat.test'] });

/** `require dane`: how much, and who asks; `!`: by the roots, `=`: by the DNS. */
function decided(over: Partial<PolicyFacts>): string {
  const { mode, verify, dane: terms, source } = decideTlsPolicy({ ...nobody, ...over });
  const isDescribed = terms !== null && terms.records.length > 0;
  return `${mode}${verify ? '!' : ''}${isDescribed ? '=' : ''} ${source}`;
}

test('who asks for how much', () => {
  const route = (tls: 'opportunistic' | 'require' | 'implicit' | 'off') => ({ route: { tls } });
  const table: readonly (readonly [Partial<PolicyFacts>, string])[] = [
    [{}, 'opportunistic default'],
    [{ sts: sts('testing') }, 'opportunistic default'],
    [{ sts: sts('none') }, 'opportunistic default'],
    [{ sts: sts('enforce') }, 'require! sts'],
    [{ dane }, 'require= dane'],
    [{ dane, sts: sts('enforce') }, 'require= dane'],
    [{ dane: unusable }, 'require dane'],
    [{ dane: unusable, sts: sts('testing') }, 'require dane'],
    // Nothing to hold a certificate against: then what the policy says is better than nothing.
    [{ dane: unusable, sts: sts('enforce') }, 'require! sts'],
    [{ requireTls: true }, 'require! requiretls'],
    [{ requireTls: true, dane }, 'require= requiretls'],
    [{ requireTls: true, dane: unusable }, 'require! requiretls'],
    [{ requireTls: true, sts: sts('testing') }, 'require! requiretls'],
    // A way that a person has set is theirs to secure.
    [route('opportunistic'), 'opportunistic default'],
    [route('require'), 'require! route'],
    [route('implicit'), 'implicit! route'],
    [route('off'), 'off route'],
    [{ ...route('off'), requireTls: true }, 'require! requiretls'],
    [{ ...route('opportunistic'), requireTls: true }, 'require! requiretls'],
  ];
  for (const [facts, expected] of table) {
    assert.equal(decided(facts), expected, JSON.stringify(facts));
  }
});

test('sessions stand in for each other under the same terms only', () => {
  const keys = [
    nobody,
    { ...nobody, sts: sts('enforce') },
    { ...nobody, dane },
    { ...nobody, dane: unusable },
    { ...nobody, dane: daneOf(`3 1 1 ${'cd'.repeat(32)}`) },
    { ...nobody, dane: { ...dane, names: ['mx.surat.test', 'lain.test'] } },
  ].map((facts) => policyKey(decideTlsPolicy(facts)));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(
    policyKey(decideTlsPolicy({ ...nobody, requireTls: true })),
    policyKey(decideTlsPolicy({ ...nobody, sts: sts('enforce') })),
  );
});

test('TLS-Required: No, once and in the header. RFC 8689 §3', async () => {
  const table: readonly (readonly [string, boolean])[] = [
    ['Subject: hi\r\nTLS-Required: No\r\n\r\nhello\r\n', true],
    ['tls-required:no \r\n\r\n', true],
    ['TLS-Required: No\r\n', true],
    ['TLS-Required: Yes\r\n\r\n', false],
    ['TLS-Required: No, really\r\n\r\n', false],
    ['TLS-Required: No\r\nTLS-Required: No\r\n\r\n', false],
    ['Subject: hi\r\n\r\nTLS-Required: No\r\n', false],
    ['Subject: TLS-Required: No\r\n\r\n', false],
    ['\r\nTLS-Required: No\r\n\r\n', false],
    ['X-TLS-Required: No\r\n\r\n', false],
    ['', false],
  ];
  for (const [text, expected] of table) {
    assert.equal(await waivesTls(contentOf(Buffer.from(text))), expected, text);
    const octets = Buffer.from(text);
    const content = {
      size: octets.length,
      async *chunks() {
        for (const octet of octets) yield Uint8Array.of(octet);
      },
    };
    assert.equal(await waivesTls(content), expected, `${text} in pieces`);
  }
  const endless = `${'X: y\r\n'.repeat(60_000)}TLS-Required: No\r\n\r\n`;
  const content = {
    size: endless.length,
    async *chunks() {
      for (let at = 0; at < endless.length; at += 4096) {
        yield Buffer.from(endless.slice(at, at + 4096));
      }
    },
  };
  assert.equal(await waivesTls(content), false);
});
