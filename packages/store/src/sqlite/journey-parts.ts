/**
 * The groups of events of one journey lie in one range of the table's key; the writer and readers
 * share it.
 */

/** A condition with one value, the journey's id. JavaScript cannot hold the product, SQLite can. */
export const partsOfJourney = `part_id BETWEEN CAST(?1 AS INTEGER) * 8192
  AND CAST(?1 AS INTEGER) * 8192 + 8191`;
