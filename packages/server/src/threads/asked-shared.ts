/** What is shared, as a thread beside the first one has it: it asks. */

import type { MessagePort } from 'node:worker_threads';
import { CountedConnections } from './counted-connections.ts';
import type { Question, QuestionName, Questions, ThreadStart, ToFirst } from './messages.ts';
import type { Shared } from '../shared.ts';

/** Questions to the first thread, and their answers. */
export class Asking {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #waiting = new Map<number, (answer: number | boolean) => void>();
  #nextId = 1;

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  tell(message: ToFirst): void {
    this.#port.postMessage(message);
  }

  ask<N extends QuestionName>(name: N, take: Questions[N]['take']): Promise<Questions[N]['give']> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.tell({ kind: 'ask', id, question: { name, take } as Question });
    });
  }

  answered(id: number, answer: number | boolean): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}

/** With the first thread the process ends: every question is answered, or does not matter. */
export function askedShared(start: ThreadStart, asking: Asking): Shared {
  const { config, tables, number, loginSecret } = start;
  return {
    thread: { number, of: tables.threads },
    connections: new CountedConnections(config.limits, tables, number),
    logins: {
      waitS: (user, address, nowMs) => asking.ask('loginWait', { user, address, nowMs }),
      failed: (user, address, nowMs) => asking.tell({ kind: 'login-failed', user, address, nowMs }),
      succeeded: (user, address) => asking.tell({ kind: 'login-succeeded', user, address }),
    },
    maildrops: {
      async lock(account, waitMs) {
        if (!(await asking.ask('lockMaildrop', { account, waitMs }))) return null;
        let isHeld = true;
        return {
          release() {
            if (isHeld) asking.tell({ kind: 'maildrop-free', account });
            isHeld = false;
          },
        };
      },
    },
    refused: { take: (party, nowMs) => asking.ask('countRefused', { party, nowMs }) },
    recent: {
      claim: (mailbox, first, next) => asking.ask('claimRecent', { mailbox, first, next }),
      peek: (mailbox, first) => asking.ask('peekRecent', { mailbox, first }),
    },
    loginSecret,
    certificatesShown: () => {},
  };
}
