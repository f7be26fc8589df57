import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { type DnsAsk, type DnsReply, settleCheckAtOnce } from './dns-facts.ts';
import { authLimits } from './limits.ts';
import { checkSpf, reverseName, type SpfQuestion } from './spf.ts';
import { expandMacros } from './spf-macro.ts';
import { readSpfRecord } from './spf-record.ts';
import { askZone } from './zone.ts';

type Zone = Readonly<Record<string, readonly object[]>>;

const txt = (...texts: readonly string[]): object[] =>
  texts.map((text) => ({ type: 'TXT', strings: [text] }));
const a = (...addresses: readonly string[]): object[] =>
  addresses.map((address) => ({ type: 'A', address }));

const asked: SpfQuestion = {
  ip: '192.0.2.3',
  helo: 'mx.contoh.test',
  mailFrom: 'rina@contoh.test',
  receiver: 'mx.surat.test',
};

function check(zone: Zone, more: Partial<SpfQuestion> = {}) {
  return settleCheckAtOnce(checkSpf({ ...asked, ...more }), askZone(zone));
}

describe('who may send', () => {
  const table: [record: string, result: string, more?: Zone][] = [
    ['v=spf1 -all', 'fail'],
    ['v=spf1 ~all', 'softfail'],
    ['v=spf1', 'neutral'],
    ['v=spf1 ip4:192.0.2.0/24 -all', 'pass'],
    ['v=spf1 ip4:192.0.2.4/31 -all', 'fail'],
    ['V=SPF1 IP4:192.0.2.3', 'pass'],
    ['v=spf1 a -all', 'pass', { 'contoh.test': a('192.0.2.3') }],
    ['v=spf1 a:host.contoh.test/30 -all', 'pass', { 'host.contoh.test': a('192.0.2.1') }],
    ['v=spf1 exists:%{i}._ok.%{d2} -all', 'pass', { '192.0.2.3._ok.contoh.test': a('127.0.0.2') }],
    ['v=spf1 include:lain.test -all', 'pass', { 'lain.test': txt('v=spf1 ip4:192.0.2.3') }],
    ['v=spf1 include:lain.test -all', 'fail', { 'lain.test': txt('v=spf1 -all') }],
    ['v=spf1 include:tanpa.test -all', 'permerror'],
    ['v=spf1 redirect=lain.test', 'softfail', { 'lain.test': txt('v=spf1 ~all') }],
    ['v=spf1 redirect=tanpa.test', 'permerror'],
    ['v=spf1 ip4:192.0.2.3 nonsense', 'permerror'],
    ['v=spf1 ip4:192.0.2.3/33', 'permerror'],
    ['v=spf1 a:%{z}.test', 'permerror'],
    ['v=spf1 redirect=a.test redirect=b.test', 'permerror'],
  ];
  for (const [record, result, more = {}] of table) {
    test(`${record}: ${result}`, () => {
      const own = [...txt(record), ...(more['contoh.test'] ?? [])];
      assert.equal(check({ ...more, 'contoh.test': own }).result, result);
    });
  }

  test('no record, no name, no domain: none', () => {
    assert.equal(check({}).result, 'none');
    assert.equal(check({}, { mailFrom: '', helo: '[192.0.2.3]' }).result, 'none');
    assert.equal(check({}, { mailFrom: 'x@localhost' }).result, 'none');
  });

  test('two records are as good as none', () => {
    const two = check({ 'contoh.test': txt('v=spf1 -all', 'v=spf1 +all') });
    assert.equal(two.result, 'permerror');
    assert.match(two.reason ?? '', /several/);
  });

  test('an IPv4 client on an IPv6 socket is an IPv4 client', () => {
    const zone = { 'contoh.test': txt('v=spf1 ip4:192.0.2.3 -all') };
    assert.equal(check(zone, { ip: '::ffff:192.0.2.3' }).result, 'pass');
  });

  test('an error of the DNS is "later", not "no"', () => {
    const failing = { 'contoh.test': [{ type: '*', error: 'SERVFAIL' }] };
    assert.equal(check(failing).result, 'temperror');
  });

  test('what the domain says to those it refuses', () => {
    const found = check({
      'contoh.test': txt('v=spf1 -all exp=why.%{d}'),
      'why.contoh.test': txt('%{i} may not send for %{o}'),
    });
    assert.equal(found.explanation, '192.0.2.3 may not send for contoh.test');
  });
});

describe('bounds', () => {
  test('ten terms may ask, the eleventh ends it', () => {
    const zone: Record<string, object[]> = {};
    for (let index = 0; index < 20; index += 1) {
      zone[`d${index}.test`] = txt(`v=spf1 include:d${index + 1}.test -all`);
    }
    zone['contoh.test'] = txt('v=spf1 include:d0.test -all');
    const found = check(zone);
    assert.equal(found.result, 'permerror');
    assert.ok(found.lookups <= authLimits.spfLookupsMax + 1);
  });

  test('a bomb of questions that find nothing goes off after the second', () => {
    let questions = 0;
    const terms = Array.from({ length: 9 }, (_, index) => `a:tak${index}.test`).join(' ');
    const zone = askZone({ 'contoh.test': txt(`v=spf1 ${terms} -all`) });
    const found = settleCheckAtOnce(checkSpf(asked), (question: DnsAsk): DnsReply => {
      questions += 1;
      return zone(question);
    });
    assert.equal(found.result, 'permerror');
    assert.equal(questions, 1 + 3);
  });

  test('a name that is no domain after 60,000 letters is refused at once', () => {
    const record = `v=spf1 a:x.${'a'.repeat(60_000)}! -all`;
    const startMs = performance.now();
    assert.throws(() => readSpfRecord(record), SyntaxFault);
    assert.ok(performance.now() - startMs < 15_000);
  });

  test('a record that includes itself ends', () => {
    assert.equal(
      check({ 'contoh.test': txt('v=spf1 include:contoh.test -all') }).result,
      'permerror',
    );
  });

  test('whatever a record says, reading ends in a value or a SyntaxFault', () => {
    const word = fc.constantFrom(
      'a',
      'mx',
      'ip4:',
      'ip6:',
      '/24',
      '//64',
      '%{d}',
      '%',
      ':',
      '=',
      'x.y',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }), (words) => {
        try {
          readSpfRecord(`v=spf1 ${words.join('')}`);
        } catch (error) {
          assert.ok(error instanceof SyntaxFault);
        }
      }),
    );
  });
});

describe('macros, as in RFC 7208 §7.4', () => {
  const values: Readonly<Record<string, string>> = {
    s: 'strong-bad@email.example.com',
    l: 'strong-bad',
    o: 'email.example.com',
    d: 'email.example.com',
    i: '192.0.2.3',
    v: 'in-addr',
  };
  const table: [text: string, expanded: string][] = [
    ['%{s}', 'strong-bad@email.example.com'],
    ['%{d4}', 'email.example.com'],
    ['%{d2}', 'example.com'],
    ['%{dr}', 'com.example.email'],
    ['%{d2r}', 'example.email'],
    ['%{l-}', 'strong.bad'],
    ['%{lr-}', 'bad.strong'],
    ['%{l1r-}', 'strong'],
    ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
    ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
    ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
    ['%{d2}.trusted-domains.example.net', 'example.com.trusted-domains.example.net'],
    ['%{S}', 'strong-bad%40email.example.com'],
    ['100%% %_%-', '100%  %20'],
  ];
  for (const [text, expanded] of table) {
    test(text, () =>
      assert.equal(
        expandMacros(text, (letter) => values[letter] ?? ''),
        expanded,
      ),
    );
  }

  test('names that lead back from an address', () => {
    assert.equal(reverseName(Uint8Array.of(192, 0, 2, 3)), '3.2.0.192.in-addr.arpa');
  });
});
