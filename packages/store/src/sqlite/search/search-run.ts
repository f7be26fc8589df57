/** What a search works with, and how it looks into a body that has no entry. */

import { CorruptBlob } from '../../contract.ts';
import { contentId, type AccountId } from '../../ids.ts';
import type { Database } from '../database.ts';
import { readEntry, type EntryColumns } from '../index/entry.ts';
import type { Bodies } from '../read/bodies.ts';
import { findContent } from '../read/mailboxes.ts';
import type { ColumnCache } from './columns.ts';

/**
 * LIMIT: text of a message beyond so many characters is not searched. It is read again for each
 * search, and must fit into memory.
 */
const longTextMax = 16 * 1024 * 1024;

export interface SearchRun {
  readonly db: Database;
  readonly bodies: Bodies;
  /** Of all searches of the thread. */
  readonly columns: ColumnCache;
  /** Its rows in the temporary tables. */
  readonly number: number;
  readonly account: AccountId;
  /** false: the rest need not be looked for. */
  readonly isWanted: () => boolean;
}

/** null: expunged meanwhile, or damaged. */
export async function readColumns(run: SearchRun, content: number): Promise<EntryColumns | null> {
  try {
    const row = findContent(run.db, run.account, contentId(content));
    const body = row === null ? null : run.bodies.find(row);
    return body === null ? null : (await readEntry(body, longTextMax)).columns;
  } catch (error) {
    if (error instanceof CorruptBlob) return null;
    throw error;
  }
}
