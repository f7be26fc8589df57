import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { settleCheckAtOnce } from './dns-facts.ts';
import { authorDomains, checkDmarc, type DmarcQuestion } from './dmarc.ts';
import { readDmarcRecord } from './dmarc-record.ts';
import { askZone } from './zone.ts';

type Records = Readonly<Record<string, string | readonly object[]>>;

/** Names with their DMARC record, or with records of any kind. */
function zoneOf(records: Records): Record<string, readonly object[]> {
  return Object.fromEntries(
    Object.entries(records).map(([name, value]) =>
      typeof value === 'string'
        ? [`_dmarc.${name}`, [{ type: 'TXT', strings: [value] }]]
        : [name, value],
    ),
  );
}

function check(records: Records, more: Partial<DmarcQuestion> = {}) {
  const question = { domains: ['contoh.test'], spf: null, dkim: [], ...more };
  return settleCheckAtOnce(checkDmarc(question), askZone(zoneOf(records)));
}

const pass = (domain: string) => ({ result: 'pass', domain });

describe('alignment', () => {
  const relaxed = { 'contoh.test': 'v=DMARC1; p=reject' };
  const strict = { 'contoh.test': 'v=DMARC1; p=reject; adkim=s; aspf=s' };
  const cases: [what: string, records: Records, more: Partial<DmarcQuestion>, result: string][] = [
    ['nobody vouches', relaxed, {}, 'fail'],
    ['SPF for the domain', relaxed, { spf: pass('contoh.test') }, 'pass'],
    ['SPF for one below it', relaxed, { spf: pass('mail.contoh.test') }, 'pass'],
    ['SPF for another', relaxed, { spf: pass('lain.test') }, 'fail'],
    ['SPF that fails', relaxed, { spf: { result: 'fail', domain: 'contoh.test' } }, 'fail'],
    ['DKIM for one below it', relaxed, { dkim: [pass('news.contoh.test')] }, 'pass'],
    ['one of several signatures', relaxed, { dkim: [pass('x.test'), pass('contoh.test')] }, 'pass'],
    ['strict: DKIM for one below it', strict, { dkim: [pass('news.contoh.test')] }, 'fail'],
    ['strict: SPF for one below it', strict, { spf: pass('mail.contoh.test') }, 'fail'],
    ['strict: the domain itself', strict, { dkim: [pass('contoh.test')] }, 'pass'],
    ['no record', {}, { dkim: [pass('contoh.test')] }, 'none'],
    [
      'SPF could not be asked for',
      relaxed,
      { spf: { result: 'temperror', domain: 'contoh.test' } },
      'temperror',
    ],
  ];
  for (const [what, records, more, result] of cases) {
    test(`${what}: ${result}`, () => assert.equal(check(records, more).result, result));
  }
});

describe('what the domain wants done', () => {
  const asked = (record: string, domain = 'contoh.test', more: Records = {}) =>
    check({ 'contoh.test': record, ...more }, { domains: [domain] }).disposition;
  const exists = [{ type: 'A', address: '192.0.2.1' }];
  test('its policy', () => {
    for (const policy of ['none', 'quarantine', 'reject']) {
      assert.equal(asked(`v=DMARC1; p=${policy}`), policy);
    }
  });
  test('those below it: sp, else p', () => {
    assert.equal(asked('v=DMARC1; p=reject; sp=none', 'a.contoh.test'), 'none');
    assert.equal(asked('v=DMARC1; p=reject', 'a.contoh.test'), 'reject');
  });
  test('those that do not exist: np', () => {
    const record = 'v=DMARC1; p=none; sp=quarantine; np=reject';
    assert.equal(asked(record, 'a.contoh.test'), 'reject');
    assert.equal(asked(record, 'a.contoh.test', { 'a.contoh.test': exists }), 'quarantine');
  });
  test('one step milder while it is tried out', () => {
    assert.equal(asked('v=DMARC1; p=reject; t=y'), 'quarantine');
    assert.equal(asked('v=DMARC1; p=quarantine; t=y'), 'none');
    assert.equal(asked('v=DMARC1; p=reject; pct=0'), 'quarantine');
  });
  test('nothing when it passes', () => {
    const record = { 'contoh.test': 'v=DMARC1; p=reject' };
    assert.equal(check(record, { spf: pass('contoh.test') }).disposition, 'none');
  });
});

describe('the tree walk of RFC 9989 §4.10', () => {
  test('up to the record that is highest', () => {
    const found = check(
      { 'contoh.test': 'v=DMARC1; p=reject' },
      { domains: ['a.b.c.contoh.test'] },
    );
    assert.equal(found.recordDomain, 'contoh.test');
  });
  test('an own boundary (psd=n) ends it', () => {
    const records = {
      test: 'v=DMARC1; p=none; psd=y',
      'cabang.contoh.test': 'v=DMARC1; p=reject; psd=n',
      'contoh.test': 'v=DMARC1; p=none',
    };
    const more = { domains: ['a.cabang.contoh.test'], spf: pass('contoh.test') };
    assert.equal(check(records, more).result, 'fail');
  });
  test('below a suffix (psd=y) everybody is alone', () => {
    const records = { 'co.test': 'v=DMARC1; p=reject; psd=y', 'a.co.test': 'v=DMARC1; p=reject' };
    const more = { domains: ['a.co.test'], spf: pass('b.co.test') };
    assert.equal(check(records, more).result, 'fail');
    assert.equal(check(records, { ...more, spf: pass('x.a.co.test') }).result, 'pass');
  });
  test('at most eight questions, however deep the name', () => {
    let questions = 0;
    const deep = `${'a.'.repeat(60)}contoh.test`;
    const ask = askZone(zoneOf({ 'contoh.test': 'v=DMARC1; p=reject' }));
    const checking = checkDmarc({ domains: [deep], spf: null, dkim: [] });
    const found = settleCheckAtOnce(checking, (question) => {
      questions += 1;
      return ask(question);
    });
    assert.equal(found.recordDomain, 'contoh.test');
    assert.ok(questions <= 8);
  });
  test('several records at one name are none', () => {
    const two = [1, 2].map(() => ({ type: 'TXT', strings: ['v=DMARC1; p=reject'] }));
    assert.equal(check({ '_dmarc.contoh.test': two }).result, 'none');
  });
});

describe('authors', () => {
  test('of several the one with whom it goes worst decides', () => {
    const domains = authorDomains('a@contoh.test, b@Lain.test');
    assert.deepEqual(domains, ['contoh.test', 'lain.test']);
    const records = { 'contoh.test': 'v=DMARC1; p=none', 'lain.test': 'v=DMARC1; p=reject' };
    const found = check(records, { domains, spf: pass('contoh.test') });
    assert.deepEqual(
      [found.result, found.domain, found.disposition],
      ['fail', 'lain.test', 'reject'],
    );
  });
  test('more than honest mail has', () => {
    const domains = Array.from({ length: 5000 }, (_, index) => `d${index}.test`);
    let questions = 0;
    const checking = checkDmarc({ domains, spf: null, dkim: [] });
    const found = settleCheckAtOnce(checking, () => {
      questions += 1;
      return { kind: 'none', why: 'nxdomain' };
    });
    assert.deepEqual([found.result, questions], ['permerror', 0]);
  });
  test('none at all', () => assert.equal(check({}, { domains: [] }).result, 'permerror'));
});

test('whatever a record says, reading ends in a value or a SyntaxFault', () => {
  const word = fc.constantFrom(
    'p=',
    'reject',
    'sp=',
    ';',
    'pct=',
    '101',
    'rua=',
    'mailto:a@b.test',
    ',',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
      try {
        readDmarcRecord(`v=DMARC1;${words.join('')}`);
      } catch (error) {
        assert.ok(error instanceof SyntaxFault);
      }
    }),
  );
});
