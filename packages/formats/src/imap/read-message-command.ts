/**
 * FETCH, STORE, COPY, MOVE and EXPUNGE. RFC 9051 §6.4.5–§6.4.9; RFC 7162 §3.1.3, §3.1.4, §3.2.6;
 * RFC 9394 §3.3 (PARTIAL).
 */

import type { Command, CommandOf } from './command.ts';
import { type Cursor, wrong } from './cursor.ts';
import { readFetchItems } from './read-fetch-item.ts';
import { readFlags } from './read-flags.ts';
import { readPartialRange } from './read-search-command.ts';

type FetchModifiers = Pick<CommandOf<'fetch'>, 'changedSince' | 'vanished' | 'partial'>;

const noModifiers: FetchModifiers = { changedSince: null, vanished: false, partial: null };

/** More than there are, so that a list of them ends. */
const modifiersMax = 8;

export function readFetch(tag: string, cursor: Cursor, uid: boolean): Command {
  cursor.space();
  const set = cursor.messageSet();
  cursor.space();
  const items = readFetchItems(cursor);
  const modifiers = cursor.isAtEnd ? noModifiers : readModifiers(cursor, uid);
  cursor.end();
  return { tag, name: 'fetch', uid, set, items, ...modifiers };
}

function readModifiers(cursor: Cursor, uid: boolean): FetchModifiers {
  cursor.space();
  const all = cursor.list(() => readModifier(cursor), { max: modifiersMax });
  const modifiers: FetchModifiers = Object.assign({ ...noModifiers }, ...all);
  // RFC 7162 §3.2.6.
  if (modifiers.vanished && (!uid || modifiers.changedSince === null)) {
    throw wrong('VANISHED goes with UID FETCH and CHANGEDSINCE');
  }
  return modifiers;
}

function readModifier(cursor: Cursor): Partial<FetchModifiers> {
  const word = cursor.word();
  switch (word) {
    case 'CHANGEDSINCE':
      cursor.space();
      return { changedSince: cursor.number64() };
    case 'VANISHED':
      return { vanished: true };
    case 'PARTIAL':
      cursor.space();
      return { partial: readPartialRange(cursor) };
    default:
      throw wrong('Not a modifier of FETCH');
  }
}

const storeItemText = /[+-]?FLAGS(?:\.SILENT)?/iy;

export function readStore(tag: string, cursor: Cursor, uid: boolean): Command {
  cursor.space();
  const set = cursor.messageSet();
  cursor.space();
  let unchangedSince: number | null = null;
  if (cursor.skip('(')) {
    if (!cursor.skipWord('UNCHANGEDSINCE')) throw wrong('Not a modifier of STORE');
    cursor.space();
    unchangedSince = cursor.number64();
    cursor.expect(')');
    cursor.space();
  }
  const item = cursor.match(storeItemText).toUpperCase();
  if (item === '') throw wrong('Only FLAGS can be stored');
  cursor.space();
  const flags = readFlags(cursor);
  cursor.end();
  const op = item.startsWith('+') ? 'add' : item.startsWith('-') ? 'remove' : 'set';
  const isSilent = item.endsWith('.SILENT');
  return { tag, name: 'store', uid, set, op, isSilent, flags, unchangedSince };
}

export function readCopy(
  tag: string,
  cursor: Cursor,
  what: { readonly name: 'copy' | 'move'; readonly uid: boolean },
): Command {
  cursor.space();
  const set = cursor.messageSet();
  cursor.space();
  const mailbox = cursor.mailbox();
  cursor.end();
  return { tag, ...what, set, mailbox };
}

export function readExpunge(tag: string, cursor: Cursor, uid: boolean): Command {
  if (!uid) {
    cursor.end();
    return { tag, name: 'expunge', uid, set: null };
  }
  cursor.space();
  const set = cursor.messageSet();
  cursor.end();
  return { tag, name: 'expunge', uid, set };
}
