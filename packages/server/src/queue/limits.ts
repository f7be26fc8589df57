/** Bounds of the queue runner: what it holds in hand, and for how long. */

export const queueLimits = {
  /** Items of one claim. */
  claimMax: 200,
  /** Items in hand: being sent, or waiting for a free connection of their destination. */
  inHandMax: 1000,
  /** Of these waiting for one destination; beyond, the others are claimed first. */
  backlogPerDomainMax: 200,
  /**
   * A claim holds so long; renewed while the item is in hand. After a crash the items wait no
   * longer.
   */
  leaseMs: 10 * 60_000,
  renewEveryMs: 3 * 60_000,
  /** Even without a wake-up the queue is looked at. */
  lookEveryMs: 60_000,
  /** After a claim: more may come at once, and then another claim. */
  planAfterMs: 100,
  /** At a stop, what runs may end by itself for so long. */
  graceMs: 15_000,
  /** After the store could not write. */
  storeRetryMs: 1000,
  /** The whole message goes back with a bounce up to here; of larger ones the header. */
  returnedOctetsMax: 64 * 1024,
  /** The same when the sender asked for the whole message (RET=FULL). RFC 3461 §4.3. */
  returnedWhenAskedMax: 1024 * 1024,
  /** Header of the original in a notice. */
  returnedHeadMax: 64 * 1024,
} as const;
