/** ARC with Node's cryptography: a chain of hands, and chains that do not hold. */

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { ArcSealer } from '@merpati/formats/auth/arc-seal.ts';
import { type ArcResult, ArcVerifier } from '@merpati/formats/auth/arc.ts';
import { settleCheckAtOnce } from '@merpati/formats/auth/dns-facts.ts';
import { askZone } from '@merpati/formats/auth/zone.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { authCrypto, readPrivateKey } from './auth-crypto.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = readPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
const der = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const zone = { 's._domainkey.daftar.test': [{ type: 'TXT', strings: [`v=DKIM1; p=${der}`] }] };
const letter = Buffer.from('From: rina@contoh.test\r\nSubject: Kabar\r\n\r\nHalo.\r\n');

function verify(message: Buffer): ArcResult {
  const head = readHead(message);
  const verifier = new ArcVerifier(head, authCrypto);
  verifier.write(message.subarray(head.length));
  return settleCheckAtOnce(verifier.finish(), askZone(zone));
}

/** What a mailing list does: notes what it saw, changes the message, seals it. */
function passOn(message: Buffer, change: (text: string) => string = (text) => text): Buffer {
  const { chain } = verify(message);
  const seen = `Authentication-Results: daftar.test; spf=pass; arc=${chain}\r\n`;
  const changed = Buffer.from(seen + change(message.toString('latin1')), 'latin1');
  const head = readHead(changed);
  const sealer = new ArcSealer(head, authCrypto);
  sealer.write(changed.subarray(head.length));
  const values = sealer.seal({
    authservId: 'daftar.test',
    domain: 'daftar.test',
    selector: 's',
    key,
    timestamp: 1_795_000_000,
  });
  if (values === null) return changed;
  const set =
    `ARC-Seal: ${values.seal}\r\nARC-Message-Signature: ${values.message}\r\n` +
    `ARC-Authentication-Results: ${values.results}\r\n`;
  return Buffer.concat([Buffer.from(set), changed.subarray(seen.length)]);
}

describe('a chain of hands', () => {
  test('nobody has sealed it', () => {
    assert.deepEqual(verify(letter), {
      chain: 'none',
      instances: 0,
      sealer: null,
      hands: [],
      reason: null,
    });
  });

  test('five hands, of which some change it', () => {
    let message: Buffer = letter;
    for (let hand = 1; hand <= 5; hand += 1) {
      message = passOn(message, (text) => text.replace('Subject: ', `Subject: [${hand}] `));
      const found = verify(message);
      assert.deepEqual([found.chain, found.instances], ['pass', hand], found.reason ?? '');
    }
  });

  const sealed = passOn(passOn(letter));
  const cases: [what: string, change: (text: string) => string][] = [
    ['the body was changed after the last seal', (text) => text.replace('Halo.', 'Halo!')],
    ['a set is missing', (text) => text.replace(/ARC-Seal: [^\r]*i=1;[^\r]*\r\n/, '')],
    [
      'a result was rewritten',
      (text) => text.replace('i=1; daftar.test; spf=pass', 'i=1; x; spf=y'),
    ],
    ['an instance is there twice', (text) => `ARC-Seal: i=2; cv=pass\r\n${text}`],
    ['a seal says that it was broken', (text) => text.replace('cv=pass', 'cv=fail')],
  ];
  for (const [what, change] of cases) {
    test(`${what}: it does not hold`, () => {
      const broken = change(sealed.toString('latin1'));
      assert.notEqual(broken, sealed.toString('latin1'));
      const found = verify(Buffer.from(broken, 'latin1'));
      assert.equal(found.chain, 'fail');
      assert.notEqual(found.reason, null);
    });
  }

  test('who hands on a broken chain says so, and after that nobody can mend it', () => {
    const broken = Buffer.from(sealed.toString('latin1').replace('Halo.', 'Halo!'), 'latin1');
    const sealedAgain = passOn(broken);
    assert.match(sealedAgain.toString('latin1'), /^ARC-Seal: .*cv=fail/);
    assert.equal(verify(sealedAgain).chain, 'fail');
    assert.deepEqual(
      readHead(passOn(sealedAgain)).fields.length,
      readHead(sealedAgain).fields.length + 1,
    );
  });
});
