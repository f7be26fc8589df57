/** What the worlds of all peers have in common: who lives there, and what is asked of them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transcript } from './format.ts';

/** One peer, running; it makes the world fresh for each transcript and answers with the port. */
export interface World extends AsyncDisposable {
  prepare(transcript: Transcript): Promise<number>;
  /** After each: what must not have happened meanwhile. Throws when it has. */
  check(): Promise<void>;
}

export const password = 'merpati';
export const accounts = ['you@merpati.test', 'friend@merpati.test', 'full@merpati.test'] as const;
export const team = { address: 'team@merpati.test', targets: [accounts[0], accounts[1]] } as const;

export function readMessage(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'messages', name));
}
