/**
 * What must hold between rows, as queries that answer those that break it. Each has a stable code;
 * repair works by the same codes.
 */

export interface Rule {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly mendable: boolean;
  /** Answers `at` and `message` of each breach. */
  readonly sql: string;
}

const mailboxAt = `account_id || '/' || mailbox_id`;

function rule(code: string, sql: string, how: Partial<Rule> = {}): Rule {
  return { code, severity: 'error', mendable: true, sql, ...how };
}

/** Counters of mailboxes against a recount; not of accounts that are being taken apart. */
const recount = `
  SELECT b.account_id, b.mailbox_id, b.total, b.unseen, b.size, b.uidnext, b.modseq,
    b.deleted, b.deleted_size,
    count(m.uid) AS real_total,
    coalesce(sum(m.flags & 1 = 0 AND m.uid IS NOT NULL), 0) AS real_unseen,
    coalesce(sum(m.size), 0) AS real_size,
    coalesce(sum(m.flags & 8 <> 0), 0) AS real_deleted,
    coalesce(sum(CASE WHEN m.flags & 8 THEN m.size END), 0) AS real_deleted_size,
    coalesce(max(m.uid), 0) AS max_uid, coalesce(max(m.modseq), 0) AS max_modseq
  FROM mailbox b
  JOIN account a ON a.account_id = b.account_id AND a.removing = 0
  LEFT JOIN message m ON m.account_id = b.account_id AND m.mailbox_id = b.mailbox_id
  GROUP BY b.account_id, b.mailbox_id`;

function counter(name: string): Rule {
  return rule(
    `counter.mailbox.${name}`,
    `SELECT ${mailboxAt} AS at,
      '${name} says ' || ${name} || ', counted ' || real_${name} AS message
     FROM (${recount}) WHERE ${name} <> real_${name}`,
  );
}

const mailboxRules: readonly Rule[] = [
  counter('total'),
  counter('unseen'),
  counter('size'),
  counter('deleted'),
  counter('deleted_size'),
  rule(
    'uid.next',
    `SELECT ${mailboxAt} AS at, 'UIDNEXT ' || uidnext || ' is not above UID ' || max_uid AS message
     FROM (${recount}) WHERE uidnext <= max_uid`,
  ),
  rule(
    'modseq.mailbox',
    `SELECT ${mailboxAt} AS at, 'modseq ' || modseq || ' is below ' || max_modseq AS message
     FROM (${recount}) WHERE modseq < max_modseq`,
  ),
  rule(
    'uid.reused',
    `SELECT e.account_id || '/' || e.mailbox_id AS at,
       'UID ' || e.uid || ' was expunged and is above UIDNEXT or in use' AS message
     FROM expunged e JOIN mailbox b USING (account_id, mailbox_id)
     LEFT JOIN message m USING (account_id, mailbox_id, uid)
     WHERE e.uid >= b.uidnext OR m.uid IS NOT NULL`,
    { mendable: false },
  ),
  rule(
    'mailbox.account',
    `SELECT ${mailboxAt} AS at, 'its account is not there' AS message FROM mailbox
     WHERE account_id NOT IN (SELECT account_id FROM account)`,
    { mendable: false },
  ),
  rule(
    'mailbox.roles',
    `SELECT a.account_id AS at, 'mailboxes of role ' || role || ': ' || count(b.role) AS message
     FROM account a JOIN (SELECT 'inbox' AS role UNION ALL SELECT 'downloaded') r
     LEFT JOIN mailbox b USING (account_id, role) WHERE a.removing = 0
     GROUP BY a.account_id, role HAVING count(b.role) <> 1`,
    { mendable: false },
  ),
];

const accountRules: readonly Rule[] = [
  rule(
    'counter.account',
    `SELECT account_id AS at, 'used ' || used || ' and ' || messages || ' messages, counted '
       || real_used || ' and ' || real_messages AS message
     FROM (SELECT a.account_id, a.used, a.messages,
         coalesce(sum(m.size), 0) AS real_used, count(m.uid) AS real_messages
       FROM account a
       LEFT JOIN mailbox b ON b.account_id = a.account_id AND b.role IS NOT 'downloaded'
       LEFT JOIN message m ON m.account_id = b.account_id AND m.mailbox_id = b.mailbox_id
       WHERE a.removing = 0 GROUP BY a.account_id)
     WHERE used <> real_used OR messages <> real_messages`,
  ),
  rule(
    'modseq.account',
    `SELECT a.account_id AS at, 'modseq ' || a.modseq || ' is below that of a mailbox' AS message
     FROM account a WHERE a.modseq < (SELECT max(b.modseq) FROM mailbox b
       WHERE b.account_id = a.account_id)
       OR a.modseq < (SELECT max(modseq) FROM expunged e WHERE e.account_id = a.account_id)`,
  ),
  rule(
    'ids.account',
    `SELECT a.account_id AS at, 'the next id is in use already' AS message FROM account a
     WHERE next_content <= (SELECT max(content_id) FROM content c WHERE c.account_id = a.account_id)
       OR next_email <= (SELECT max(email_id) FROM message m WHERE m.account_id = a.account_id)
       OR next_mailbox <=
         (SELECT max(mailbox_id) FROM mailbox b WHERE b.account_id = a.account_id)`,
  ),
  rule(
    'log.account',
    `SELECT a.account_id AS at, 'the log of expunged messages has another size or floor' AS message
     FROM account a
     WHERE log_size <> (SELECT count(*) FROM expunged e WHERE e.account_id = a.account_id)
       OR log_floor > modseq`,
  ),
  rule(
    'account.profile',
    `SELECT account_id AS at, 'the account has no profile' AS message FROM account
     WHERE removing = 0 AND account_id NOT IN (SELECT account_id FROM profile)`,
    { mendable: false },
  ),
  rule(
    'profile.account',
    `SELECT p.account_id AS at, p.address || ' has no account' AS message FROM profile p
     WHERE account_id NOT IN (SELECT account_id FROM account WHERE removing = 0)`,
    { mendable: false },
  ),
  rule(
    'address.account',
    `SELECT d.address AS at, 'neither an account''s nor an alias' AS message FROM address d
     LEFT JOIN profile p USING (account_id)
     WHERE (d.account_id IS NULL AND d.targets IS NULL)
       OR (d.account_id IS NOT NULL AND p.account_id IS NULL)`,
  ),
  rule(
    'profile.address',
    `SELECT p.account_id AS at, p.address || ' does not lead to its account' AS message
     FROM profile p LEFT JOIN address d USING (address)
     WHERE d.account_id IS NOT p.account_id`,
  ),
];

const messageAt = `m.account_id || '/' || m.mailbox_id || '/' || m.uid`;

const messageRules: readonly Rule[] = [
  rule(
    'message.mailbox',
    `SELECT ${messageAt} AS at, 'its mailbox is not there' AS message
     FROM message m LEFT JOIN mailbox b USING (account_id, mailbox_id)
     LEFT JOIN removed_mailbox r USING (account_id, mailbox_id)
     LEFT JOIN account a USING (account_id)
     WHERE b.mailbox_id IS NULL AND r.mailbox_id IS NULL AND coalesce(a.removing, 0) = 0`,
  ),
  rule(
    'message.content',
    `SELECT ${messageAt} AS at, 'its content is not there' AS message
     FROM message m LEFT JOIN content c USING (account_id, content_id) WHERE c.content_id IS NULL`,
    { mendable: false },
  ),
  rule(
    'message.size',
    `SELECT ${messageAt} AS at, 'size ' || m.size || ' instead of ' || c.size AS message
     FROM message m JOIN content c USING (account_id, content_id) WHERE m.size <> c.size`,
  ),
  rule(
    'email.content',
    `SELECT account_id || ' email ' || email_id AS at, 'different messages have it' AS message
     FROM message GROUP BY account_id, email_id HAVING min(content_id) <> max(content_id)`,
  ),
  rule(
    'content.refs',
    `SELECT c.account_id || '/' || c.content_id AS at,
       'refs ' || c.refs || ', counted ' || count(m.uid) AS message
     FROM content c LEFT JOIN message m USING (account_id, content_id)
     GROUP BY c.account_id, c.content_id HAVING c.refs <> count(m.uid)`,
  ),
  rule(
    'content.blob',
    `SELECT c.account_id || '/' || c.content_id AS at, 'its body is not there' AS message
     FROM content c LEFT JOIN blob b ON b.hash = c.blob_hash WHERE b.hash IS NULL`,
  ),
  rule(
    'content.size',
    `SELECT c.account_id || '/' || c.content_id AS at,
       'size ' || c.size || ' instead of ' || (length(c.prefix) + b.raw_size) AS message
     FROM content c JOIN blob b ON b.hash = c.blob_hash
     WHERE c.size <> length(c.prefix) + b.raw_size`,
    { mendable: false },
  ),
  rule(
    'downloaded.message',
    `SELECT d.account_id || ' email ' || d.email_id AS at, 'no such message is hidden' AS message
     FROM downloaded d
     LEFT JOIN mailbox b ON b.account_id = d.account_id AND b.role = 'downloaded'
     LEFT JOIN message m ON m.account_id = d.account_id AND m.mailbox_id = b.mailbox_id
       AND m.uid = d.uid AND m.email_id = d.email_id
     WHERE m.uid IS NULL`,
  ),
  rule(
    'message.downloaded',
    `SELECT ${messageAt} AS at, 'hidden, and nothing says since when' AS message
     FROM mailbox b JOIN message m USING (account_id, mailbox_id)
     LEFT JOIN downloaded d ON d.account_id = m.account_id AND d.uid = m.uid
     WHERE b.role = 'downloaded' AND d.uid IS NULL`,
  ),
  rule(
    'append-key.uid',
    `SELECT k.account_id || ' ' || k.key AS at, 'UID ' || k.uid || ' was never given' AS message
     FROM append_key k JOIN mailbox b USING (account_id, mailbox_id) WHERE k.uid >= b.uidnext`,
    { mendable: false },
  ),
];

function partOfMailbox(table: string, also = ''): Rule {
  return rule(
    `${table}.mailbox`,
    `SELECT p.account_id || '/' || p.mailbox_id AS at, 'its mailbox is not there' AS message
     FROM ${table} p LEFT JOIN mailbox b USING (account_id, mailbox_id)
     WHERE b.mailbox_id IS NULL ${also}`,
  );
}

/** What belongs to mailboxes besides messages. */
const partRules: readonly Rule[] = [
  partOfMailbox('acl'),
  partOfMailbox(
    'annotation',
    'AND (p.mailbox_id <> 0 OR p.account_id NOT IN (SELECT account_id FROM account))',
  ),
  rule(
    'subscription.account',
    `SELECT account_id || ' ' || name AS at, 'its account is not there' AS message
     FROM subscription WHERE account_id NOT IN (SELECT account_id FROM account)`,
  ),
  rule(
    'removal.mailbox',
    `SELECT r.account_id || '/' || r.mailbox_id AS at, 'it is not being removed' AS message
     FROM removed_mailbox r LEFT JOIN mailbox b USING (account_id, mailbox_id)
     WHERE b.mailbox_id IS NOT NULL OR r.account_id NOT IN (SELECT account_id FROM account)`,
  ),
];

const bodyRules: readonly Rule[] = [
  rule(
    'blob.refs',
    `SELECT lower(hex(hash)) AS at, 'refs ' || refs || ', counted ' || real AS message
     FROM (SELECT b.hash, b.refs, coalesce(sum(r.n), 0) AS real FROM blob b
       LEFT JOIN (SELECT blob_hash, count(*) AS n FROM content GROUP BY blob_hash
         UNION ALL SELECT blob_hash, count(*) AS n FROM queue_message GROUP BY blob_hash) r
       ON r.blob_hash = b.hash GROUP BY b.hash)
     WHERE refs <> real`,
  ),
  rule(
    'blob.segment',
    `SELECT lower(hex(b.hash)) AS at, 'segment ' || b.segment_id || ' is not known' AS message
     FROM blob b LEFT JOIN segment s USING (segment_id) WHERE s.segment_id IS NULL`,
  ),
  rule(
    'segment.live',
    `SELECT s.segment_id AS at, 'live ' || s.live || ', counted ' || real AS message
     FROM segment s JOIN (SELECT s.segment_id, coalesce(sum(b.stored_size), 0) AS real
       FROM segment s LEFT JOIN blob b
         ON b.segment_id = s.segment_id AND (s.sealed = 1 OR b.offset < s.length)
       GROUP BY s.segment_id) USING (segment_id)
     WHERE s.live <> real`,
  ),
  rule(
    'blob.overlap',
    `SELECT 'segment ' || segment_id || ' at ' || offset AS at, 'two bodies overlap' AS message
     FROM (SELECT segment_id, offset,
         lag(offset + stored_size) OVER (PARTITION BY segment_id ORDER BY offset) AS before
       FROM blob) WHERE before > offset`,
    { mendable: false },
  ),
];

const queueRules: readonly Rule[] = [
  rule(
    'queue.message',
    `SELECT q.queue_id AS at, 'its message is not there' AS message
     FROM queue q LEFT JOIN queue_message m USING (first_id) WHERE m.first_id IS NULL`,
    { mendable: false },
  ),
  rule(
    'queue.rows',
    `SELECT m.first_id AS at,
      'rows_left ' || rows_left || ', counted ' || count(q.queue_id) AS message
     FROM queue_message m LEFT JOIN queue q USING (first_id)
     GROUP BY m.first_id HAVING rows_left <> count(q.queue_id)`,
  ),
  rule(
    'queue.blob',
    `SELECT m.first_id AS at, 'its body is not there' AS message
     FROM queue_message m LEFT JOIN blob b ON b.hash = m.blob_hash WHERE b.hash IS NULL`,
  ),
  rule(
    'queue.ready',
    `SELECT queue_id AS at, 'state ' || state || ' does not fit its times' AS message FROM queue
     WHERE (state = 'held') <> (ready_ms IS NULL)
       OR (state = 'waiting' AND ready_ms IS NOT coalesce(leased_until_ms, due_ms))
       OR (token IS NULL) <> (leased_until_ms IS NULL)`,
  ),
];

const journeyRules: readonly Rule[] = [
  rule(
    'journey.part',
    `SELECT p.part_id / 8192 AS at, 'events of an unknown journey' AS message
     FROM journey_part p LEFT JOIN journey j ON j.journey_id = p.part_id / 8192
     WHERE j.journey_id IS NULL`,
    { severity: 'warning' },
  ),
  rule(
    'journey.account',
    `SELECT a.account_id || ' ' || a.journey_id AS at, 'part in an unknown journey' AS message
     FROM journey_account a LEFT JOIN journey j USING (journey_id) WHERE j.journey_id IS NULL`,
    { severity: 'warning' },
  ),
];

export const rules: readonly Rule[] = [
  ...mailboxRules,
  ...accountRules,
  ...messageRules,
  ...partRules,
  ...bodyRules,
  ...queueRules,
  ...journeyRules,
];
