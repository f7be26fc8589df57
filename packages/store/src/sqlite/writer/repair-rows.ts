/**
 * Mending rows, by the codes of the check. Readable mail is never thrown away: what has lost its
 * mailbox or its place in one gets another. What cannot be kept is named.
 */

import { mendIndex } from '../index/check.ts';
import { formatJourneyId } from '../../journey.ts';
import { journeyId } from '../../ids.ts';
import { contentCrc, queueMessageCrc } from '../checksums.ts';
import { partsOfJourney } from '../journey-parts.ts';
import { countAll } from '../mailbox-counters.ts';
import type { Loss, RepairContext } from './repair.ts';
import { dropDoubtfulRights, dropOrphans, renumberEmails } from './repair-mailboxes.ts';
import { dropDoubtfulRecords } from './repair-records.ts';
import { nameMessage, nameQueued } from './repair-names.ts';

type Mender = (context: RepairContext) => void;

const recoveredName = 'Recovered';
const dayMs = 86_400_000;

/** Once, in this order, each only when the check has found its code. */
export const menders: readonly (readonly [codes: readonly string[], mend: Mender])[] = [
  [['profile.account'], recreateAccounts],
  [['account.profile'], recreateProfiles],
  [['address.account'], dropDeadAddresses],
  [['profile.address'], relinkAddresses],
  [['mailbox.account'], recreateAccountsOfMailboxes],
  [['mailbox.roles'], mendRoles],
  [['message.content'], dropMessagesWithoutContent],
  [['message.mailbox'], recreateMailboxes],
  [['content.crc'], acceptContents],
  [['content.size', 'message.size'], mendSizes],
  [['content.refs'], showUnreferenced],
  [['email.content'], renumberEmails],
  [['uid.reused'], forgetReusedUids],
  [['downloaded.message', 'message.downloaded'], mendDownloaded],
  [['removal.mailbox', 'acl.mailbox', 'annotation.mailbox', 'subscription.account'], dropOrphans],
  [['acl.crc'], dropDoubtfulRights],
  [['record.crc'], dropDoubtfulRecords],
  [['queue.crc'], acceptQueueMessages],
  [['queue.message', 'queue.rows'], mendQueueRows],
  [['queue.ready'], mendQueueTimes],
  [['journey.part', 'journey.account', 'journey.events'], mendJourneys],
  [['index.crc', 'index.missing', 'index.orphan', 'index.mark'], ({ db }) => mendIndex(db)],
];

function lose(context: RepairContext, loss: Loss): void {
  context.lost.push(loss);
}

function recreateAccounts({ db }: RepairContext): void {
  db.run(
    `INSERT INTO account (account_id, next_uidvalidity, pop_policy, pop_keep_days)
     SELECT account_id, created_ms / 1000 + 1000, 'hide', 30 FROM profile
     WHERE account_id NOT IN (SELECT account_id FROM account)`,
  );
  db.run('UPDATE account SET removing = 0 WHERE account_id IN (SELECT account_id FROM profile)');
}

/** Nobody can log in to it until an operator sets a password. */
function recreateProfiles(context: RepairContext): void {
  const { db } = context;
  const rows = db.all<{ account_id: number; address: string | null }>(
    `SELECT a.account_id,
       (SELECT address FROM address d WHERE d.account_id = a.account_id) AS address
     FROM account a WHERE removing = 0 AND account_id NOT IN (SELECT account_id FROM profile)`,
  );
  for (const row of rows) {
    const address = row.address ?? `account-${row.account_id}@recovered.invalid`;
    db.run(
      `INSERT INTO profile VALUES (?, ?, '', 'disabled', -1, -1, 0, ?, 0, 0)`,
      row.account_id,
      address,
      JSON.stringify({ passwordHash: '', scram: null }),
    );
    if (row.address === null) {
      const domain = 'recovered.invalid';
      db.run('INSERT OR IGNORE INTO domain VALUES (?, NULL, NULL, 0)', domain);
      db.run('INSERT INTO address VALUES (?, ?, ?, NULL)', address, domain, row.account_id);
    }
    lose(context, {
      code: 'account.profile',
      where: String(row.account_id),
      message: `name, password and limits of ${address} are lost; it is disabled`,
    });
  }
}

function dropDeadAddresses(context: RepairContext): void {
  const rows = context.db.all<{ address: string }>(
    `DELETE FROM address WHERE (account_id IS NULL AND targets IS NULL)
       OR (account_id IS NOT NULL AND account_id NOT IN (SELECT account_id FROM profile))
     RETURNING address`,
  );
  for (const { address } of rows) {
    lose(context, { code: 'address.account', where: address, message: 'it led nowhere' });
  }
}

function relinkAddresses({ db }: RepairContext): void {
  db.run(
    `INSERT INTO address (address, domain, account_id)
     SELECT address, substr(address, instr(address, '@') + 1), account_id FROM profile WHERE 1
     ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id, targets = NULL`,
  );
}

function recreateAccountsOfMailboxes(context: RepairContext): void {
  const { db } = context;
  db.run(
    `INSERT INTO account (account_id, next_uidvalidity, pop_policy, pop_keep_days)
     SELECT account_id, max(uidvalidity) + 1000, 'hide', 30 FROM mailbox
     WHERE account_id NOT IN (SELECT account_id FROM account) GROUP BY account_id`,
  );
  recreateProfiles(context);
}

function mendRoles({ db }: RepairContext): void {
  for (const [role, name] of [
    ['inbox', 'INBOX'],
    ['downloaded', 'Downloaded'],
  ] as const) {
    db.run(
      `UPDATE mailbox SET role = NULL, name = name || ' ' || mailbox_id WHERE role = ?1
       AND mailbox_id > (SELECT min(b.mailbox_id) FROM mailbox b
         WHERE b.account_id = mailbox.account_id AND b.role = ?1)`,
      role,
    );
    db.run(
      `UPDATE mailbox SET role = ?1 WHERE name = ?2 AND NOT EXISTS
         (SELECT 1 FROM mailbox b WHERE b.account_id = mailbox.account_id AND b.role = ?1)`,
      role,
      name,
    );
    const without = db.all<{ account_id: number }>(
      `SELECT account_id FROM account a WHERE removing = 0 AND NOT EXISTS
         (SELECT 1 FROM mailbox b WHERE b.account_id = a.account_id AND b.role = ?)`,
      role,
    );
    for (const { account_id: account } of without) {
      addMailbox(db, account, { id: null, name, role });
    }
  }
}

/** `id` null: the next one. Counters are recounted afterwards. */
function addMailbox(
  db: RepairContext['db'],
  account: number,
  box: { readonly id: number | null; readonly name: string; readonly role: string | null },
): number {
  const next = db.get<{ id: number; uidvalidity: number }>(
    `SELECT max(a.next_mailbox, coalesce((SELECT max(mailbox_id) + 1 FROM mailbox b
         WHERE b.account_id = a.account_id), 1)) AS id, next_uidvalidity AS uidvalidity
     FROM account a WHERE account_id = ?`,
    account,
  );
  if (next === undefined) throw new Error(`no account ${account} to put a mailbox in`);
  const id = box.id ?? next.id;
  db.run(
    `INSERT INTO mailbox (account_id, mailbox_id, name, role, uidvalidity, uidnext, modseq, total,
       unseen, size) VALUES (?, ?, ?, ?, ?, 1, 1, 0, 0, 0)`,
    account,
    id,
    box.name,
    box.role,
    next.uidvalidity,
  );
  db.run(
    `UPDATE account SET next_uidvalidity = next_uidvalidity + 1,
       next_mailbox = max(next_mailbox, ? + 1) WHERE account_id = ?`,
    id,
    account,
  );
  return id;
}

function dropMessagesWithoutContent(context: RepairContext): void {
  const rows = context.db.all<{
    account_id: number;
    mailbox_id: number;
    uid: number;
    journey_id: number;
  }>(
    `DELETE FROM message WHERE NOT EXISTS (SELECT 1 FROM content c
       WHERE c.account_id = message.account_id AND c.content_id = message.content_id)
     RETURNING account_id, mailbox_id, uid, journey_id`,
  );
  for (const row of rows) {
    const { account_id: account, mailbox_id: mailbox, uid: number, journey_id: journey } = row;
    const where = nameMessage(context.db, { account, mailbox, number, meta: null, journey });
    const message = 'header fields and the way to the body are gone';
    lose(context, { code: 'message.content', where, message });
  }
}

function recreateMailboxes({ db }: RepairContext): void {
  const rows = db.all<{ account_id: number; mailbox_id: number }>(
    `SELECT DISTINCT m.account_id, m.mailbox_id FROM message m
     JOIN account a USING (account_id) LEFT JOIN mailbox b USING (account_id, mailbox_id)
     LEFT JOIN removed_mailbox r USING (account_id, mailbox_id)
     WHERE b.mailbox_id IS NULL AND r.mailbox_id IS NULL AND a.removing = 0`,
  );
  for (const { account_id: account, mailbox_id: id } of rows) {
    addMailbox(db, account, { id, name: `${recoveredName} ${id}`, role: null });
  }
}

/** The present octets are all there is; they are kept, and doubted aloud. */
function acceptContents(context: RepairContext): void {
  const { db } = context;
  const rows = db.all<{
    rowid: number;
    account_id: number;
    content_id: number;
    blob_hash: Uint8Array;
    prefix: Uint8Array;
    meta: string;
    size: number;
    crc: number;
  }>('SELECT rowid, * FROM content');
  for (const row of rows) {
    const { blob_hash: hash, prefix, size } = row;
    if (contentCrc({ hash, prefix, meta: row.meta, size }) === row.crc) continue;
    const meta = isJson(row.meta)
      ? row.meta
      : JSON.stringify({ from: '', to: '', subject: '', dateMs: null, messageId: null });
    const crc = contentCrc({ hash, prefix, meta, size });
    db.run('UPDATE content SET meta = ?, crc = ? WHERE rowid = ?', meta, crc, row.rowid);
    lose(context, {
      code: 'content.crc',
      where: nameMessage(db, {
        account: row.account_id,
        mailbox: null,
        number: row.content_id,
        meta,
      }),
      message: 'trace header fields or listing data may be wrong; the body has its own checksum',
    });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function mendSizes({ db }: RepairContext): void {
  const rows = db.all<{
    rowid: number;
    blob_hash: Uint8Array;
    prefix: Uint8Array;
    meta: string;
    raw_size: number;
  }>(
    `SELECT c.rowid, c.blob_hash, c.prefix, c.meta, b.raw_size
     FROM content c JOIN blob b ON b.hash = c.blob_hash
     WHERE c.size <> length(c.prefix) + b.raw_size`,
  );
  for (const { rowid, blob_hash: hash, prefix, meta, raw_size: rawSize } of rows) {
    const size = prefix.length + rawSize;
    const crc = contentCrc({ hash, prefix, meta, size });
    db.run('UPDATE content SET size = ?, crc = ? WHERE rowid = ?', size, crc, rowid);
  }
  db.run(
    `UPDATE message SET size = c.size FROM content c
     WHERE c.account_id = message.account_id AND c.content_id = message.content_id
       AND c.size <> message.size`,
  );
}

/** Content that no mailbox shows any more gets a mailbox of its own. */
function showUnreferenced({ db }: RepairContext): void {
  const rows = db.all<{ account_id: number; content_id: number; size: number; meta: string }>(
    `SELECT c.account_id, c.content_id, c.size, c.meta FROM content c
     JOIN account a USING (account_id)
     LEFT JOIN message m USING (account_id, content_id)
     WHERE m.uid IS NULL AND a.removing = 0 ORDER BY c.account_id, c.content_id`,
  );
  for (const row of rows) {
    const account = row.account_id;
    const found = db.get<{ mailbox_id: number }>(
      'SELECT mailbox_id FROM mailbox WHERE account_id = ? AND name = ?',
      account,
      recoveredName,
    );
    const mailbox =
      found?.mailbox_id ?? addMailbox(db, account, { id: null, name: recoveredName, role: null });
    const dateMs = (JSON.parse(row.meta) as { dateMs: number | null }).dateMs ?? 0;
    db.run(
      `INSERT INTO message (account_id, mailbox_id, uid, modseq, flags, keywords, content_id,
         email_id, internal_date_ms, saved_ms, size, unterminated, journey_id)
       SELECT ?1, ?2, b.uidnext, a.modseq + 1, 0, NULL, ?3,
         max(a.next_email, coalesce((SELECT max(email_id) + 1 FROM message m
           WHERE m.account_id = ?1), 1)), ?4, ?4, ?5, 0, 0
       FROM account a JOIN mailbox b USING (account_id)
       WHERE a.account_id = ?1 AND b.mailbox_id = ?2`,
      account,
      mailbox,
      row.content_id,
      dateMs,
      row.size,
    );
    db.run(
      'UPDATE mailbox SET uidnext = uidnext + 1 WHERE account_id = ? AND mailbox_id = ?',
      account,
      mailbox,
    );
    db.run(
      `UPDATE account SET modseq = modseq + 1, next_email = 1 + (SELECT max(email_id)
         FROM message m WHERE m.account_id = account.account_id) WHERE account_id = ?`,
      account,
    );
  }
}

function forgetReusedUids({ db }: RepairContext): void {
  db.run(
    `DELETE FROM expunged WHERE EXISTS (SELECT 1 FROM message m WHERE m.account_id =
       expunged.account_id AND m.mailbox_id = expunged.mailbox_id AND m.uid = expunged.uid)`,
  );
}

function mendDownloaded({ db }: RepairContext): void {
  const hidden = `SELECT m.account_id, m.uid, m.email_id, m.saved_ms FROM mailbox b
    JOIN message m USING (account_id, mailbox_id) WHERE b.role = 'downloaded'`;
  db.run(
    `DELETE FROM downloaded WHERE NOT EXISTS (SELECT 1 FROM (${hidden}) h
       WHERE h.account_id = downloaded.account_id AND h.uid = downloaded.uid
         AND h.email_id = downloaded.email_id)`,
  );
  db.run(
    `INSERT OR IGNORE INTO downloaded
     SELECT account_id, uid, email_id, '', '', saved_ms, saved_ms + ${30 * dayMs} FROM (${hidden})`,
  );
}

function acceptQueueMessages(context: RepairContext): void {
  const rows = context.db.all<{
    first_id: number;
    blob_hash: Uint8Array;
    prefix: Uint8Array;
    crc: number;
  }>('SELECT first_id, blob_hash, prefix, crc FROM queue_message');
  for (const { first_id: id, blob_hash: hash, prefix, crc: before } of rows) {
    const crc = queueMessageCrc({ hash, prefix });
    if (crc === before) continue;
    context.db.run('UPDATE queue_message SET crc = ? WHERE first_id = ?', crc, id);
    const message = 'trace header fields of a queued message may be wrong';
    lose(context, { code: 'queue.crc', where: nameQueued(context.db, id), message });
  }
}

function mendQueueRows(context: RepairContext): void {
  const { db } = context;
  const rows = db.all<{ queue_id: number; recipient: string }>(
    `DELETE FROM queue WHERE first_id NOT IN (SELECT first_id FROM queue_message)
     RETURNING queue_id, recipient`,
  );
  for (const { queue_id: id, recipient } of rows) {
    const message = `the message to ${recipient} is gone`;
    lose(context, { code: 'queue.message', where: String(id), message });
  }
  db.run(
    `UPDATE queue_message SET rows_left =
       (SELECT count(*) FROM queue q WHERE q.first_id = queue_message.first_id)`,
  );
  db.run('DELETE FROM queue_message WHERE rows_left = 0');
}

function mendQueueTimes({ db }: RepairContext): void {
  db.run(
    `UPDATE queue SET token = NULL, leased_until_ms = NULL,
       state = CASE state WHEN 'held' THEN 'held' ELSE 'waiting' END,
       ready_ms = CASE state WHEN 'held' THEN NULL ELSE due_ms END`,
  );
}

/** A story may lose a page; mail never depends on it. */
function mendJourneys({ db }: RepairContext): void {
  db.run('DELETE FROM journey_part WHERE part_id / 8192 NOT IN (SELECT journey_id FROM journey)');
  db.run('DELETE FROM journey_account WHERE journey_id NOT IN (SELECT journey_id FROM journey)');
  const ids = db.all<{ id: number; code: string }>('SELECT journey_id AS id, code FROM journey');
  for (const { id, code } of ids) {
    const right = formatJourneyId(journeyId(id));
    if (code !== right) db.run('UPDATE journey SET code = ? WHERE journey_id = ?', right, id);
    let next = 1;
    const parts = db.all<{ n: number; first_seq: number; count: number; events: string }>(
      `SELECT part_id & 8191 AS n, first_seq, count, events FROM journey_part
       WHERE ${partsOfJourney} ORDER BY part_id`,
      id,
    );
    for (const part of parts) {
      const { n } = part;
      const isReadable = isJson(`[${part.events}]`);
      const count = isReadable ? (JSON.parse(`[${part.events}]`) as unknown[]).length : 0;
      if (!isReadable || count !== part.count || part.first_seq !== next) {
        db.run(
          `UPDATE journey_part SET first_seq = ?2, count = ?3, events = ?4
           WHERE part_id = CAST(?1 AS INTEGER) * 8192 + CAST(?5 AS INTEGER)`,
          id,
          next,
          count,
          isReadable ? part.events : '',
          n,
        );
      }
      next += count;
    }
  }
}

/** Every number that follows from others, as `check` counts them. */
export function recount({ db }: RepairContext): void {
  db.exec(`
    UPDATE mailbox SET (total, unseen, size, uidnext, modseq) =
      (SELECT count(m.uid), coalesce(sum(m.flags & 1 = 0), 0), coalesce(sum(m.size), 0),
        max(mailbox.uidnext, coalesce(max(m.uid) + 1, 1),
          coalesce((SELECT max(e.uid) + 1 FROM expunged e WHERE e.account_id = mailbox.account_id
            AND e.mailbox_id = mailbox.mailbox_id), 1),
          coalesce((SELECT max(k.uid) + 1 FROM append_key k WHERE k.account_id = mailbox.account_id
            AND k.mailbox_id = mailbox.mailbox_id), 1)),
        max(mailbox.modseq, coalesce(max(m.modseq), 0))
      FROM message m WHERE m.account_id = mailbox.account_id
        AND m.mailbox_id = mailbox.mailbox_id);
    UPDATE account SET (used, messages) =
      (SELECT coalesce(sum(b.size), 0), coalesce(sum(b.total), 0) FROM mailbox b
       WHERE b.account_id = account.account_id AND b.role IS NOT 'downloaded');
    UPDATE account SET
      modseq = max(modseq, coalesce((SELECT max(modseq) FROM mailbox b
        WHERE b.account_id = account.account_id), 0),
        coalesce((SELECT max(modseq) FROM expunged e WHERE e.account_id = account.account_id), 0)),
      next_content = max(next_content, coalesce((SELECT max(content_id) + 1 FROM content c
        WHERE c.account_id = account.account_id), 1)),
      next_email = max(next_email, coalesce((SELECT max(email_id) + 1 FROM message m
        WHERE m.account_id = account.account_id), 1)),
      next_mailbox = max(next_mailbox, coalesce((SELECT max(mailbox_id) + 1 FROM mailbox b
        WHERE b.account_id = account.account_id), 1)),
      log_size = (SELECT count(*) FROM expunged e WHERE e.account_id = account.account_id);
    UPDATE account SET log_floor = min(log_floor, modseq);
    UPDATE content SET refs = (SELECT count(*) FROM message m
      WHERE m.account_id = content.account_id AND m.content_id = content.content_id);
    DELETE FROM content WHERE refs = 0 AND account_id NOT IN
      (SELECT account_id FROM account WHERE removing = 0);
    CREATE TEMP TABLE real_refs AS SELECT blob_hash AS hash, count(*) AS n FROM
      (SELECT blob_hash FROM content UNION ALL SELECT blob_hash FROM queue_message) GROUP BY 1;
    CREATE UNIQUE INDEX temp.real_refs_hash ON real_refs (hash);
    UPDATE blob SET refs = coalesce((SELECT n FROM real_refs r WHERE r.hash = blob.hash), 0);
    DELETE FROM blob WHERE refs = 0;
    DROP TABLE real_refs;
    UPDATE sequence SET next = max(next, coalesce((SELECT max(account_id) + 1 FROM account), 1))
      WHERE name = 'account';
    UPDATE sequence SET next = max(next, coalesce((SELECT max(queue_id) + 1 FROM queue), 1))
      WHERE name = 'queue';
    UPDATE segment SET live = coalesce((SELECT sum(stored_size) FROM blob b
      WHERE b.segment_id = segment.segment_id), 0);
  `);
  countAll(db);
}
