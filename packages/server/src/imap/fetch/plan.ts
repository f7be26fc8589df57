/**
 * What a FETCH needs of the store, found out once for all messages that it names. RFC 9051 §6.4.5.
 */

import type { FetchItem, PlainItem, Section } from '@merpati/formats/imap/fetch-item.ts';
import { FieldNames } from '@merpati/formats/imap/header-fields.ts';
import { joinPieces, writeSection } from '@merpati/formats/imap/response-writer.ts';
import { type DetailKind, isDetailField } from '@merpati/store/search.ts';
import type { Modes } from '../modes.ts';

/** An item with what stands in front of its value, ready to be sent. */
export type PlannedItem =
  | { readonly item: PlainItem }
  | { readonly item: 'preview'; readonly lazy: boolean }
  /** Fields that the store keeps at hand. */
  | { readonly item: 'fields'; readonly names: FieldNames; readonly of: BodyItem }
  | BodyItem;

/** An item for which the message itself must be opened. */
export interface BodyItem {
  readonly item: 'body-octets';
  /** `BODY[…]<…>`. */
  readonly label: Uint8Array;
  readonly ask: Extract<FetchItem, { item: 'section' | 'binary' | 'binary.size' }>;
}

export interface FetchPlan {
  /** In the order of the answer. */
  readonly items: readonly PlannedItem[];
  /** Flags, uids and modseqs suffice. */
  readonly isLight: boolean;
  /** Nothing is asked for that changes: what the index has at hand suffices. */
  readonly isFixed: boolean;
  readonly details: readonly DetailKind[];
  /** Each message must be opened, whatever the store has at hand. */
  readonly opensBodies: boolean;
  /** Of the body only all of it: nothing need be looked for in there. */
  readonly isWhole: boolean;
  /** Sets `\Seen`. */
  readonly marksSeen: boolean;
  /** Hands out what was written, not only who wrote it: a matter of the journey. */
  readonly readsText: boolean;
}

export interface PlanOptions {
  readonly isUid: boolean;
  /** CHANGEDSINCE: each answer tells its modseq. RFC 7162 §3.1.4.1. */
  readonly tellsModseq: boolean;
  readonly modes: Modes;
}

export function planFetch(asked: readonly FetchItem[], options: PlanOptions): FetchPlan {
  const wanted = withImplied(asked, options);
  const items = wanted.map(planItem);
  const opensBodies = items.some(({ item }) => item === 'body-octets');
  // What lies in the body is taken from there when it is opened anyway.
  const kept = (kind: DetailKind) => !opensBodies || kind === 'thread' || kind === 'preview';
  const details = [...new Set(items.flatMap(detailsFor))].filter(kept);
  return {
    items,
    isLight: items.every(({ item }) => item === 'flags' || item === 'uid' || item === 'modseq'),
    isFixed: !opensBodies && details.length > 0 && !items.some(({ item }) => changing.has(item)),
    details,
    opensBodies,
    isWhole: items.every(isWhole),
    marksSeen: asked.some((ask) => 'peek' in ask && !ask.peek),
    readsText: asked.some(readsText),
  };
}

function isWhole(planned: PlannedItem): boolean {
  if (planned.item !== 'body-octets') return ofRows.has(planned.item);
  const { ask } = planned;
  if (ask.item !== 'section' || ask.partial !== null) return false;
  return ask.section.part.length === 0 && ask.section.text === null;
}

/** What is written from the row of a message, whatever else is known of it. */
const ofRows: ReadonlySet<PlannedItem['item']> = new Set([
  'emailid',
  'flags',
  'internaldate',
  'modseq',
  'rfc822.size',
  'savedate',
  'uid',
]);

/** Items that only a row of the mailbox itself tells. */
const changing: ReadonlySet<PlannedItem['item']> = new Set([
  'flags',
  'internaldate',
  'modseq',
  'savedate',
]);

/** UID and MODSEQ that were not asked for but belong to the answer. */
function withImplied(asked: readonly FetchItem[], options: PlanOptions): readonly FetchItem[] {
  const { isUid, modes, tellsModseq } = options;
  const has = (name: PlainItem) => asked.some(({ item }) => item === name);
  const uid: readonly FetchItem[] = isUid && !modes.uidOnly && !has('uid') ? [{ item: 'uid' }] : [];
  const modseq: readonly FetchItem[] = tellsModseq && !has('modseq') ? [{ item: 'modseq' }] : [];
  return [...uid, ...asked, ...modseq];
}

function planItem(ask: FetchItem): PlannedItem {
  if (ask.item === 'binary' || ask.item === 'binary.size') {
    return { item: 'body-octets', label: binaryLabel(ask), ask };
  }
  if (ask.item !== 'section') return ask;
  const of: BodyItem = { item: 'body-octets', label: sectionLabel(ask), ask };
  return isAtHand(ask.section) && ask.partial === null
    ? { item: 'fields', names: new FieldNames(ask.section.fields), of }
    : of;
}

function isAtHand({ part, text, fields }: Section): boolean {
  if (part.length > 0 || text !== 'header.fields') return false;
  return fields.every((name) => isDetailField(name.toLowerCase()));
}

function sectionLabel(ask: Extract<FetchItem, { item: 'section' }>): Uint8Array {
  const { section, partial, oldName } = ask;
  if (oldName !== null) return Buffer.from(oldName, 'latin1');
  const origin = partial === null ? '' : `<${partial.first}>`;
  return joinPieces(['BODY[', writeSection(section), `]${origin}`]);
}

function binaryLabel(ask: Extract<FetchItem, { item: 'binary' | 'binary.size' }>): Uint8Array {
  const origin = ask.item === 'binary' && ask.partial !== null ? `<${ask.partial.first}>` : '';
  return Buffer.from(`${ask.item.toUpperCase()}[${ask.part.join('.')}]${origin}`, 'latin1');
}

const detailsOf: Partial<Readonly<Record<PlannedItem['item'], DetailKind>>> = {
  body: 'plainStructure',
  bodystructure: 'structure',
  envelope: 'envelope',
  fields: 'head',
  preview: 'preview',
  threadid: 'thread',
};

function detailsFor({ item }: PlannedItem): readonly DetailKind[] {
  const kind = detailsOf[item];
  return kind === undefined ? [] : [kind];
}

function readsText(ask: FetchItem): boolean {
  if (ask.item === 'binary') return true;
  return ask.item === 'section' && (ask.section.text === null || ask.section.text === 'text');
}
