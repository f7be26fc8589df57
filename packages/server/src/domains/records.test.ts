/** Records from facts, as text and compared with what is found. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readDkimKey } from '@merpati/formats/auth/dkim-record.ts';
import { readDmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';
import { readSpfRecord } from '@merpati/formats/auth/spf-record.ts';
import { defaultConfig } from '../config/read.ts';
import type { DnsRecord } from '../world.ts';
import { compareSet, setsOf, valueText, type RecordSet } from './compare.ts';
import { differenceOf } from './difference.ts';
import { configuredFacts } from './facts.ts';
import { domainRecords, type DomainFacts } from './records.ts';
import { stsPolicyId, stsPolicyText } from './sts-policy.ts';
import { updateScript, zoneFile } from './zone-text.ts';

const config = defaultConfig({
  hostname: 'Mail.contoh.id',
  listen: {
    submission: [':587'],
    submissions: [':465'],
    imaps: [':993'],
    pop3s: ['[::]:995'],
    https: [':443'],
  },
  publish: { addresses: ['203.0.113.5', '2001:db8::5'], ca: 'letsencrypt.org' },
});
const key = Buffer.alloc(294, 7).toString('base64');
const facts: DomainFacts = {
  ...configuredFacts({ config }, 'contoh.id'),
  dkim: [{ selector: '202611a', text: `v=DKIM1; k=rsa; p=${key}`, level: 'must' }],
  keyHashes: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
};
const records = domainRecords(facts);

function lines(purpose: string, given: DomainFacts = facts): string[] {
  return domainRecords(given)
    .filter((one) => one.purpose === purpose)
    .map(({ name, data }) => `${name} ${data.type} ${valueText(data)}`);
}

describe('what a domain publishes', () => {
  test('to receive, and to be believed', () => {
    assert.deepEqual(lines('mx'), ['contoh.id MX 10 mail.contoh.id.']);
    assert.deepEqual(lines('address'), [
      'mail.contoh.id A 203.0.113.5',
      'mail.contoh.id AAAA 2001:db8::5',
    ]);
    assert.deepEqual(lines('spf'), ['contoh.id TXT v=spf1 mx -all']);
    assert.deepEqual(lines('dmarc'), [
      '_dmarc.contoh.id TXT v=DMARC1; p=none; rua=mailto:dmarc-reports@contoh.id',
    ]);
    assert.deepEqual(lines('tlsa'), [
      `_25._tcp.mail.contoh.id TLSA 3 1 1 ${'01'.repeat(32)}`,
      `_25._tcp.mail.contoh.id TLSA 3 1 1 ${'02'.repeat(32)}`,
    ]);
    const id = stsPolicyId(stsPolicyText(config) ?? '');
    assert.deepEqual(lines('sts'), [
      `_mta-sts.contoh.id TXT v=STSv1; id=${id}`,
      'mta-sts.contoh.id CNAME mail.contoh.id.',
    ]);
    assert.deepEqual(lines('tls-rpt'), [
      '_smtp._tls.contoh.id TXT v=TLSRPTv1; rua=mailto:tls-reports@contoh.id',
    ]);
    assert.deepEqual(lines('caa'), ['contoh.id CAA 0 issue "letsencrypt.org"']);
  });

  test('for mail programs; a point for what there is not', () => {
    assert.deepEqual(lines('service'), [
      '_submissions._tcp.contoh.id SRV 0 1 465 mail.contoh.id.',
      '_submission._tcp.contoh.id SRV 10 1 587 mail.contoh.id.',
      '_imaps._tcp.contoh.id SRV 0 1 993 mail.contoh.id.',
      '_imap._tcp.contoh.id SRV 0 0 0 .',
      '_pop3s._tcp.contoh.id SRV 20 1 995 mail.contoh.id.',
      '_pop3._tcp.contoh.id SRV 0 0 0 .',
    ]);
    assert.deepEqual(lines('clients'), [
      'autoconfig.contoh.id CNAME mail.contoh.id.',
      'autodiscover.contoh.id CNAME mail.contoh.id.',
      '_autodiscover._tcp.contoh.id SRV 0 1 443 mail.contoh.id.',
    ]);
  });

  test('whoever takes the reports of another domain consents to it', () => {
    const elsewhere = { ...facts, reportsTo: { dmarc: 'rua@lapor.id', tls: 'rua@lapor.id' } };
    assert.ok(
      lines('dmarc', elsewhere).includes('contoh.id._report._dmarc.lapor.id TXT v=DMARC1;'),
    );
  });

  test('our own readers read it', () => {
    for (const { data, purpose } of records) {
      if (purpose === 'spf') readSpfRecord(valueText(data));
      if (purpose === 'dmarc') readDmarcRecord(valueText(data));
      if (purpose === 'dkim') assert.equal(readDkimKey(valueText(data)).octets.length, 294);
    }
  });

  test('a policy has an id of its own', () => {
    const other = defaultConfig({ hostname: 'mail.contoh.id', publish: { sts: 'enforce' } });
    const off = defaultConfig({ hostname: 'mail.contoh.id', publish: { sts: 'none' } });
    assert.equal(
      stsPolicyText(other),
      'version: STSv1\r\nmode: enforce\r\nmx: mail.contoh.id\r\nmax_age: 1209600\r\n',
    );
    assert.notEqual(
      stsPolicyId(stsPolicyText(other) ?? ''),
      stsPolicyId(stsPolicyText(config) ?? ''),
    );
    assert.match(stsPolicyId('x'), /^[a-z0-9]{1,32}$/);
    assert.equal(stsPolicyText(off), null);
  });
});

describe('as text', () => {
  test('long texts are several strings; another zone is a comment', () => {
    const zone = zoneFile(records, 'contoh.id');
    const line = zone.split('\n').find((one) => one.startsWith('202611a'));
    assert.match(
      line ?? '',
      /^202611a\._domainkey\.contoh\.id\.\t3600\tIN\tTXT\t"[^"]{255}" "[^"]+"$/,
    );
    const below = zoneFile(records, 'lain.id');
    assert.ok(below.split('\n').every((one) => one === '' || one.startsWith(';')));
  });
  test('nothing of others is deleted by the update', () => {
    const script = updateScript(records, 'contoh.id').split('\n');
    assert.ok(!script.some((one) => one.startsWith('update delete contoh.id. ')));
    assert.ok(script.includes('update delete _dmarc.contoh.id. TXT'));
    assert.equal(
      script.filter((one) => one === 'update delete _25._tcp.mail.contoh.id. TLSA').length,
      1,
    );
    assert.equal(script.at(0), 'zone contoh.id.');
    assert.equal(script.at(-2), 'send');
  });
});

const set = (purpose: RecordSet['purpose'], name?: string): RecordSet => {
  const found = setsOf(records).find(
    (one) => one.purpose === purpose && (name === undefined || one.name === name),
  );
  assert.ok(found !== undefined);
  return found;
};
const txt = (...texts: string[]): DnsRecord[] =>
  texts.map((text) => ({ type: 'TXT', strings: [Buffer.from(text)] }));

describe('what is found against what should be', () => {
  const dmarc = 'v=DMARC1; p=none; rua=mailto:dmarc-reports@contoh.id';
  const revoked: RecordSet = { ...set('dkim'), level: 'may', expected: ['v=DKIM1; k=rsa; p='] };
  const srv = (target: string, port = 993): DnsRecord => {
    const service =
      target === 'mail.contoh.id' ? { priority: 0, weight: 1 } : { priority: 0, weight: 0 };
    return { type: 'SRV', ...service, port, target };
  };
  const tlsa = (...octets: number[]): DnsRecord[] =>
    octets.map((octet) => ({
      type: 'TLSA',
      usage: 3,
      selector: 1,
      matching: 1,
      data: new Uint8Array(32).fill(octet),
    }));
  const mx = (...hosts: string[]): DnsRecord[] =>
    hosts.map((exchange, preference) => ({ type: 'MX', preference, exchange }));
  const cases: [RecordSet, DnsRecord[], string][] = [
    [set('mx'), mx('mail.contoh.id'), 'right as-it-must-be'],
    [set('mx'), mx('mail.contoh.id', 'mx.lama.net'), 'works more'],
    [set('mx'), mx('mx.lama.net'), 'wrong differs'],
    [set('mx'), [], 'missing absent'],
    [set('spf'), txt('google-site-verification=x', 'v=spf1 mx -all'), 'right as-it-must-be'],
    [set('spf'), txt('v=spf1  MX   -all'), 'works differs'],
    [set('spf'), txt('v=spf1 mx include:_spf.lama.net ~all'), 'works differs'],
    [set('spf'), txt('v=spf1 include:_spf.lama.net ~all'), 'wrong differs'],
    [set('spf'), txt('v=spf1 mx -all', 'v=spf1 a -all'), 'wrong several'],
    [set('spf'), txt('v=spf1 mx ipv4:1.2.3.4 -all'), 'wrong unreadable'],
    [set('spf'), txt('google-site-verification=x'), 'missing absent'],
    [set('dkim'), txt(`k=rsa; p=${key}; v=DKIM1`), 'wrong unreadable'],
    [
      set('dkim'),
      txt(`v=DKIM1;k=rsa;p= ${key.slice(0, 60)} ${key.slice(60)};`),
      'right as-it-must-be',
    ],
    [set('dkim'), txt(`v=DKIM1; k=rsa; p=${key.replace('B', 'C')}`), 'wrong differs'],
    [set('dkim'), txt('v=DKIM1; p=', `v=DKIM1; k=rsa; p=${key}`), 'wrong several'],
    [revoked, [], 'right as-it-must-be'],
    [revoked, txt('v=DKIM1; k=rsa; p='), 'right as-it-must-be'],
    [revoked, txt(`v=DKIM1; k=rsa; p=${key}`), 'works not-revoked'],
    [set('dmarc'), txt(`${dmarc} ;`), 'right as-it-must-be'],
    [set('dmarc'), txt('v=DMARC1; p=reject'), 'works differs'],
    [set('dmarc'), txt('v=DMARC1; p=nome'), 'wrong unreadable'],
    [set('dmarc'), txt(dmarc, 'v=DMARC1; p=reject'), 'wrong several'],
    [set('sts', '_mta-sts.contoh.id'), txt('v=STSv1; id=1'), 'works differs'],
    [set('sts', 'mta-sts.contoh.id'), [{ type: 'A', address: '203.0.113.5' }], 'works otherwise'],
    [
      set('sts', 'mta-sts.contoh.id'),
      [{ type: 'CNAME', target: 'mail.contoh.id' }],
      'right as-it-must-be',
    ],
    [set('service', '_imaps._tcp.contoh.id'), [srv('mail.contoh.id')], 'right as-it-must-be'],
    [set('service', '_imaps._tcp.contoh.id'), [srv('imap.lama.net')], 'wrong differs'],
    [set('service', '_imap._tcp.contoh.id'), [srv('', 0)], 'right as-it-must-be'],
    [set('tlsa'), tlsa(1, 2), 'right as-it-must-be'],
    [set('tlsa'), tlsa(1), 'works differs'],
    [set('tlsa'), tlsa(1, 2, 3), 'works more'],
    [set('tlsa'), tlsa(3), 'wrong differs'],
    [set('caa'), [], 'missing absent'],
    [
      set('caa'),
      [{ type: 'CAA', flags: 0, tag: 'issue', value: Buffer.from('lain.id') }],
      'wrong differs',
    ],
    [
      set('caa'),
      [{ type: 'CAA', flags: 0, tag: 'iodef', value: Buffer.from('mailto:a@b.id') }],
      'missing absent',
    ],
  ];
  for (const [wanted, found, expected] of cases) {
    const shown = found.map((one) => (one.type === 'SOA' ? '' : valueText(one).slice(0, 60)));
    test(`${wanted.purpose}: ${shown.join(' | ') || 'nothing'}: ${expected}`, () => {
      const { state, reason } = compareSet(wanted, found);
      assert.equal(`${state} ${reason}`, expected);
    });
  }
});

describe('differences by character', () => {
  test('what is too much and what is lacking', () => {
    assert.deepEqual(differenceOf('v=spf1 mx -all', 'v=spf1 mx include:_spf.lama.net ~all'), {
      expected: 'v=spf1 mx ⟦-⟧all',
      found: 'v=spf1 mx ⟦include:_spf.lama.net ~⟧all',
    });
    assert.deepEqual(differenceOf('abc', 'abc'), { expected: 'abc', found: 'abc' });
  });
  test('without the marks both are as they were, and what is unmarked is the same', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 40 });
    fc.assert(
      fc.property(letters, letters, (expected, found) => {
        const marked = differenceOf(expected, found);
        const bare = (text: string) => text.replaceAll(/[⟦⟧]/g, '');
        const common = (text: string) => text.replaceAll(/⟦[^⟧]*⟧/g, '');
        assert.equal(bare(marked.expected), expected);
        assert.equal(bare(marked.found), found);
        assert.equal(common(marked.expected), common(marked.found));
      }),
    );
  });
});
