/** What every operation of the writer works with. */

import type { MailboxPlace } from '../../contract.ts';
import type { Database } from '../database.ts';
import type { StorePaths } from '../segments/files.ts';
import type { PackedChange } from '../operations.ts';
import { AccountBook } from './accounts.ts';
import type { Blobs } from './blobs.ts';
import { Journal } from './journal.ts';
import { Sequences } from './sequences.ts';

export interface WriterContext {
  readonly db: Database;
  readonly paths: StorePaths;
  readonly accounts: AccountBook;
  readonly blobs: Blobs;
  readonly journal: Journal;
  readonly sequences: Sequences;
  /** What listeners will hear if the transaction commits. */
  readonly changes: PackedChange[];
  /** Accounts whose mail is being taken apart in slices. */
  readonly removing: Set<number>;
  /** The same for mailboxes, keyed by `account/mailbox`. */
  readonly removingMailboxes: Map<string, MailboxPlace>;
}

export function createContext(db: Database, paths: StorePaths, blobs: Blobs): WriterContext {
  const changes: PackedChange[] = [];
  return {
    db,
    paths,
    blobs,
    changes,
    accounts: new AccountBook(db),
    journal: new Journal(db, changes),
    sequences: new Sequences(db),
    removing: new Set(),
    removingMailboxes: new Map(),
  };
}
