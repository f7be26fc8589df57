/**
 * Items that are answered without opening a message: flags, dates, ids, and what the store has at
 * hand of its head and structure. RFC 9051 §7.5.2; RFC 8474 §5; RFC 8514 §4; RFC 8970 §3.
 */

import { pickFields } from '@merpati/formats/imap/header-fields.ts';
import { writeDateTime, writeNstring } from '@merpati/formats/imap/response-writer.ts';
import type { FlagRow } from '@merpati/store/contract.ts';
import type { AccountId, Uid } from '@merpati/store/ids.ts';
import type { DetailRow } from '@merpati/store/search.ts';
import { writeEmailId, writeThreadId } from '../object-ids.ts';
import { writeFlagsItem, writeModseqItem } from '../view/tell.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { FetchPlan, PlannedItem } from './plan.ts';

/** One message of an answer. */
export interface Told {
  readonly owner: AccountId;
  /** `* 7 FETCH (` or `* 7 UIDFETCH (`. */
  readonly start: string;
  /** Messages from this one up to this uid are wanted too. */
  readonly last: Uid;
  /** What is known of every message. */
  readonly of: Pick<FlagRow, 'uid' | 'email' | 'content' | 'size'>;
  /** null: nothing of it was asked for. */
  readonly row: FlagRow | null;
  /** What the store has at hand; null when nothing of it was asked for. */
  readonly detail: DetailRow | null;
  /** `\Seen` was set by this very command, so that the flags must be told. */
  readonly isNewlySeen: boolean;
}

/** Whether all of the answer can be written from what the store has at hand. */
export function isAtHand(plan: FetchPlan, detail: DetailRow | null): boolean {
  if (plan.opensBodies) return false;
  return plan.details.every((kind) => {
    // Who asks lazily is told NIL; threads are no matter of the body.
    if (kind === 'thread' || (kind === 'preview' && isLazy(plan))) return true;
    return detail !== null && detail[kind] !== null;
  });
}

function isLazy(plan: FetchPlan): boolean {
  return plan.items.every((item) => item.item !== 'preview' || item.lazy);
}

/** Answers whether the item was written; false: the message must be opened for it. */
export function writeRowItem(answer: AnswerBuffer, told: Told, planned: PlannedItem): boolean {
  const { of, detail, owner } = told;
  switch (planned.item) {
    case 'uid':
      answer.text(`UID ${of.uid}`);
      return true;
    case 'flags':
      answer.text(writeFlagsItem(rowOf(told)));
      return true;
    case 'modseq':
      answer.text(writeModseqItem(rowOf(told)));
      return true;
    case 'internaldate':
      answer.text(`INTERNALDATE ${writeDateTime(rowOf(told).internalDateMs)}`);
      return true;
    case 'savedate':
      answer.text(`SAVEDATE ${writeDateTime(rowOf(told).savedMs)}`);
      return true;
    case 'rfc822.size':
      answer.text(`RFC822.SIZE ${of.size}`);
      return true;
    case 'emailid':
      answer.text(`EMAILID (${writeEmailId(owner, of.email)})`);
      return true;
    case 'threadid': {
      const thread = detail?.thread ?? null;
      answer.text(`THREADID ${thread === null ? 'NIL' : `(${writeThreadId(owner, thread)})`}`);
      return true;
    }
    case 'preview': {
      const preview = detail?.preview ?? null;
      if (preview === null && !planned.lazy) return false;
      answer.text('PREVIEW ');
      answer.piece(writeNstring(preview));
      return true;
    }
    case 'envelope':
      return writeOctets(answer, 'ENVELOPE ', detail?.envelope ?? null);
    case 'bodystructure':
      return writeOctets(answer, 'BODYSTRUCTURE ', detail?.structure ?? null);
    case 'body':
      return writeOctets(answer, 'BODY ', detail?.plainStructure ?? null);
    case 'fields':
      return writeFields(answer, planned, detail?.head ?? null);
    case 'body-octets':
      return false;
    default:
      return planned satisfies never;
  }
}

function rowOf({ row }: Told): FlagRow {
  if (row === null) throw new Error('a row that was not asked for');
  return row;
}

function writeOctets(answer: AnswerBuffer, name: string, octets: Uint8Array | null): boolean {
  if (octets === null) return false;
  answer.text(name);
  answer.octets(octets);
  return true;
}

function writeFields(
  answer: AnswerBuffer,
  { names, of }: Extract<PlannedItem, { item: 'fields' }>,
  head: Uint8Array | null,
): boolean {
  if (head === null) return false;
  const ranges: number[] = [];
  let size = 2;
  pickFields(head, names, (start, end) => {
    ranges.push(start, end);
    size += end - start;
  });
  // A last field without its line end, because the message ends there.
  const isTorn = ranges.length > 0 && head[ranges.at(-1)! - 1] !== 10;
  answer.octets(of.label);
  answer.text(` {${isTorn ? size + 2 : size}}\r\n`);
  for (let at = 0; at < ranges.length; at += 2) {
    answer.octets(head.subarray(ranges[at], ranges[at + 1]));
  }
  answer.text(isTorn ? '\r\n\r\n' : '\r\n');
  return true;
}
