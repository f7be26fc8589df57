/** Mending what belongs to mailboxes besides messages. In doubt a door stays shut. */

import { aclSeal, type AclSealed } from '../seals.ts';
import type { RepairContext } from './repair.ts';

/** Rows of mailboxes and accounts that are not there. */
export function dropOrphans({ db }: RepairContext): void {
  db.exec(`
    DELETE FROM removed_mailbox WHERE EXISTS (SELECT 1 FROM mailbox b
        WHERE b.account_id = removed_mailbox.account_id
          AND b.mailbox_id = removed_mailbox.mailbox_id)
      OR account_id NOT IN (SELECT account_id FROM account);
    DELETE FROM subscription WHERE account_id NOT IN (SELECT account_id FROM account);
    DELETE FROM acl WHERE NOT EXISTS (SELECT 1 FROM mailbox b
      WHERE b.account_id = acl.account_id AND b.mailbox_id = acl.mailbox_id);
    DELETE FROM annotation WHERE account_id NOT IN (SELECT account_id FROM account)
      OR mailbox_id <> 0 AND NOT EXISTS (SELECT 1 FROM mailbox b
        WHERE b.account_id = annotation.account_id AND b.mailbox_id = annotation.mailbox_id);
  `);
}

/** Rights that nobody has given are worse than rights that have to be given again. */
export function dropDoubtfulRights({ db, lost }: RepairContext): void {
  for (const row of db.all<AclSealed & { readonly crc: number }>('SELECT * FROM acl')) {
    if (aclSeal(row) === row.crc) continue;
    db.run(
      'DELETE FROM acl WHERE account_id = ? AND mailbox_id = ? AND identifier = ?',
      row.account_id,
      row.mailbox_id,
      row.identifier,
    );
    const where = `${row.account_id}/${row.mailbox_id} ${row.identifier}`;
    const message = 'what its owner let somebody do was changed on disk and is taken back';
    lost.push({ code: 'acl.crc', where, message });
  }
}

/** One id means one content: who has another one gets an id of its own. */
export function renumberEmails({ db }: RepairContext): void {
  const rows = db.all<{ account_id: number; mailbox_id: number; uid: number }>(
    `SELECT account_id, mailbox_id, uid FROM (SELECT account_id, mailbox_id, uid, content_id,
       min(content_id) OVER (PARTITION BY account_id, email_id) AS first FROM message)
     WHERE content_id <> first`,
  );
  for (const row of rows) {
    db.run(
      `UPDATE message SET email_id = (SELECT max(a.next_email, max(m.email_id) + 1)
         FROM message m JOIN account a USING (account_id) WHERE m.account_id = ?1)
       WHERE account_id = ?1 AND mailbox_id = ?2 AND uid = ?3`,
      row.account_id,
      row.mailbox_id,
      row.uid,
    );
  }
}
