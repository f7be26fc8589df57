/**
 * Commands about metadata, quota and rights. RFC 5464 §4; RFC 9208 §4.1; RFC 4314 §3.
 */

import { latin1 } from '../bytes.ts';
import type { Command, CommandOf } from './command.ts';
import { type Cursor, tooMany, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';

const { listEntriesMax: max } = imapLimits;

// ---------------------------------------------------------------- metadata

type MetadataOptions = Pick<CommandOf<'getmetadata'>, 'depth' | 'maxSize'>;

const noOptions: MetadataOptions = { depth: 0, maxSize: null };

/** RFC 5464 §5 has the options first; its examples, and clients, also behind the mailbox. */
export function readGetMetadata(tag: string, cursor: Cursor): Command {
  cursor.space();
  let options = noOptions;
  if (cursor.next === '(') {
    options = readOptions(cursor);
    cursor.space();
  }
  const mailbox = cursor.mailboxOrServer();
  cursor.space();
  if (options === noOptions && cursor.match(optionsAhead) !== '') {
    options = readOptionsInside(cursor);
    cursor.space();
  }
  const entries = readEntries(cursor);
  cursor.end();
  return { tag, name: 'getmetadata', mailbox, entries, ...options };
}

/** Entries to be told, one or several; with DEPTH also `/private` and `/shared` alone. */
export function readEntries(cursor: Cursor): readonly string[] {
  return cursor.oneOrList(() => readEntry(cursor, { min: 0 }), { max });
}

const optionsAhead = /\((?=[A-Za-z])/y;

function readOptions(cursor: Cursor): MetadataOptions {
  cursor.expect('(');
  return readOptionsInside(cursor);
}

/** Behind the opening bracket. */
function readOptionsInside(cursor: Cursor): MetadataOptions {
  let options = noOptions;
  for (let count = 0; count < max; count += 1) {
    options = { ...options, ...readOption(cursor) };
    if (cursor.skip(')')) return options;
    cursor.space();
  }
  throw tooMany('The list is too long');
}

function readOption(cursor: Cursor): Partial<MetadataOptions> {
  const word = cursor.word();
  cursor.space();
  if (word === 'MAXSIZE') return { maxSize: cursor.number() };
  if (word !== 'DEPTH') throw wrong('Not an option of GETMETADATA');
  const depth = cursor.word();
  switch (depth) {
    case '0':
    case '1':
      return { depth: depth === '0' ? 0 : 1 };
    case 'INFINITY':
      return { depth: 'infinity' };
    default:
      throw wrong('DEPTH is 0, 1 or infinity');
  }
}

export function readSetMetadata(tag: string, cursor: Cursor): Command {
  cursor.space();
  const mailbox = cursor.mailboxOrServer();
  cursor.space();
  const read = () => {
    const entry = readEntry(cursor, { min: 1 });
    cursor.space();
    return { entry, value: cursor.nstring8() };
  };
  const entries = cursor.list(read, { max });
  cursor.end();
  return { tag, name: 'setmetadata', mailbox, entries };
}

const entryForm = /^\/(?:private|shared)(?:\/[!#-$&-)+-.0-~]+)*$/;

/** RFC 5464 §3.2, §5: in any case; no wildcards, no empty components. `min`: of the components. */
function readEntry(cursor: Cursor, { min }: { readonly min: 0 | 1 }): string {
  const octets = cursor.astring();
  if (octets.length > imapLimits.entryNameOctetsMax) throw tooMany('The name is too long');
  const entry = latin1(octets).toLowerCase();
  const isWhole = min === 0 || entry.includes('/', 1);
  if (!isWhole || !entryForm.test(entry)) throw wrong('Not the name of an entry');
  return entry;
}

// ---------------------------------------------------------------- quota

export function readGetQuota(tag: string, cursor: Cursor): Command {
  cursor.space();
  const root = cursor.astringText();
  cursor.end();
  return { tag, name: 'getquota', root };
}

export function readSetQuota(tag: string, cursor: Cursor): Command {
  cursor.space();
  const root = cursor.astringText();
  cursor.space();
  const read = () => {
    const resource = cursor.word();
    cursor.space();
    return { resource, limit: cursor.number64() };
  };
  const limits = cursor.list(read, { min: 0, max });
  cursor.end();
  return { tag, name: 'setquota', root, limits };
}

// ---------------------------------------------------------------- rights

const rightsForm = /^(?<op>[+-]?)(?<rights>[a-z0-9]{0,64})$/;

export function readSetAcl(tag: string, cursor: Cursor): Command {
  cursor.space();
  const mailbox = cursor.mailbox();
  cursor.space();
  const identifier = readIdentifier(cursor);
  cursor.space();
  const found = rightsForm.exec(cursor.astringText())?.groups;
  // RFC 4314 §2: capitals are not rights, and a BAD.
  if (found === undefined) throw wrong('Rights are lower-case letters and digits');
  cursor.end();
  const op = found['op'] === '+' ? 'add' : found['op'] === '-' ? 'remove' : 'set';
  const rights = [...new Set(found['rights'])].join('');
  return { tag, name: 'setacl', mailbox, identifier, op, rights };
}

export function readIdentifierCommand(
  tag: string,
  cursor: Cursor,
  name: 'deleteacl' | 'listrights',
): Command {
  cursor.space();
  const mailbox = cursor.mailbox();
  cursor.space();
  const identifier = readIdentifier(cursor);
  cursor.end();
  return { tag, name, mailbox, identifier };
}

function readIdentifier(cursor: Cursor): string {
  const identifier = cursor.astringText();
  if (identifier === '' || identifier.length > imapLimits.mailboxOctetsMax) {
    throw wrong('Not an identifier');
  }
  return identifier;
}
