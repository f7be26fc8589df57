/** SHA-256 for SCRAM from Node. */

import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { ScramCrypto } from '@merpati/formats/sasl/scram.ts';

const stretch = promisify(pbkdf2);

export const scramCrypto: ScramCrypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  hash: (data) => createHash('sha256').update(data).digest(),
  pbkdf2: (password, salt, iterations) => stretch(password, salt, iterations, 32, 'sha256'),
};
