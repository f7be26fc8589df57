/** Readers of SASL messages for the fuzzer, with good inputs to start from. */

import { utf8 } from '../bytes.ts';
import { readOAuthBearer, readXoauth2 } from './bearer.ts';
import { readLoginAnswer } from './login.ts';
import { readPlain } from './plain.ts';
import { saslprep } from './saslprep.ts';
import { createScramClient, createScramServer } from './scram.ts';
import type { ScramCrypto } from './scram.ts';

/** The shape of hash functions is enough: readers are what is fuzzed. */
const noCrypto: ScramCrypto = {
  hmac: () => new Uint8Array(32),
  hash: () => new Uint8Array(32),
  pbkdf2: () => new Uint8Array(32),
};

export const saslTargets = [
  {
    name: 'sasl plain',
    seeds: [utf8('\0tim\0tanstaaftanstaaf'), utf8('Ursel\0Kurt\0xipj3plmq')],
    run: (bytes: Uint8Array) => readPlain(bytes),
  },
  {
    name: 'sasl bearer',
    seeds: [
      utf8('n,a=user@example.com,\u0001host=server\u0001auth=Bearer vF9dft4=\u0001\u0001'),
      utf8('user=you@merpati.test\u0001auth=Bearer ya29.vF9\u0001\u0001'),
    ],
    run: (bytes: Uint8Array) => (bytes[0] === 0x75 ? readXoauth2(bytes) : readOAuthBearer(bytes)),
  },
  {
    name: 'sasl login',
    seeds: [utf8('you@merpati.test'), utf8('secret\0')],
    run: (bytes: Uint8Array) => readLoginAnswer(bytes),
  },
  {
    name: 'sasl prep',
    seeds: [utf8('I\u00adX'), utf8('\u2168'), utf8('\u0627\u0031\u0628'), utf8('\u0221')],
    run: (bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      return [saslprep(text, { stored: true }), saslprep(text, { stored: false })];
    },
  },
  {
    name: 'sasl scram client-first',
    seeds: [
      utf8('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'),
      utf8('p=tls-exporter,a=x=2Cy,n=a=3Db,r=abc,e=1'),
    ],
    run: (bytes: Uint8Array) =>
      createScramServer({
        crypto: noCrypto,
        mechanism: 'SCRAM-SHA-256',
        nonce: 'server',
        channelBinding: () => null,
        plusOffered: false,
      }).first(bytes),
  },
  {
    name: 'sasl scram server messages',
    seeds: [utf8('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='), utf8('e=other-error')],
    run: (bytes: Uint8Array) =>
      createScramClient({
        crypto: noCrypto,
        mechanism: 'SCRAM-SHA-256',
        user: 'user',
        password: 'pencil',
        nonce: 'client',
        channelBinding: null,
      }).verify(bytes),
  },
];
