/** IDLE: the server speaks when it has something to say. RFC 2177; RFC 9051 §6.3.13. */

import type { Response } from '@merpati/formats/imap/response.ts';
import { faultOf } from './fault.ts';
import { isEndOf, type Session, type Turn } from './session.ts';

export interface IdleOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** IDLE is said anew so often: RFC 2177 §3 asks for less than half an hour. Default 28 min. */
  readonly renewMs?: number;
}

const renewMsUsual = 28 * 60_000;

export async function* idle(
  session: Session,
  options: IdleOptions & { readonly silenceMs: number },
): AsyncGenerator<Response, void, void> {
  while (options.signal?.aborted !== true) {
    const turn = await session.begin();
    const renew = new AbortController();
    const timer = setTimeout(() => renew.abort(), options.renewMs ?? renewMsUsual);
    const { signal } = options;
    const done = signal === undefined ? renew.signal : AbortSignal.any([signal, renew.signal]);
    try {
      yield* idleOnce(session, turn, done);
    } finally {
      clearTimeout(timer);
      session.connection.setSilenceMax(options.silenceMs);
      turn.end();
    }
  }
}

async function* idleOnce(
  session: Session,
  turn: Turn,
  signal: AbortSignal,
): AsyncGenerator<Response, void, void> {
  let isOver = false;
  let isDone = false;
  const sayDone = (): void => {
    if (isDone) return;
    isDone = true;
    // A failure shows where the answer is waited for.
    session.sayLine('DONE').catch(() => undefined);
  };
  await session.say(turn, ['IDLE']);
  try {
    for (;;) {
      const response = await session.next();
      if (response.kind === 'continue') {
        session.connection.setSilenceMax(null);
        if (signal.aborted) sayDone();
        else signal.addEventListener('abort', sayDone, { once: true });
        continue;
      }
      if (isEndOf(turn, response)) {
        isOver = true;
        if (response.condition !== 'OK') throw faultOf(response, 'IDLE');
        return;
      }
      yield response;
    }
  } finally {
    signal.removeEventListener('abort', sayDone);
    if (!isOver) {
      sayDone();
      await session.finish(turn).catch(() => undefined);
    }
  }
}
