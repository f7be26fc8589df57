/** What the care thread can be asked, and what it answers. */

import type { CheckProgress, CheckReport } from '../../contract.ts';

/** Live records of a segment, copied to a file that can take its place. */
export interface CompactedSegment {
  readonly victim: number;
  /** null: nothing in it is alive. */
  readonly file: string | null;
  /** 32 octets each. */
  readonly hashes: Uint8Array;
  /** Four numbers each: where it was, where it is, stored size, raw size. */
  readonly places: Float64Array;
}

export type KeyCursor = readonly [account: number, key: string];

export interface Tasks {
  /** `findingsMax`: of one kind; the rest is counted. */
  check: { take: { deep: boolean; findingsMax: number }; give: CheckReport };
  /** The segment with the most to gain; null when no segment is worth it. */
  compact: {
    take: { growing: number; deadShareMin: number; segments: readonly number[] | null };
    give: CompactedSegment | null;
  };
  backup: { take: { target: string }; give: null };
  /** Append keys from before, in the order of the table; `after` null when all have been seen. */
  oldKeys: {
    take: { beforeMs: number; after: KeyCursor };
    give: { keys: readonly (number | string)[]; after: KeyCursor | null };
  };
  sweepSpool: { take: { olderThanMs: number }; give: null };
}

export type TaskName = keyof Tasks;
export type Task = { [N in TaskName]: { name: N; take: Tasks[N]['take'] } }[TaskName];

export type ToCare =
  | { readonly kind: 'dirty' }
  | { readonly kind: 'task'; readonly id: number; readonly task: Task }
  | { readonly kind: 'close' };

export type FromCare =
  | { readonly kind: 'checkpointed'; readonly logBytes: number; readonly isComplete: boolean }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: CheckProgress }
  | { readonly kind: 'done'; readonly id: number; readonly answer: Tasks[TaskName]['give'] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };
