/** What is measured in a large mailbox, one command after the other. */

import { firstDateMs, rareWord } from './mailbox.ts';

export interface Row {
  readonly name: string;
  /** Commands that are timed together; `last` is the number of the last message. */
  readonly commands: (last: number) => readonly string[];
  /** Puts things back, untimed. */
  readonly undo?: (last: number) => readonly string[];
  /** Measured once after a start with nothing in memory, too. */
  readonly isCold?: boolean;
  /** Takes long: fewer repetitions. */
  readonly isLong?: boolean;
}

const thunderbird =
  'BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority ' +
  'References Newsgroups In-Reply-To Content-Type Reply-To)]';

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function imapDate(ms: number): string {
  const date = new Date(ms);
  return `${date.getUTCDate()}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
}

export const rows: readonly Row[] = [
  { name: 'SELECT', commands: () => ['UNSELECT', 'SELECT INBOX'], isCold: true },
  { name: 'STATUS', commands: () => ['STATUS Sent (MESSAGES UIDNEXT UNSEEN)'], isCold: true },
  { name: 'FETCH 1:* (UID FLAGS)', commands: () => ['FETCH 1:* (UID FLAGS)'], isCold: true },
  { name: 'FETCH 1:* ENVELOPE', commands: () => ['FETCH 1:* ENVELOPE'], isCold: true },
  { name: 'FETCH 1:* BODYSTRUCTURE', commands: () => ['FETCH 1:* BODYSTRUCTURE'], isCold: true },
  {
    name: "Thunderbird's header fetch",
    commands: () => [`UID FETCH 1:* (UID RFC822.SIZE FLAGS ${thunderbird})`],
    isCold: true,
    isLong: true,
  },
  {
    name: 'all bodies',
    commands: () => ['FETCH 1:* BODY.PEEK[]'],
    isCold: true,
    isLong: true,
  },
  {
    name: 'a page of 50',
    commands: (last) => [`FETCH ${last - 49}:${last} (UID FLAGS INTERNALDATE ENVELOPE)`],
    isCold: true,
  },
  { name: 'SEARCH SUBJECT', commands: () => ['SEARCH SUBJECT "kabar 4210"'], isCold: true },
  { name: 'SEARCH FROM', commands: () => ['SEARCH FROM orang77@'], isCold: true },
  { name: 'SEARCH BODY', commands: () => [`SEARCH BODY ${rareWord}`], isCold: true, isLong: true },
  { name: 'SEARCH TEXT', commands: () => [`SEARCH TEXT ${rareWord}`], isCold: true, isLong: true },
  { name: 'SEARCH UNSEEN', commands: () => ['SEARCH UNSEEN'], isCold: true },
  {
    name: 'SEARCH SINCE',
    commands: (last) => [`SEARCH SENTSINCE ${imapDate(firstDateMs + last * 570_000)}`],
    isCold: true,
  },
  { name: 'SORT DATE', commands: () => ['SORT (REVERSE DATE) UTF-8 ALL'], isCold: true },
  { name: 'SORT SUBJECT', commands: () => ['SORT (SUBJECT) UTF-8 ALL'], isCold: true },
  { name: 'THREAD', commands: () => ['THREAD REFERENCES UTF-8 ALL'], isCold: true },
  {
    name: 'STORE 1',
    commands: (last) => [`STORE ${last} +FLAGS.SILENT (\\Flagged)`],
    undo: (last) => [`STORE ${last} -FLAGS.SILENT (\\Flagged)`],
  },
  {
    name: 'STORE 10,000',
    commands: (last) => [`STORE 1:${Math.min(last, 10_000)} +FLAGS.SILENT (\\Flagged)`],
    undo: (last) => [`STORE 1:${Math.min(last, 10_000)} -FLAGS.SILENT (\\Flagged)`],
  },
  {
    name: 'COPY 1,000',
    commands: () => ['COPY 1:1000 Sent'],
    undo: () => ['SELECT Sent', 'STORE 1:* +FLAGS.SILENT (\\Deleted)', 'EXPUNGE', 'SELECT INBOX'],
  },
];
