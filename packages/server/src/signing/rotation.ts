/**
 * How generations of keys follow one another. Pure: what is the case goes in, what is to be comes
 * out. A key signs only after its record was seen, so nobody looks in vain and remembers that; the
 * record of a key that signs no more stays until the last message it signed has left the queue and
 * caches have forgotten. RFC 6376 §3.6.1, §5.2 (selectors); M3AAWG key rotation.
 */

import type { Generation } from './keys.ts';

export interface RotationPolicy {
  /** 0: keys change only when somebody asks for it. */
  readonly rotateAfterMs: number;
  /** From the last signature until the record may go: a queue's life, and a TTL. */
  readonly keepMs: number;
}

export interface Seen {
  readonly nowMs: number;
  /** Generations all of whose records are in the DNS as they must be. */
  readonly published: ReadonlySet<string>;
  /** Generations none of whose records is there any more. */
  readonly gone: ReadonlySet<string>;
}

const dayMs = 86_400_000;
/** A revoked key is listed so long, in case that nobody can tell whether its record is gone. */
export const revokedMs = 30 * dayMs;

/** The generations as they are to be from now on; the same array when nothing changes. */
export function advance(
  generations: readonly Generation[],
  seen: Seen,
  policy: RotationPolicy,
): readonly Generation[] {
  const { nowMs } = seen;
  const next = newest(generations.filter(({ state, id }) => isNext(state, seen.published.has(id))));
  const moved = generations.flatMap((one): Generation[] => {
    if (one === next) return [{ ...one, state: 'signing', signingMs: nowMs }];
    if (one.state === 'signing' && next !== undefined) {
      return [retire(one, nowMs, nowMs + policy.keepMs)];
    }
    if (one.state === 'waiting' && next !== undefined && one.createdMs <= next.createdMs) {
      return [retire(one, nowMs, nowMs)]; // overtaken: it has never signed
    }
    if (one.state === 'retired' && nowMs >= (one.keepUntilMs ?? 0)) {
      return [{ ...one, state: 'revoked' }];
    }
    const isOver = nowMs >= (one.keepUntilMs ?? 0) + revokedMs || seen.gone.has(one.id);
    return one.state === 'revoked' && isOver ? [] : [one];
  });
  const isSame =
    moved.length === generations.length && moved.every((one, i) => one === generations[i]);
  return isSame ? generations : moved;
}

const isNext = (state: Generation['state'], isPublished: boolean): boolean =>
  state === 'waiting' && isPublished;

function newest(generations: readonly Generation[]): Generation | undefined {
  return generations.toSorted((one, other) => one.createdMs - other.createdMs).at(-1);
}

/** What does not sign any more has no secret either. */
function retire(one: Generation, nowMs: number, keepUntilMs: number): Generation {
  const keys = one.keys.map((key) => ({ ...key, privateText: null }));
  return { ...one, state: 'retired', retiredMs: nowMs, keepUntilMs, keys };
}

/** No keys at all, or those that sign have done so for long enough. */
export function needsNew(
  generations: readonly Generation[],
  nowMs: number,
  { rotateAfterMs }: RotationPolicy,
): boolean {
  if (generations.some(({ state }) => state === 'waiting')) return false;
  const signing = generations.find(({ state }) => state === 'signing');
  if (signing === undefined) return true;
  return rotateAfterMs > 0 && nowMs >= (signing.signingMs ?? 0) + rotateAfterMs;
}

/** Whose records are to be looked for. */
export function looksFor(generations: readonly Generation[]): readonly Generation[] {
  return generations.filter(({ state }) => state === 'waiting' || state === 'revoked');
}
