/**
 * The tables of the SQLite engine, one numbered migration after the other. Every table of mail is
 * keyed by the account first, so that the same schema can be spread over machines by that column;
 * `content` and `journey_part` are append-only heaps, so that a big store does not write all over
 * its file.
 */

import type { Database } from './database.ts';
import { indexTables } from './index/schema.ts';
import { countAll } from './mailbox-counters.ts';
import { sealAll } from './seals.ts';

export interface Migration {
  readonly version: number;
  readonly sql: string;
  /** What SQL cannot do, in the same transaction. */
  readonly after?: (db: Database) => void;
}

const directory = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO sequence VALUES ('account', 1), ('queue', 1), ('token', 1);

CREATE TABLE domain (
  name TEXT PRIMARY KEY,
  alias_of TEXT,
  catch_all TEXT,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An address is either an account's or an alias with its targets as a JSON array.
CREATE TABLE address (
  address TEXT PRIMARY KEY,
  domain TEXT NOT NULL,
  account_id INTEGER,
  targets TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX address_domain ON address (domain);

-- What changes rarely; the counters live in account.
CREATE TABLE profile (
  account_id INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  display_name TEXT NOT NULL,
  state TEXT NOT NULL,
  messages_per_day INTEGER NOT NULL,
  new_recipients_per_day INTEGER NOT NULL,
  hide_client_address INTEGER NOT NULL,
  credential TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE app_password (
  account_id INTEGER NOT NULL,
  password_id INTEGER NOT NULL,
  label TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER,
  credential TEXT NOT NULL,
  PRIMARY KEY (account_id, password_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sent_day (
  account_id INTEGER NOT NULL,
  day INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  new_recipients INTEGER NOT NULL,
  PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE known_recipient (
  account_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (account_id, address)
) STRICT, WITHOUT ROWID;
`;

const mail = `
-- used and messages leave the hidden mailbox out: what a device took away fills nobody's quota.
CREATE TABLE account (
  account_id INTEGER PRIMARY KEY,
  removing INTEGER NOT NULL DEFAULT 0,
  quota INTEGER,
  used INTEGER NOT NULL DEFAULT 0,
  messages INTEGER NOT NULL DEFAULT 0,
  modseq INTEGER NOT NULL DEFAULT 1,
  next_mailbox INTEGER NOT NULL DEFAULT 1,
  next_content INTEGER NOT NULL DEFAULT 1,
  next_email INTEGER NOT NULL DEFAULT 1,
  next_password INTEGER NOT NULL DEFAULT 1,
  next_uidvalidity INTEGER NOT NULL,
  log_floor INTEGER NOT NULL DEFAULT 0,
  log_size INTEGER NOT NULL DEFAULT 0,
  pop_policy TEXT NOT NULL,
  pop_keep_days INTEGER NOT NULL
) STRICT;

CREATE TABLE mailbox (
  account_id INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  role TEXT,
  uidvalidity INTEGER NOT NULL,
  uidnext INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  total INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (account_id, mailbox_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mailbox_name ON mailbox (account_id, name);

CREATE TABLE message (
  account_id INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT,
  content_id INTEGER NOT NULL,
  email_id INTEGER NOT NULL,
  internal_date_ms INTEGER NOT NULL,
  saved_ms INTEGER NOT NULL,
  size INTEGER NOT NULL,
  unterminated INTEGER NOT NULL,
  journey_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_changes ON message (account_id, modseq);

-- Immutable but for refs. crc covers hash, prefix and meta: SQLite itself does not notice bit rot.
CREATE TABLE content (
  account_id INTEGER NOT NULL,
  content_id INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  blob_hash BLOB NOT NULL,
  size INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  meta TEXT NOT NULL,
  prefix BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX content_key ON content (account_id, content_id);

CREATE TABLE expunged (
  account_id INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  email_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, modseq, mailbox_id, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE append_key (
  account_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  mailbox_id INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  email_id INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

-- What POP3 devices took away; the message itself lies in the hidden mailbox.
CREATE TABLE downloaded (
  account_id INTEGER NOT NULL,
  email_id INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  device TEXT NOT NULL,
  address TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  keep_until_ms INTEGER NOT NULL,
  PRIMARY KEY (account_id, email_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX downloaded_until ON downloaded (keep_until_ms);
`;

const bodies = `
-- refs counts rows of content and of queue_message. Gone when it reaches 0.
CREATE TABLE blob (
  hash BLOB PRIMARY KEY,
  refs INTEGER NOT NULL,
  segment_id INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  stored_size INTEGER NOT NULL,
  raw_size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- live is the part of it that blobs refer to. The row of the growing segment may lag behind by what
-- was only appended; opening the store catches up from the records themselves.
CREATE TABLE segment (
  segment_id INTEGER PRIMARY KEY,
  length INTEGER NOT NULL,
  live INTEGER NOT NULL,
  sealed INTEGER NOT NULL
) STRICT;
`;

const queue = `
CREATE TABLE queue_message (
  first_id INTEGER PRIMARY KEY,
  rows_left INTEGER NOT NULL,
  journey_id INTEGER NOT NULL,
  submitted_by INTEGER,
  created_ms INTEGER NOT NULL,
  blob_hash BLOB NOT NULL,
  size INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  sender TEXT NOT NULL,
  envid TEXT,
  ret TEXT,
  body_type TEXT NOT NULL,
  smtputf8 INTEGER NOT NULL,
  require_tls INTEGER NOT NULL,
  prefix BLOB NOT NULL
) STRICT;

-- ready_ms: when a runner may take it: the due time, or the end of the lease; null while held.
CREATE TABLE queue (
  queue_id INTEGER PRIMARY KEY,
  first_id INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  domain TEXT NOT NULL,
  state TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  ready_ms INTEGER,
  expires_ms INTEGER NOT NULL,
  notify TEXT NOT NULL,
  orcpt TEXT,
  attempts INTEGER NOT NULL,
  last_reply TEXT,
  route TEXT,
  delay_notice_sent INTEGER NOT NULL,
  token INTEGER,
  leased_until_ms INTEGER
) STRICT;
CREATE INDEX queue_ready ON queue (ready_ms) WHERE ready_ms IS NOT NULL;
CREATE INDEX queue_domain ON queue (domain, ready_ms) WHERE ready_ms IS NOT NULL;
CREATE INDEX queue_leased ON queue (queue_id) WHERE token IS NOT NULL;
`;

const journeys = `
CREATE TABLE journey (
  journey_id INTEGER PRIMARY KEY,
  code TEXT NOT NULL,
  started_us INTEGER NOT NULL,
  direction TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  message_id TEXT,
  subject TEXT,
  size INTEGER NOT NULL,
  submitted_by INTEGER
) STRICT;
CREATE INDEX journey_code ON journey (code);

-- One row per appended group of events, as JSON text. part_id is journey_id * 8192 + number, which
-- saves an index (PRIMARY KEY (journey_id, number) elsewhere). accounts: those who take part since
-- this group.
CREATE TABLE journey_part (
  part_id INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  count INTEGER NOT NULL,
  accounts TEXT,
  events TEXT NOT NULL
) STRICT;

CREATE TABLE journey_account (
  account_id INTEGER NOT NULL,
  journey_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, journey_id)
) STRICT, WITHOUT ROWID;
`;

/** Checksums of rows, see seals.ts. */
const seals = `
ALTER TABLE account ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE profile ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
`;

/** What IMAP keeps of mailboxes. */
const imap = `
ALTER TABLE mailbox ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN deleted_size INTEGER NOT NULL DEFAULT 0;
-- Those in use and how many messages have each: [["kerja",12],…]. NULL: none.
ALTER TABLE mailbox ADD COLUMN keywords TEXT;

-- Their messages still wait to be taken away.
CREATE TABLE removed_mailbox (
  account_id INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, mailbox_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscription (
  account_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  crc INTEGER NOT NULL,
  PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

-- mailbox_id 0: of the account itself.
CREATE TABLE annotation (
  account_id INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  entry TEXT NOT NULL,
  value BLOB NOT NULL,
  crc INTEGER NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE acl (
  account_id INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  identifier TEXT NOT NULL,
  rights TEXT NOT NULL,
  crc INTEGER NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, identifier)
) STRICT, WITHOUT ROWID;
CREATE INDEX acl_identifier ON acl (identifier);

-- Two copies of a message have one email_id: it is the place in the hidden mailbox that is unique.
ALTER TABLE downloaded RENAME TO downloaded_before;
CREATE TABLE downloaded (
  account_id INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  email_id INTEGER NOT NULL,
  device TEXT NOT NULL,
  address TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  keep_until_ms INTEGER NOT NULL,
  PRIMARY KEY (account_id, uid)
) STRICT, WITHOUT ROWID;
INSERT INTO downloaded
  SELECT account_id, uid, email_id, device, address, at_ms, keep_until_ms FROM downloaded_before;
DROP TABLE downloaded_before;
CREATE INDEX downloaded_until ON downloaded (keep_until_ms);

INSERT INTO subscription SELECT account_id, name, 0 FROM mailbox WHERE role IS NOT 'downloaded';
`;

/** See records.ts. */
const records = `
CREATE TABLE record (
  record_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  version INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  crc INTEGER NOT NULL,
  UNIQUE (kind, name)
) STRICT;
CREATE INDEX record_expires ON record (expires_ms) WHERE expires_ms IS NOT NULL;
INSERT INTO sequence VALUES ('record', 1);
`;

function countAndSeal(db: Database): void {
  countAll(db);
  sealAll(db);
}

/** In order; the last one's number is the schema's version. Never change one that was released. */
export const migrations: readonly Migration[] = [
  { version: 1, sql: directory + mail + bodies + queue + journeys },
  // Sealed by the step that follows, which every store of this version takes too.
  { version: 2, sql: seals },
  { version: 3, sql: imap + indexTables, after: countAndSeal },
  { version: 4, sql: records },
  // Seals of messages are made in another way.
  { version: 5, sql: '', after: sealAll },
];
