/**
 * Small durable state of a server that is neither mail nor people: keys, certificates, policies of
 * others, counters, reports. A record is a JSON text under a kind and a name; what it means is its
 * reader's business.
 */

export interface StoredRecord {
  readonly kind: string;
  readonly name: string;
  /** JSON text. */
  readonly value: string;
  /** Another one after each change, greater than any before it. */
  readonly version: number;
  readonly changedMs: number;
  /** null: stays until it is removed. */
  readonly expiresMs: number | null;
}

export interface RecordChange {
  readonly kind: string;
  readonly name: string;
  /** JSON text; null removes the record. */
  readonly value: string | null;
  readonly expiresMs?: number | null;
  /** The version that must be there now; 0: none. Left out: whatever is there. */
  readonly expected?: number;
}

export interface RecordSlice {
  readonly prefix?: string;
  /** Names that come after this one. */
  readonly after?: string;
  /** 1,000 unless told. */
  readonly limit?: number;
}

export const recordLimits = {
  kindCharactersMax: 64,
  nameBytesMax: 1024,
  valueBytesMax: 1_048_576,
  changesMax: 10_000,
} as const;

/** Part of the store contract. */
export interface RecordStore {
  /** One whose time is over is found until `purgeRecords` has passed. */
  record(kind: string, name: string): Promise<StoredRecord | null>;
  /** Ascending by the octets of the name. */
  records(kind: string, slice?: RecordSlice): Promise<readonly StoredRecord[]>;
  /**
   * All of them or, when one does not have the version that is expected, none; then it answers
   * false. Throws a RangeError on what is beyond `recordLimits`.
   */
  putRecords(changes: readonly RecordChange[], nowMs: number): Promise<boolean>;
  /** Drops what has expired; answers how many. */
  purgeRecords(nowMs: number): Promise<number>;
}

/** A mistake of the caller's: it knows the bounds. */
export function requireRecordLimits(changes: readonly RecordChange[]): void {
  const { kindCharactersMax, nameBytesMax, valueBytesMax, changesMax } = recordLimits;
  if (changes.length > changesMax) throw new RangeError(`more than ${changesMax} records at once`);
  for (const { kind, name, value } of changes) {
    if (kind.length > kindCharactersMax || !/^[a-z0-9][a-z0-9.-]*$/.test(kind)) {
      throw new RangeError(`"${kind}" is no kind of record`);
    }
    if (name === '' || sizeOf(name) > nameBytesMax) {
      throw new RangeError(`the name of a ${kind} record is empty or too long`);
    }
    if (value !== null && sizeOf(value) > valueBytesMax) {
      throw new RangeError(`the ${kind} record ${name} is too big`);
    }
  }
}

const encoder = new TextEncoder();

function sizeOf(text: string): number {
  return encoder.encode(text).length;
}
