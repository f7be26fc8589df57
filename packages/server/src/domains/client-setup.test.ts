/** What mail programs are told, and what strangers cannot do with it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { testHome } from '../testing/home.ts';
import { autoconfigXml } from './autoconfig.ts';
import { autodiscoverLimits, autodiscoverXml, readAutodiscover } from './autodiscover.ts';
import { answerAutoconfig, answerAutodiscover, answerMobileconfig } from './client-setup.ts';
import type { ClientFacts } from './client-facts.ts';
import { mobileconfig } from './mobileconfig.ts';

const facts: ClientFacts = {
  address: 'rina@contoh.id',
  domain: 'contoh.id',
  host: 'mail.contoh.id',
  services: {
    submission: 587,
    submissions: 465,
    imap: 143,
    imaps: 993,
    pop3: null,
    pop3s: 995,
    https: 443,
  },
};
const only = (over: Partial<ClientFacts['services']>): ClientFacts => {
  const none = { submission: null, submissions: null, imap: null, imaps: null };
  return { ...facts, services: { ...none, pop3: null, pop3s: null, https: null, ...over } };
};

const question = (inside: string) =>
  '<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="http://schemas.microsoft.com' +
  `/exchange/autodiscover/outlook/requestschema/2006"><Request>${inside}</Request></Autodiscover>`;
const schema = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
const asked = question(
  `<EMailAddress>rina@contoh.id</EMailAddress><AcceptableResponseSchema>${schema}` +
    '</AcceptableResponseSchema>',
);

const sequence = (text: string, tag: string): string[] =>
  [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(([, value]) => value ?? '');

test('TLS from the first octet comes first, IMAP before POP3', () => {
  const xml = autoconfigXml(facts);
  assert.deepEqual(sequence(xml, 'port'), ['993', '143', '995', '465', '587']);
  const starttls = ['SSL', 'STARTTLS', 'SSL', 'SSL', 'STARTTLS'];
  assert.deepEqual(sequence(xml, 'socketType'), starttls);
  const discovered = autodiscoverXml(facts);
  assert.deepEqual(sequence(discovered, 'Type'), ['IMAP', 'POP3', 'SMTP']);
  assert.deepEqual(sequence(discovered, 'Encryption'), ['SSL', 'SSL', 'SSL']);
  const plain = autodiscoverXml(only({ imap: 143, submission: 587 }));
  assert.deepEqual(sequence(plain, 'Encryption'), ['TLS', 'TLS']);
});

describe('a profile for Apple', () => {
  test('IMAP, else POP3, else none', () => {
    assert.match(mobileconfig(facts) ?? '', /EmailTypeIMAP/);
    assert.match(mobileconfig(only({ pop3s: 995, submissions: 465 })) ?? '', /EmailTypePOP/);
    assert.equal(mobileconfig(only({ submissions: 465 })), null);
    assert.equal(mobileconfig(only({ imaps: 993 })), null);
  });
  test('the same for the same account, another for another', () => {
    const uuids = (address: string) =>
      [...(mobileconfig({ ...facts, address }) ?? '').matchAll(/[0-9A-F-]{36}/g)].join(' ');
    assert.equal(uuids('a@contoh.id'), uuids('a@contoh.id'));
    assert.notEqual(uuids('a@contoh.id'), uuids('b@contoh.id'));
  });
});

describe('Outlook asks', () => {
  test('by the schema, with or without naming it', () => {
    assert.equal(readAutodiscover(asked), 'rina@contoh.id');
    assert.equal(readAutodiscover(question('<EMailAddress> a@b.id </EMailAddress>')), 'a@b.id');
  });
  const refused: [what: string, text: string][] = [
    ['nothing', ''],
    ['no XML', 'EMailAddress=rina@contoh.id'],
    ['no address', question('')],
    ['a document type', `<!DOCTYPE a [<!ENTITY b "c">]>${asked}`],
    ['an entity', question('<EMailAddress>&secret;</EMailAddress>')],
    ['another root', asked.replaceAll('Autodiscover', 'Discover')],
    ['what is for phones', asked.replace('/outlook/responseschema/2006a', '/mobilesync')],
    ['too much', asked + ' '.repeat(autodiscoverLimits.questionCharactersMax)],
    ['an endless address', question(`<EMailAddress>${'a'.repeat(500)}@b.id</EMailAddress>`)],
  ];
  for (const [what, text] of refused) {
    test(`refused: ${what}`, () => assert.throws(() => readAutodiscover(text), SyntaxFault));
  }
});

test('a home answers for any address of its domains, and for no other', async () => {
  const listen = { imaps: [':993'], submissions: [':465'] };
  await using there = await testHome({ config: { listen } });
  await there.addDomain('contoh.id');
  await there.addDomain('toko.id', { aliasOf: 'contoh.id' });
  const { home } = there;
  const byHost = await answerAutoconfig(home, { address: null, host: 'autoconfig.toko.id' });
  assert.equal(byHost.status, 200);
  assert.match(byHost.text, /<domain>toko\.id<\/domain>/);
  const known = await answerAutoconfig(home, { address: 'ada@contoh.id', host: 'x' });
  const unknown = await answerAutoconfig(home, { address: 'tiada@contoh.id', host: 'x' });
  assert.equal(known.text, unknown.text);
  assert.equal((await answerAutoconfig(home, { address: 'a@b.id', host: 'x' })).status, 404);
  assert.equal((await answerAutoconfig(home, { address: '<>&', host: 'x' })).status, 404);
  const discovered = await answerAutodiscover(home, asked);
  assert.match(discovered.text, /<LoginName>rina@contoh\.id<\/LoginName>/);
  const other = await answerAutodiscover(home, asked.replace('contoh.id', 'lain.id'));
  assert.match(other.text, /<ErrorCode>500</);
  assert.match((await answerAutodiscover(home, 'x')).text, /<ErrorCode>600</);
  const profile = await answerMobileconfig(home, 'rina@contoh.id');
  assert.match(profile.contentType, /^application\/x-apple-aspen-config/);
  assert.equal((await answerMobileconfig(home, 'rina@lain.id')).status, 404);
});
