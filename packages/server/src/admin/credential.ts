/** New passwords: those people choose, and those we make because that is better. */

import { saslprep } from '@merpati/formats/sasl/saslprep.ts';
import type { Credential } from '@merpati/store/contract.ts';
import { hashPassword } from '../accounts/password.ts';
import type { Home } from '../home.ts';
import { AdminFault } from './operation.ts';

/** NIST SP 800-63B §5.1.1.1 asks for eight. */
const charactersMin = 8;
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'; // nothing that looks like something else

export interface NewCredential {
  readonly credential: Credential;
  /** The password when we made it, to be shown once; null when it was given. */
  readonly made: string | null;
}

export async function newCredential(
  home: Home,
  password: string | undefined,
): Promise<NewCredential> {
  const chosen = password ?? makePassword(home);
  if (Array.from(chosen).length < (isReachable(home) ? charactersMin : 1)) {
    throw new AdminFault('password.weak', { least: charactersMin });
  }
  if (saslprep(chosen, { stored: true }) === null) throw new AdminFault('password.unusable');
  return { credential: await hashPassword(chosen), made: password === undefined ? chosen : null };
}

/** Where nobody else can knock (the lab, a test) any password will do. */
function isReachable(home: Home): boolean {
  const { http: _, ...mail } = home.config.listen;
  const addresses = Object.values(mail).flat();
  return !addresses.every((one) => one.startsWith('127.') || one.startsWith('[::1]'));
}

/** Four groups of four letters: 79 bits, and can be read out on the telephone. */
export function makePassword(home: Home): string {
  const letters: string[] = [];
  while (letters.length < 16) {
    for (const octet of home.world.randomBytes(32)) {
      const letter = alphabet[octet & 31]; // the alphabet has 31: the 32nd value is drawn again
      if (letter !== undefined && letters.length < 16) letters.push(letter);
    }
  }
  return [0, 4, 8, 12].map((at) => letters.slice(at, at + 4).join('')).join('-');
}
