/**
 * The questions that one message puts to the DNS: each once, and all of them with one deadline, so
 * that no stranger's name servers decide how long a client waits. What has no answer by then has
 * none for this message.
 */

import type { DnsAsk, DnsReply } from '@merpati/formats/auth/dns-facts.ts';
import type { Resolver } from '../world.ts';
import { askResolver } from './dns-facts.ts';
import { checkLimits } from './limits.ts';

export class Questions {
  readonly #dns: Resolver;
  readonly #asked = new Map<string, Promise<DnsReply>>();
  readonly #waiting = new Set<(reply: DnsReply) => void>();
  /** What everybody hears from now on; null: there is time. */
  #over: DnsReply | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(dns: Resolver) {
    this.#dns = dns;
  }

  /** Never rejects. */
  readonly ask = (question: DnsAsk): Promise<DnsReply> => {
    if (this.#over !== null) return Promise.resolve(this.#over);
    const key = `${question.type} ${question.name}`;
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    if (this.#asked.size >= checkLimits.questionsMax) {
      return Promise.resolve({ kind: 'failed', why: 'too many questions' });
    }
    const reply = new Promise<DnsReply>((resolve) => {
      const end = (found: DnsReply): void => {
        this.#waiting.delete(end);
        resolve(found);
      };
      this.#waiting.add(end);
      askResolver(this.#dns, question).then(end, (error: unknown) =>
        // No socket to ask with, say: nobody knows, and that may change.
        end({ kind: 'failed', why: error instanceof Error ? error.message : 'no resolver' }),
      );
    });
    this.#asked.set(key, reply);
    return reply;
  };

  /** Somebody waits from now on. Asked again, the first time holds. */
  hurry(timeoutMs: number): void {
    if (this.#over !== null) return;
    this.#timer ??= setTimeout(() => this.#end('no answer in time'), timeoutMs);
  }

  /** Nobody wants to know any more. */
  abandon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#end('nobody waits for it');
  }

  #end(why: string): void {
    this.#over ??= { kind: 'failed', why };
    for (const end of this.#waiting) end(this.#over);
  }
}
