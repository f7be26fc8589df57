/**
 * A store that was copied and is opened as the real one may have given out numbers after the copy
 * that it no longer knows of. Before anything else happens all of them jump ahead, so that no UID,
 * modseq or id ever means two things (invariant I9); clients compare everything once.
 */

import type { Database } from './database.ts';
import { sealAll } from './seals.ts';

const uidGap = 2 ** 16;
const numberGap = 2 ** 32;

export function jumpAheadAfterRestore(db: Database): void {
  if (db.get("SELECT 1 FROM meta WHERE key = 'restored'") === undefined) return;
  db.exec('BEGIN IMMEDIATE');
  db.run(
    `UPDATE account SET modseq = modseq + ?1, log_floor = modseq + ?1,
       next_content = next_content + ?1,
       next_email = next_email + ?1, next_password = next_password + ?1,
       next_mailbox = next_mailbox + ?2, next_uidvalidity = next_uidvalidity + ?2`,
    numberGap,
    uidGap,
  );
  db.run('UPDATE mailbox SET uidnext = uidnext + ?, modseq = modseq + ?', uidGap, numberGap);
  db.run("UPDATE sequence SET next = next + ? WHERE name <> 'account'", numberGap);
  db.run("UPDATE sequence SET next = next + ? WHERE name = 'account'", uidGap);
  db.run("DELETE FROM meta WHERE key = 'restored'");
  sealAll(db);
  db.exec('COMMIT');
}
