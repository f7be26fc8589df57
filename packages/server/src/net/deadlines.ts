/**
 * One timer for the deadlines of all connections. Time is counted in ticks of that timer, not by
 * the clock: a stalled process or a clock set forward cuts nobody off, and an idle connection costs
 * a number instead of a timer.
 */

const tickMs = 250;

export interface Expiring {
  /** The tick at which the deadline passes; 0: none. */
  dueTick: number;
  expire(): void;
}

const watched = new Set<Expiring>();
let tick = 1;
let timer: NodeJS.Timeout | null = null;

/** The tick that lies `afterMs` ahead; at least one whole tick away. */
export function tickAfter(afterMs: number): number {
  return tick + Math.ceil(afterMs / tickMs) + 1;
}

export function watch(one: Expiring): void {
  watched.add(one);
  timer ??= setInterval(pass, tickMs).unref();
}

export function unwatch(one: Expiring): void {
  watched.delete(one);
  if (watched.size > 0 || timer === null) return;
  clearInterval(timer);
  timer = null;
}

function pass(): void {
  tick += 1;
  for (const one of watched) {
    if (one.dueTick === 0 || one.dueTick > tick) continue;
    one.dueTick = 0;
    one.expire();
  }
}
