/**
 * What has happened in the selected mailbox, as untagged responses: EXPUNGE or VANISHED, EXISTS,
 * FETCH or UIDFETCH. RFC 9051 §7.4, §7.5; RFC 7162 §3.2.10 (VANISHED); RFC 9586 §3 (UIDONLY).
 */

import { flagName } from '@merpati/formats/imap/response-writer.ts';
import type { SystemFlag } from '@merpati/formats/imap/search-key.ts';
import { setOf, writeSequenceSet } from '@merpati/formats/imap/sequence-set.ts';
import { type FlagRow, flagBits } from '@merpati/store/contract.ts';
import type { Modes } from '../modes.ts';
import { recentBit, tellRecent, withRecent } from '../recent.ts';
import type { Session } from '../session.ts';
import type { View } from './view.ts';

export interface TellOptions {
  readonly expungesAllowed: boolean;
  /** Changes of flags are told too. */
  readonly flags: boolean;
}

/** Answers how many messages went, and how many came. */
export async function tellUpdates(
  session: Session,
  view: View,
  { expungesAllowed, flags }: TellOptions,
): Promise<{ readonly vanished: number; readonly arrived: number }> {
  const before = view.count;
  const { modes } = session;
  const updates = await view.take({
    expungesAllowed,
    expungesHaveNumbers: !modes.qresync && !modes.uidOnly,
    changesHaveNumbers: !modes.uidOnly,
  });
  const { vanished, expunged, exists, changed } = updates;
  if (vanished.length > 0 && (modes.qresync || modes.uidOnly)) {
    session.put(`* VANISHED ${writeSequenceSet(setOf(vanished))}\r\n`);
  } else if (expunged !== null) {
    for (const number of expunged) await session.send(`* ${number} EXPUNGE\r\n`);
  }
  if (exists !== null) session.put(`* ${exists} EXISTS\r\n`);
  await tellRecent(session, session.open);
  for (const row of flags ? changed : []) {
    session.learnKeywords(row.keywords);
    await session.send(writeChange(withRecent(session, row), view, modes));
  }
  return { vanished: vanished.length, arrived: view.count - before + vanished.length };
}

function writeChange(row: FlagRow, view: View, modes: Modes): string {
  const facts = `${writeFlagsItem(row)}${modes.condstore ? ` ${writeModseqItem(row)}` : ''}`;
  if (modes.uidOnly) return `* ${row.uid} UIDFETCH (${facts})\r\n`;
  const uid = modes.qresync || modes.rev2 ? `UID ${row.uid} ` : '';
  return `* ${view.numberOf(row.uid)} FETCH (${uid}${facts})\r\n`;
}

/** @example 'FLAGS (\\Seen $Junk)' */
export function writeFlagsItem(row: Pick<FlagRow, 'flags' | 'keywords'>): string {
  const system = systemFlags(row.flags);
  if (row.keywords.length === 0) return `FLAGS (${system})`;
  return `FLAGS (${[system, ...row.keywords].join(' ').trim()})`;
}

/** @example 'MODSEQ (12)' */
export function writeModseqItem(row: Pick<FlagRow, 'modseq'>): string {
  return `MODSEQ (${row.modseq})`;
}

const shown: readonly SystemFlag[] = ['answered', 'flagged', 'deleted', 'seen', 'draft'];

/** All sums of bits there can be, written once: a listing asks for them by the hundred thousand. */
const written = Array.from({ length: 128 }, (_, bits) => {
  const flags = shown.filter((flag) => (bits & flagBits[flag]) !== 0).map(flagName);
  return [...flags, ...((bits & recentBit) === 0 ? [] : ['\\Recent'])].join(' ');
});

function systemFlags(bits: number): string {
  return written[bits & 127] ?? '';
}
