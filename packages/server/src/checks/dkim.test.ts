/**
 * DKIM with Node's cryptography: examples of RFC 6376 and 8463, signing and verifying, and what
 * must fail.
 */

import assert from 'node:assert/strict';
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DkimSigner, signField } from '@merpati/formats/auth/dkim-sign.ts';
import { type DkimResult, DkimVerifier } from '@merpati/formats/auth/dkim.ts';
import { settleCheckAtOnce } from '@merpati/formats/auth/dns-facts.ts';
import { askZone } from '@merpati/formats/auth/zone.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { authCrypto, readPrivateKey } from './auth-crypto.ts';

const nowSeconds = 1_795_000_000;

const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 512 });

function pem(pair: KeyPairKeyObjectResult): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function rsaRecord(pair: KeyPairKeyObjectResult): string {
  const der = pair.publicKey.export({ type: 'spki', format: 'der' });
  return `v=DKIM1; k=rsa; p=${der.toString('base64')}`;
}

const { x = '' } = ed25519.publicKey.export({ format: 'jwk' });
const edOctets = Buffer.from(x, 'base64url').toString('base64');
const keys: Readonly<Record<string, string>> = {
  'ed._domainkey.contoh.test': `v=DKIM1; k=ed25519; p=${edOctets}`,
  'rsa._domainkey.contoh.test': rsaRecord(rsa),
  'weak._domainkey.contoh.test': rsaRecord(weak),
  'gone._domainkey.contoh.test': 'v=DKIM1; k=rsa; p=',
  'other._domainkey.contoh.test': 'v=DKIM1; h=sha1; p=MA==',
};
const zone = Object.fromEntries(
  Object.entries(keys).map(([name, text]) => [name, [{ type: 'TXT', strings: [text] }]]),
);

const fields = [
  'From: Rina <rina@contoh.test>',
  'To: budi@surat.test',
  'Subject: Kabar',
  'Date: Sun, 22 Nov 2026 01:00:00 +0700',
  'Message-ID: <1@contoh.test>',
];
const letter = Buffer.from(`${fields.join('\r\n')}\r\n\r\nHalo.\r\n\r\nSampai jumpa.\r\n`);

interface Signing {
  readonly selector?: string;
  readonly pair?: KeyPairKeyObjectResult;
}

function sign(message: Buffer, { selector = 'rsa', pair = rsa }: Signing = {}): Buffer {
  const head = readHead(message);
  const signer = new DkimSigner(head, authCrypto);
  signer.write(message.subarray(head.length));
  const key = readPrivateKey(pem(pair));
  const timestamp = nowSeconds - 5;
  const field = signer.sign({ domain: 'contoh.test', selector, key, timestamp });
  return Buffer.concat([Buffer.from(field), message]);
}

function verify(message: Buffer, options: { cut?: number; at?: number; legacy?: boolean } = {}) {
  const head = readHead(message);
  const verifier = new DkimVerifier(head, authCrypto, {
    nowSeconds: options.at ?? nowSeconds,
    allowLegacy: options.legacy ?? false,
  });
  const body = message.subarray(head.length);
  const step = options.cut ?? Math.max(1, body.length);
  for (let at = 0; at < body.length; at += step) verifier.write(body.subarray(at, at + step));
  return settleCheckAtOnce(verifier.finish(), askZone(zone));
}

function only(results: readonly DkimResult[]): DkimResult {
  const [result, ...more] = results;
  assert.ok(result !== undefined && more.length === 0);
  return result;
}

function edit(message: Buffer, from: string, to: string): Buffer {
  const text = message.toString('latin1');
  assert.ok(text.includes(from));
  return Buffer.from(text.replace(from, to), 'latin1');
}

describe('signing and verifying', () => {
  for (const [selector, pair] of [
    ['rsa', rsa],
    ['ed', ed25519],
  ] as const) {
    test(`with ${selector}`, () => {
      const found = only(verify(sign(letter, { selector, pair })));
      assert.deepEqual(
        [found.result, found.domain, found.selector, found.covered],
        ['pass', 'contoh.test', selector, true],
      );
    });
  }

  test('lines of the field stay short', () => {
    const [head = ''] = sign(letter).toString('latin1').split('\r\nFrom:');
    for (const line of head.split('\r\n')) assert.ok(line.length <= 78, line);
  });

  test('two signatures, each judged by itself', () => {
    const both = sign(sign(letter), { selector: 'ed', pair: ed25519 });
    assert.deepEqual(
      verify(both).map(({ selector, result }) => [selector, result]),
      [
        ['ed', 'pass'],
        ['rsa', 'pass'],
      ],
    );
  });

  test('any text, cut anywhere', () => {
    const line = fc.string({
      unit: fc.constantFrom(' ', '\t', 'a', '.', 'é', ':', ';'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        (lines, cut) => {
          const message = Buffer.from(`${fields.join('\r\n')}\r\n\r\n${lines.join('\r\n')}`);
          assert.equal(only(verify(sign(message), { cut })).result, 'pass');
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('what mail suffers on its way', () => {
  const signed = sign(letter);
  const cases: [what: string, message: Buffer, result: string][] = [
    ['white space is folded', edit(signed, 'Subject: Kabar', 'Subject:\r\n   Kabar '), 'pass'],
    ['names change their case', edit(signed, 'Subject:', 'SUBJECT:'), 'pass'],
    ['empty lines are added', Buffer.concat([signed, Buffer.from('\r\n\r\n')]), 'pass'],
    ['a trace is put in front', Buffer.concat([Buffer.from('Received: x\r\n'), signed]), 'pass'],
    ['the body is changed', edit(signed, 'Halo.', 'Halo!'), 'fail'],
    ['a footer is added', Buffer.concat([signed, Buffer.from('-- \r\nlist\r\n')]), 'fail'],
    ['the subject is changed', edit(signed, 'Kabar', '[list] Kabar'), 'fail'],
    ['a second From is added', Buffer.concat([Buffer.from('From: x@y.test\r\n'), signed]), 'fail'],
    ['a Reply-To is added', Buffer.concat([Buffer.from('Reply-To: x@y.test\r\n'), signed]), 'fail'],
    ['the signature is cut', edit(signed, '=\r\nFrom', '\r\nFrom'), 'permerror'],
  ];
  for (const [what, message, result] of cases) {
    test(`${what}: ${result}`, () => assert.equal(only(verify(message)).result, result));
  }
});

describe('what is not believed', () => {
  const field = (tags: string): Buffer =>
    Buffer.concat([Buffer.from(`DKIM-Signature: ${tags}\r\n`), letter]);
  const good = 'v=1; a=rsa-sha256; d=contoh.test; s=rsa; h=from; bh=AAAA; b=AAAA';
  const cases: [what: string, message: Buffer, result: string][] = [
    ['a version that is none', field(good.replace('v=1', 'v=2')), 'permerror'],
    ['no From', field(good.replace('h=from', 'h=to')), 'permerror'],
    ['a tag twice', field(`${good}; d=contoh.test`), 'permerror'],
    ['an identity elsewhere', field(`${good}; i=@lain.test`), 'permerror'],
    ['an algorithm nobody knows', field(good.replace('rsa-', 'dsa-')), 'permerror'],
    ['SHA-1', field(good.replace('sha256', 'sha1')), 'policy'],
    ['no key', field(good.replace('s=rsa', 's=nowhere')), 'permerror'],
    ['a key that was revoked', field(good.replace('s=rsa', 's=gone')), 'permerror'],
    ['a key for other hashes', field(good.replace('s=rsa', 's=other')), 'permerror'],
    ['an end in the past', field(`${good}; x=${nowSeconds - 1}`), 'fail'],
    ['a beginning in the future', field(`${good}; t=${nowSeconds + 86_400}`), 'fail'],
    ['more octets than there are', field(`${good}; l=99999`), 'fail'],
  ];
  for (const [what, message, result] of cases) {
    test(`${what}: ${result}`, () => {
      const found = only(verify(message));
      assert.equal(found.result, result);
      assert.notEqual(found.reason, null);
    });
  }

  test('a key of 512 bits, unless old mail is looked at', () => {
    const signed = sign(letter, { selector: 'weak', pair: weak });
    assert.equal(only(verify(signed)).result, 'policy');
    assert.equal(only(verify(signed, { legacy: true })).result, 'pass');
  });

  test('an RSA key that would make us work for long', () => {
    const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), e: 'AQAAAA8' };
    const large = createPublicKey({ key: jwk, format: 'jwk' });
    const der = large.export({ type: 'spki', format: 'der' });
    assert.equal(authCrypto.readPublicKey('rsa', der), null);
  });

  test('what was added behind the signed part of the body', () => {
    const part = Buffer.from('Halo.\r\n');
    const head = readHead(letter);
    const tags = [
      'v=1',
      'a=rsa-sha256',
      'c=relaxed/relaxed',
      'd=contoh.test',
      's=rsa',
      `l=${part.length}`,
      'h=from',
      `bh=${createHash('sha256').update(part).digest('base64')}`,
    ];
    const key = readPrivateKey(pem(rsa));
    const names = ['from'];
    const signature = signField('DKIM-Signature', { tags, names, key, head, crypto: authCrypto });
    const found = only(verify(Buffer.concat([Buffer.from(signature), letter])));
    assert.deepEqual([found.result, found.covered], ['policy', false]);
    assert.match(found.reason ?? '', /only 7 of 24 octets/);
    const short = Buffer.concat([letter.subarray(0, head.length), part]);
    assert.equal(only(verify(Buffer.concat([Buffer.from(signature), short]))).result, 'pass');
  });

  test('a flood of signed names is counted in one pass', () => {
    const names = Array.from({ length: 2000 }, (_, index) => `x${index}`).join(':');
    const flood = Buffer.from(`DKIM-Signature: ${good.replace('h=from', `h=from:${names}`)}\r\n`);
    const many = Buffer.from('X-Filler: 1\r\n'.repeat(500));
    const found = only(verify(Buffer.concat([flood, many, letter])));
    assert.equal(found.headers.length, 2001);
    assert.equal(found.result, 'fail');
  });

  test('of a flood of signatures only the first ones are looked at', () => {
    const flood = Buffer.from(`DKIM-Signature: ${good}\r\n`.repeat(500));
    assert.equal(verify(Buffer.concat([flood, letter])).length, 10);
  });
});

/** With LF where there should be CRLF, and a key under `brisbane._domainkey`. */
function verifyExample(text: string, { domain, key }: { domain: string; key: string }): string {
  const message = Buffer.from(text.replaceAll('\n', '\r\n'));
  const head = readHead(message);
  const verifier = new DkimVerifier(head, authCrypto, { nowSeconds });
  verifier.write(message.subarray(head.length));
  const records = [{ type: 'TXT', strings: [key] }];
  const ask = askZone({ [`brisbane._domainkey.${domain}`]: records });
  return only(settleCheckAtOnce(verifier.finish(), ask)).result;
}

test('the example of RFC 6376 §A.2', () => {
  const text = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`;
  const key =
    'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM' +
    'oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/R' +
    'tdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToI' +
    'MmPSPDdQPNUYckcQ2QIDAQAB';
  assert.equal(verifyExample(text, { domain: 'example.com', key }), 'pass');
  const changed = text.replace('hungry', 'angry');
  assert.equal(verifyExample(changed, { domain: 'example.com', key }), 'fail');
});

test('the example of RFC 8463 §A.3', () => {
  const text = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.`;
  const key = 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
  assert.equal(verifyExample(text, { domain: 'football.example.com', key }), 'pass');
});
