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
  readonly #over = Promise.withResolvers<DnsReply>();
  #isOver = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(dns: Resolver) {
    this.#dns = dns;
  }

  /** Never rejects. */
  readonly ask = (question: DnsAsk): Promise<DnsReply> => {
    if (this.#isOver) return this.#over.promise;
    const key = `${question.type} ${question.name}`;
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    if (this.#asked.size >= checkLimits.questionsMax) {
      return Promise.resolve({ kind: 'failed', why: 'too many questions' });
    }
    const reply = Promise.race([askResolver(this.#dns, question), this.#over.promise]);
    this.#asked.set(key, reply);
    return reply;
  };

  /** Somebody waits from now on. Asked again, the first time holds. */
  hurry(timeoutMs: number): void {
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => this.#end('no answer in time'), timeoutMs);
  }

  /** Nobody wants to know any more. */
  abandon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#end('nobody waits for it');
  }

  #end(why: string): void {
    this.#isOver = true;
    this.#over.resolve({ kind: 'failed', why });
  }
}
