/**
 * Reads a whole command. RFC 9051 §6, §9 (command); RFC 3501 §6, §9; each extension is cited where
 * its command is read. APPEND and REPLACE are read by `command-append.ts`.
 */

import { decodeBase64, latin1 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { BareName, Command, CommandOptions, CommandParts } from './command.ts';
import { Cursor, tooMany, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';
import {
  readGetMetadata,
  readGetQuota,
  readIdentifierCommand,
  readSetAcl,
  readSetMetadata,
  readSetQuota,
} from './read-access-command.ts';
import {
  readCreate,
  readList,
  readLsub,
  readMailboxCommand,
  readRename,
  readSelect,
  readStatus,
} from './read-mailbox-command.ts';
import { readNotify } from './read-mailbox-filter.ts';
import { readCopy, readExpunge, readFetch, readStore } from './read-message-command.ts';
import { readCancelUpdate, readEsearch } from './read-search-command.ts';
import { readSearch, readSort, readThread } from './read-search-command.ts';

type Reader = (tag: string, cursor: Cursor) => Command;
type MessageReader = (tag: string, cursor: Cursor, uid: boolean) => Command;

const bare =
  (name: BareName): Reader =>
  (tag, cursor) => {
    cursor.end();
    return { tag, name };
  };

/** Those that UID may stand before, too. */
const messageReaders: Readonly<Record<string, MessageReader>> = {
  COPY: (tag, cursor, uid) => readCopy(tag, cursor, { name: 'copy', uid }),
  EXPUNGE: readExpunge,
  FETCH: readFetch,
  MOVE: (tag, cursor, uid) => readCopy(tag, cursor, { name: 'move', uid }),
  SEARCH: readSearch,
  SORT: readSort,
  STORE: readStore,
  THREAD: readThread,
};

const readers: Readonly<Record<string, Reader>> = {
  AUTHENTICATE: readAuthenticate,
  CANCELUPDATE: readCancelUpdate,
  CAPABILITY: bare('capability'),
  CHECK: bare('check'),
  CLOSE: bare('close'),
  COMPRESS: readCompress,
  CREATE: readCreate,
  DELETE: (tag, cursor) => readMailboxCommand(tag, cursor, 'delete'),
  DELETEACL: (tag, cursor) => readIdentifierCommand(tag, cursor, 'deleteacl'),
  ENABLE: readEnable,
  ESEARCH: readEsearch,
  EXAMINE: (tag, cursor) => readSelect(tag, cursor, 'examine'),
  GETACL: (tag, cursor) => readMailboxCommand(tag, cursor, 'getacl'),
  GETMETADATA: readGetMetadata,
  GETQUOTA: readGetQuota,
  GETQUOTAROOT: (tag, cursor) => readMailboxCommand(tag, cursor, 'getquotaroot'),
  ID: readId,
  IDLE: bare('idle'),
  LIST: readList,
  LISTRIGHTS: (tag, cursor) => readIdentifierCommand(tag, cursor, 'listrights'),
  LOGIN: readLogin,
  LOGOUT: bare('logout'),
  LSUB: readLsub,
  MYRIGHTS: (tag, cursor) => readMailboxCommand(tag, cursor, 'myrights'),
  NAMESPACE: bare('namespace'),
  NOOP: bare('noop'),
  NOTIFY: readNotify,
  RENAME: readRename,
  SELECT: (tag, cursor) => readSelect(tag, cursor, 'select'),
  SETACL: readSetAcl,
  SETMETADATA: readSetMetadata,
  SETQUOTA: readSetQuota,
  STARTTLS: bare('starttls'),
  STATUS: readStatus,
  SUBSCRIBE: (tag, cursor) => readMailboxCommand(tag, cursor, 'subscribe'),
  UNAUTHENTICATE: bare('unauthenticate'),
  UNSELECT: bare('unselect'),
  UNSUBSCRIBE: (tag, cursor) => readMailboxCommand(tag, cursor, 'unsubscribe'),
};

/** Read a piece at a time, elsewhere. */
const streamed: ReadonlySet<string> = new Set(['APPEND', 'REPLACE']);

/**
 * Reads a command that has come in whole. Throws `SyntaxFault`: `imap.bad-tag` ·
 * `imap.unknown-command` · `imap.bad-arguments` · `imap.bad-set` · `imap.bad-flag` ·
 * `imap.bad-base64` · `imap.literal-missing` · `imap.bad-charset` (NO [BADCHARSET]) ·
 * `imap.bad-mailbox` (NO [CANNOT]) · `imap.too-many` and `imap.too-long`, beyond a limit.
 *
 * @example
 * readCommand([ascii('a1 UID FETCH 1:* FLAGS')], { utf8: false })
 * // { tag: 'a1', name: 'fetch', uid: true, set: [{ from: 1, to: '*' }], items: …, … }
 */
export function readCommand(parts: CommandParts, options: CommandOptions): Command {
  const cursor = new Cursor(parts, options);
  const { tag, word, uid } = readBeginning(cursor);
  const messageReader = Object.hasOwn(messageReaders, word) ? messageReaders[word] : undefined;
  if (messageReader !== undefined) return messageReader(tag, cursor, uid);
  const reader = Object.hasOwn(readers, word) ? readers[word] : undefined;
  if (reader === undefined || uid) {
    if (streamed.has(word)) throw wrong('APPEND and REPLACE are read a piece at a time');
    throw new SyntaxFault('imap.unknown-command', 'Unknown command');
  }
  return reader(tag, cursor);
}

const tagText = /[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;

/** Tag and command word; behind them comes a space or the end. */
export function readBeginning(cursor: Cursor): {
  readonly tag: string;
  readonly word: string;
  readonly uid: boolean;
} {
  const tag = cursor.match(tagText);
  if (tag === '' || tag.length > imapLimits.tagOctetsMax || !cursor.skip(' ')) {
    throw new SyntaxFault('imap.bad-tag', 'A command begins with a tag');
  }
  const uid = cursor.skipWord('UID');
  if (uid) cursor.space();
  return { tag, word: cursor.word(), uid };
}

// ---------------------------------------------------------------- the session

/** RFC 9051 §6.2.3. */
function readLogin(tag: string, cursor: Cursor): Command {
  cursor.space();
  const user = cursor.astringText();
  cursor.space();
  const password = cursor.astringText();
  cursor.end();
  return { tag, name: 'login', user, password };
}

const mechanismForm = /^[A-Z0-9_-]{1,20}$/;
const initialText = /[^ ]*/y;

/** RFC 9051 §6.2.2; RFC 4959 (SASL-IR). */
function readAuthenticate(tag: string, cursor: Cursor): Command {
  cursor.space();
  const mechanism = cursor.word();
  if (!mechanismForm.test(mechanism)) throw wrong('Not the name of a mechanism');
  let initial: Uint8Array | null = null;
  if (!cursor.isAtEnd) {
    cursor.space();
    initial = decodeSasl(cursor.match(initialText));
  }
  cursor.end();
  return { tag, name: 'authenticate', mechanism, initial };
}

/**
 * A client's answer to a challenge, null for `*`, with which it gives up. Throws `SyntaxFault`
 * `imap.bad-base64`. RFC 9051 §6.2.2.
 */
export function readSaslAnswer(line: Uint8Array): Uint8Array | null {
  const text = latin1(line);
  return text === '*' ? null : decodeSasl(text);
}

/** `=` alone stands for no octets. */
function decodeSasl(text: string): Uint8Array {
  if (text.length > imapLimits.saslOctetsMax) throw tooMany('The answer is too long');
  const octets = text === '=' ? new Uint8Array(0) : decodeBase64(text);
  if (octets === null) throw new SyntaxFault('imap.bad-base64', 'Not base64');
  return octets;
}

/** RFC 5161 §3.1. */
function readEnable(tag: string, cursor: Cursor): Command {
  const capabilities: string[] = [];
  while (capabilities.length === 0 || !cursor.isAtEnd) {
    if (capabilities.length === imapLimits.listEntriesMax) throw tooMany('Too many capabilities');
    cursor.space();
    capabilities.push(cursor.word());
  }
  cursor.end();
  return { tag, name: 'enable', capabilities };
}

/** RFC 2971 §3.1, §4. */
function readId(tag: string, cursor: Cursor): Command {
  cursor.space();
  const read = () => {
    const name = cursor.stringText();
    cursor.space();
    const value = cursor.skipWord('NIL') ? null : cursor.stringText();
    if (name.length > imapLimits.idKeyOctetsMax) throw tooMany('A name is too long');
    if ((value?.length ?? 0) > imapLimits.idValueOctetsMax) throw tooMany('A value is too long');
    return [name, value] as const;
  };
  const fields = cursor.skipWord('NIL')
    ? []
    : cursor.list(read, { min: 0, max: imapLimits.idFieldsMax });
  cursor.end();
  return { tag, name: 'id', fields };
}

/** RFC 4978 §3. */
function readCompress(tag: string, cursor: Cursor): Command {
  cursor.space();
  const mechanism = cursor.word();
  cursor.end();
  return { tag, name: 'compress', mechanism };
}
