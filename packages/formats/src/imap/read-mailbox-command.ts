/**
 * Commands about mailboxes: SELECT, CREATE, RENAME, LIST, LSUB, STATUS. RFC 9051 §6.3; RFC 3501
 * §6.3; RFC 5258 (LIST-EXTENDED); RFC 5819, RFC 6154, RFC 8440, RFC 9590 (what LIST returns); RFC
 * 7162 §3.2.5.
 */

import type { Command, ListReturn, ListSelection, StatusItem } from './command.ts';
import type { CommandOf, MailboxCommandName, QresyncParameters } from './command.ts';
import { type Cursor, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';
import { readEntries } from './read-access-command.ts';
import type { SequenceSet } from './sequence-set.ts';

const { listEntriesMax: max } = imapLimits;

/** A mailbox and nothing else. */
export function readMailboxCommand(tag: string, cursor: Cursor, name: MailboxCommandName): Command {
  cursor.space();
  const mailbox = cursor.mailbox();
  cursor.end();
  return { tag, name, mailbox };
}

export function readSelect(tag: string, cursor: Cursor, name: 'select' | 'examine'): Command {
  cursor.space();
  const mailbox = cursor.mailbox();
  let parameters: Partial<CommandOf<'select'>> = {};
  if (!cursor.isAtEnd) {
    cursor.space();
    parameters = Object.assign({}, ...cursor.list(() => readSelectParameter(cursor), { max }));
  }
  cursor.end();
  return { tag, name, mailbox, condstore: false, qresync: null, ...parameters };
}

function readSelectParameter(cursor: Cursor): Partial<CommandOf<'select'>> {
  if (cursor.skipWord('CONDSTORE')) return { condstore: true };
  if (!cursor.skipWord('QRESYNC')) throw wrong('Not a parameter of SELECT');
  cursor.space();
  return { qresync: readQresync(cursor) };
}

function readQresync(cursor: Cursor): QresyncParameters {
  cursor.expect('(');
  const uidValidity = cursor.positive();
  cursor.space();
  const modseq = cursor.number64();
  let knownUids: SequenceSet | null = null;
  let match: QresyncParameters['match'] = null;
  if (cursor.skip(' ') && cursor.next !== '(') {
    knownUids = readKnown(cursor);
    if (cursor.skip(' ')) match = readMatch(cursor);
  } else if (cursor.next === '(') match = readMatch(cursor);
  cursor.expect(')');
  return { uidValidity, modseq, knownUids, match };
}

function readMatch(cursor: Cursor): QresyncParameters['match'] {
  cursor.expect('(');
  const numbers = readKnown(cursor);
  cursor.space();
  const uids = readKnown(cursor);
  cursor.expect(')');
  return { numbers, uids };
}

/** RFC 7162 §7: `*` is not allowed. */
function readKnown(cursor: Cursor): SequenceSet {
  const set = cursor.set();
  if (set.some(({ from, to }) => from === '*' || to === '*')) throw wrong('* is not known');
  return set;
}

/** A separator at the end is a promise of levels below, not a part of the name. RFC 9051 §6.3.4. */
export function readCreate(tag: string, cursor: Cursor): Command {
  cursor.space();
  const mailbox = cursor.newMailbox();
  let use: readonly string[] = [];
  if (!cursor.isAtEnd) {
    cursor.space();
    cursor.expect('(');
    if (!cursor.skipWord('USE')) throw wrong('Not a parameter of CREATE');
    cursor.space();
    use = cursor.list(() => readUse(cursor), { min: 0, max });
    cursor.expect(')');
  }
  cursor.end();
  return { tag, name: 'create', mailbox, use };
}

function readUse(cursor: Cursor): string {
  cursor.expect('\\');
  return `\\${cursor.atom()}`;
}

export function readRename(tag: string, cursor: Cursor): Command {
  cursor.space();
  const from = cursor.mailbox();
  cursor.space();
  const to = cursor.newMailbox();
  cursor.end();
  return { tag, name: 'rename', from, to };
}

// ---------------------------------------------------------------- LIST

export const noListReturns: ListReturn = {
  subscribed: false,
  children: false,
  specialUse: false,
  myrights: false,
  status: null,
  metadata: null,
};

const selections = ['recursivematch', 'remote', 'special-use', 'subscribed'] as const;

export function readList(tag: string, cursor: Cursor): Command {
  cursor.space();
  let selection: readonly ListSelection[] = [];
  let isExtended = false;
  if (cursor.next === '(') {
    selection = readSelection(cursor);
    isExtended = true;
    cursor.space();
  }
  const reference = cursor.reference();
  cursor.space();
  isExtended ||= cursor.next === '(';
  const patterns = cursor.oneOrList(() => cursor.listPattern(), { max });
  let returns = noListReturns;
  if (!cursor.isAtEnd) {
    cursor.space();
    if (!cursor.skipWord('RETURN')) throw wrong('LIST takes a reference, patterns and RETURN');
    cursor.space();
    const all = cursor.list(() => readListReturn(cursor), { min: 0, max });
    returns = Object.assign({ ...noListReturns }, ...all);
    isExtended = true;
  }
  cursor.end();
  return { tag, name: 'list', reference, patterns, selection, returns, isExtended };
}

function readSelection(cursor: Cursor): readonly ListSelection[] {
  const read = () => {
    const word = cursor.word().toLowerCase();
    const option = selections.find((one) => one === word);
    if (option === undefined) throw wrong('Not a way to select mailboxes');
    return option;
  };
  const chosen = new Set(cursor.list(read, { min: 0, max }));
  // RFC 5258 §3.1: it says how the others match, and is nothing by itself.
  if (chosen.has('recursivematch') && !chosen.has('subscribed') && !chosen.has('special-use')) {
    throw wrong('RECURSIVEMATCH needs another option');
  }
  return [...chosen];
}

function readListReturn(cursor: Cursor): Partial<ListReturn> {
  const word = cursor.word();
  switch (word) {
    case 'SUBSCRIBED':
      return { subscribed: true };
    case 'CHILDREN':
      return { children: true };
    case 'SPECIAL-USE':
      return { specialUse: true };
    case 'MYRIGHTS':
      return { myrights: true };
    case 'STATUS':
      cursor.space();
      return { status: readStatusItems(cursor) };
    case 'METADATA':
      cursor.space();
      return { metadata: readEntries(cursor) };
    default:
      throw wrong('Not something that LIST returns');
  }
}

export function readLsub(tag: string, cursor: Cursor): Command {
  cursor.space();
  const reference = cursor.reference();
  cursor.space();
  const pattern = cursor.listPattern();
  cursor.end();
  return { tag, name: 'lsub', reference, pattern };
}

// ---------------------------------------------------------------- STATUS

const statusItems = [
  'appendlimit',
  'deleted',
  'deleted-storage',
  'highestmodseq',
  'mailboxid',
  'messages',
  'recent',
  'size',
  'uidnext',
  'uidvalidity',
  'unseen',
] as const satisfies readonly StatusItem[];

export function readStatus(tag: string, cursor: Cursor): Command {
  cursor.space();
  const mailbox = cursor.mailbox();
  cursor.space();
  const items = readStatusItems(cursor);
  cursor.end();
  return { tag, name: 'status', mailbox, items };
}

function readStatusItems(cursor: Cursor): readonly StatusItem[] {
  const read = () => {
    const word = cursor.word().toLowerCase();
    const item = statusItems.find((one) => one === word);
    if (item === undefined) throw wrong('Not something that STATUS tells');
    return item;
  };
  return [...new Set(cursor.list(read, { max }))];
}
