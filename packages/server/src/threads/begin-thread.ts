/** What a thread must know before it does anything, so that it meets no other one. */

import { shareHashing } from '../accounts/password.ts';
import { takeLane } from '../journey/new-id.ts';

export function beginThread(thread: { readonly number: number; readonly of: number }): void {
  takeLane(thread);
  shareHashing(thread.of);
}
