/** Who hears of changes on this thread, and of which: no more than that crosses threads. */

import type { Change } from '../../contract.ts';
import { type Hears, type PackedChange, hears } from '../operations.ts';
import { unpackChanges } from './changes.ts';

type Listener = (changes: readonly Change[]) => void;

export class Listeners {
  readonly #wants = new Map<Listener, 'all' | 'mail'>();
  /** Tells the writer what is wanted. */
  readonly #listen: (to: Hears) => void;

  constructor(listen: (to: Hears) => void) {
    this.#listen = listen;
  }

  /** Answers how to stop. */
  add(listener: Listener, of: 'all' | 'mail'): () => void {
    this.#wants.set(listener, of);
    this.#changed();
    return () => {
      this.#wants.delete(listener);
      this.#changed();
    };
  }

  tell(changes: readonly PackedChange[]): void {
    if (changes.length === 0 || this.#wants.size === 0) return;
    const all = unpackChanges(changes);
    const ofMail = unpackChanges(changes.filter((change) => hears('mail', change)));
    for (const [listener, of] of this.#wants) {
      const heard = of === 'all' ? all : ofMail;
      if (heard.length > 0) listener(heard);
    }
  }

  #changed(): void {
    const wanted = new Set<Hears>(this.#wants.values());
    this.#listen(wanted.has('all') ? 'all' : wanted.has('mail') ? 'mail' : 'directory');
  }
}
