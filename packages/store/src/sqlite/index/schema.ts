/**
 * The tables of the index: what is read once of each content after it was stored. They hold nothing
 * that cannot be read from the bodies again.
 *
 * The backlog of an account is its contents from `index_state.next_content` on (a mark costs a
 * delivery nothing, and an account without a row has everything before it), and those that
 * `index_exception` wants to be read again.
 */

/**
 * `entry_id` is account_id << 40 | content_id, so that an account's rows lie together and full text
 * can be asked for one account (PRIMARY KEY (account_id, content_id) elsewhere). Ids beyond are not
 * indexed; numbers jump by 2^32 for contents and 2^16 for accounts when a backup is restored.
 */
export const contentBits = 40;
export const contentIdEnd = 2 ** contentBits;
export const accountIdEnd = 2 ** (63 - contentBits);

/** The expression for it; NULL beyond. */
export function entryOf(account: string, content: string): string {
  return (
    `iif(${account} < ${accountIdEnd} AND ${content} < ${contentIdEnd}, ` +
    `(${account} << ${contentBits}) | ${content}, NULL)`
  );
}

/** Tables whose rows a content takes along. */
const tablesOfEntries = ['content_index', 'content_wire', 'content_head', 'content_text'] as const;

const gone = entryOf('old.account_id', 'old.content_id');

export const indexTables = `
CREATE TABLE index_state (
  account_id INTEGER PRIMARY KEY,
  next_content INTEGER NOT NULL
) STRICT;

-- why: 'redo': to be read again; 'damaged': its body cannot be read; 'long': only a part of its
-- text is kept; 'beyond': its number is too big for an entry. A search looks into these bodies.
CREATE TABLE index_exception (
  account_id INTEGER NOT NULL,
  content_id INTEGER NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (account_id, content_id)
) STRICT, WITHOUT ROWID;

-- crc covers this row, and those of the same entry in the tables below.
CREATE TABLE content_index (
  entry_id INTEGER PRIMARY KEY,
  crc INTEGER NOT NULL,
  thread_id INTEGER NOT NULL,
  sent_ms INTEGER,
  sent_day INTEGER,
  is_reply INTEGER NOT NULL,
  subject TEXT NOT NULL,
  from_key TEXT NOT NULL,
  to_key TEXT NOT NULL,
  cc_key TEXT NOT NULL,
  display_from TEXT NOT NULL,
  display_to TEXT NOT NULL,
  message_id TEXT,
  refs TEXT NOT NULL,
  preview TEXT NOT NULL
) STRICT;

CREATE TABLE content_wire (
  entry_id INTEGER PRIMARY KEY,
  envelope BLOB NOT NULL,
  structure BLOB NOT NULL,
  plain_structure BLOB NOT NULL
) STRICT;

CREATE TABLE content_head (
  entry_id INTEGER PRIMARY KEY,
  head BLOB NOT NULL
) STRICT;

-- Text as it is searched: see formats/message/text-fold.ts. head holds a line for each field.
CREATE TABLE content_text (
  entry_id INTEGER PRIMARY KEY,
  head BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- Which texts have which three characters in a row. Positions are not kept: with them it would be
-- five times as large, and content_text is there to look.
CREATE VIRTUAL TABLE content_grams USING fts5(
  head, body, content = '', contentless_delete = 1, detail = column,
  tokenize = 'trigram case_sensitive 1'
);

-- ref is made of a message id and a base subject: who shares one shares the thread. RFC 8621 §3.
CREATE TABLE thread_ref (
  account_id INTEGER NOT NULL,
  ref INTEGER NOT NULL,
  thread_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, ref)
) STRICT, WITHOUT ROWID;

-- Whoever deletes a content, its entry goes in the same transaction. Full text is told only of what
-- it has: it would keep a note of every number that it is told to forget.
CREATE TRIGGER content_gone AFTER DELETE ON content BEGIN
  DELETE FROM content_grams WHERE rowid =
    (SELECT entry_id FROM content_index WHERE entry_id = ${gone});
${tablesOfEntries.map((table) => `  DELETE FROM ${table} WHERE entry_id = ${gone};`).join('\n')}
  DELETE FROM index_exception
    WHERE account_id = old.account_id AND content_id = old.content_id;
END;
`;

/** What an account leaves behind here when its contents are gone. */
export const indexTracesOfAccounts = [
  { table: 'thread_ref', key: ['ref'] },
  { table: 'index_state', key: ['account_id'] },
] as const;

const rebuilt = new Set<string>(['index_state', 'index_exception', ...tablesOfEntries]);

/** Tables that are better built anew than copied from a damaged file. Threads are not. */
export function isRebuilt(table: string): boolean {
  return rebuilt.has(table) || table.startsWith('content_grams');
}
