/**
 * The good, the broken and the hostile, in one list: what trust has to stand, and where it is shown
 * over real sockets. A case that is renamed or lost there is missed here.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');

const out = 'tests/clients/trust-outbound.test.ts';
const policies = 'tests/clients/trust-sts.test.ts';
const judged = 'packages/server/src/checks/judged.test.ts';

/** What it is, the file that shows it, and words that stand there. */
const cases: readonly (readonly [what: string, file: string, words: string])[] = [
  // Where mail goes to. A zone that Knot signs and Unbound validates.
  ['the key that the DNS names', out, 'DANE 3 1 1: the key is named'],
  ['the certificate that the DNS names', out, 'DANE 3 0 2: the whole certificate'],
  ['an authority of its own', out, 'DANE 2 0 1: an authority of its own'],
  ['a key that the DNS does not name', out, 'DANE: not the key that is named'],
  ['below an anchor: for somebody else', out, 'DANE below an anchor: a certificate for somebody'],
  ['below an anchor: over', out, 'DANE below an anchor: a certificate that is over'],
  ['TLSA records that bind nobody', out, 'DANE: only usages that bind nobody in SMTP'],
  ['STARTTLS stripped under DANE', out, 'DANE: STARTTLS stripped'],
  ['the second MX is the right one', out, 'DANE: the next MX is right'],
  ['TLSA records badly signed', out, 'DNSSEC: the TLSA records are badly signed'],
  ['MX records badly signed', out, 'DNSSEC: the MX records are badly signed'],
  ['an MX that is not signed', out, 'DNSSEC: the MX is not signed'],
  ['an MX that is an alias', out, 'DANE: the MX is an alias'],
  ['a good policy', out, 'MTA-STS enforced: all is as it should be'],
  ['the wrong certificate under enforce', out, 'a certificate for somebody else'],
  ['a certificate by nobody known under enforce', out, 'a certificate by nobody known'],
  ['a certificate that is over under enforce', out, 'a certificate that is over'],
  ['STARTTLS stripped under enforce', out, "'STARTTLS stripped', 'strip'"],
  ['the same under testing', out, 'MTA-STS on trial:'],
  ['a forged MX under enforce', out, 'an MX that the policy does not name, forged'],
  ['a policy that changes', policies, 'a new id is: from the next message on it holds'],
  ['a policy host that is down', policies, 'the host is down when it changes again'],
  ['a policy hidden by somebody', policies, 'who takes the record away takes nothing away'],
  ['no policy could ever be had', policies, 'policies that are none, and nothing kept'],
  ['an open session is not good enough', policies, 'serves none who wants more'],
  ['DANE and MTA-STS disagree', out, 'MTA-STS does not mend what DANE finds wrong'],
  ['REQUIRETLS is kept', out, 'REQUIRETLS: promised by a server that DANE describes'],
  ['REQUIRETLS cannot be kept', out, 'REQUIRETLS: the server does not promise it'],
  ['TLS-Required: No', out, 'TLS-Required: No: delivered although DANE'],
  ['a server that knows TLS 1.0 only', out, 'DANE: TLS 1.0 is not enough'],
  // Where mail comes from.
  ['a good one', judged, 'a good one: everything about it'],
  ['unsigned', judged, 'without a signature'],
  ['changed on its way', judged, 'with a body that was changed'],
  ['expired signature', judged, 'with an expired signature'],
  ['key too short', judged, 'with a key that is too short'],
  ['l= abuse', judged, 'with more behind the signed part of the body'],
  ['two From headers', judged, 'with a second From'],
  ['signed by somebody else', judged, 'with the signature of somebody else'],
  ['forwarder', judged, 'a forwarder that changes nothing'],
  ['mailing list', judged, 'a list that changes it, and seals what it saw'],
  ['look-alike', judged, 'check.look-alike'],
  ['SPF void-lookup bomb', judged, 'a policy that asks for ever is cut off'],
  ['name servers that never answer', judged, 'name servers that never answer'],
];

test('each case of trust is shown somewhere', () => {
  const texts = new Map<string, string>();
  for (const [what, file, words] of cases) {
    const text = texts.get(file) ?? readFileSync(path.join(root, file), 'utf8');
    texts.set(file, text);
    assert.ok(text.includes(words), `${what}: "${words}" is not in ${file}`);
  }
  assert.equal(new Set(cases.map(([what]) => what)).size, cases.length);
  assert.ok(cases.length >= 30);
});
