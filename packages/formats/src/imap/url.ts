/**
 * IMAP URLs of messages and their parts, relative to the user's own server, as CATENATE takes them.
 * RFC 5092 §5 to §7, §9 (grammar); RFC 4469 §3.
 */

import { readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { Cursor } from './cursor.ts';
import type { FetchPartial, Section } from './fetch-item.ts';
import { imapLimits } from './limits.ts';
import { readMailboxName } from './mailbox-name.ts';
import { readSection } from './read-fetch-item.ts';

export interface MessageUrl {
  /** null: the selected mailbox. */
  readonly mailbox: string | null;
  /** null: whatever it is. */
  readonly uidValidity: number | null;
  readonly uid: number;
  /** The whole message when none is given. */
  readonly section: Section;
  readonly partial: FetchPartial | null;
}

const whole: Section = { part: [], text: null, fields: [] };

const form = new RegExp(
  [
    /^(?:\/(?<mailbox>[^;/][^;]*?))?/u,
    /(?:;UIDVALIDITY=(?<validity>[1-9]\d{0,9}))?/u,
    /\/?;UID=(?<uid>[1-9]\d{0,9})/u,
    /(?:\/;SECTION=(?<section>[^;/]+))?/u,
    /(?:\/;PARTIAL=(?<first>\d{1,15})(?:\.(?<count>[1-9]\d{0,9}))?)?$/u,
  ]
    .map(({ source }) => source)
    .join(''),
  'iu',
);

/**
 * Reads `/mailbox;UIDVALIDITY=n/;UID=n/;SECTION=s/;PARTIAL=n.n`; without a mailbox the selected one
 * is meant. Throws `SyntaxFault` `imap.bad-url`, also for other servers' and for authorised URLs.
 *
 * @example
 * readMessageUrl('/Drafts/;UID=20/;SECTION=1.2');
 * // { mailbox: 'Drafts', uidValidity: null, uid: 20, section: { part: [1, 2], … }, partial: null }
 */
export function readMessageUrl(url: string): MessageUrl {
  const found = url.length > imapLimits.lineOctetsMax ? null : form.exec(url);
  const groups = found?.groups;
  if (groups === undefined) throw badUrl();
  const { mailbox, validity, section, first, count } = groups;
  const uid = Number(groups['uid']);
  const uidValidity = validity === undefined ? null : Number(validity);
  if (Math.max(uid, uidValidity ?? 0, Number(count ?? 1)) > imapLimits.numberMax) throw badUrl();
  return {
    mailbox: mailbox === undefined ? null : readName(mailbox),
    uidValidity,
    uid,
    section: section === undefined ? whole : readSectionText(unescape(section)),
    partial:
      first === undefined
        ? null
        : {
            first: Number(first),
            count: count === undefined ? imapLimits.numberMax : Number(count),
          },
  };
}

function badUrl(): SyntaxFault {
  return new SyntaxFault('imap.bad-url', 'Not the URL of a message of yours');
}

/** RFC 5092 §9 (enc-mailbox): UTF-8, with what is not allowed in a URL as `%` and digits. */
function readName(encoded: string): string {
  try {
    return readMailboxName(unescape(encoded), { utf8: true });
  } catch {
    throw badUrl();
  }
}

function readSectionText(octets: Uint8Array): Section {
  const text = readUtf8(octets);
  try {
    if (text === null || /[\0\r\n\]]/u.test(text)) throw badUrl();
    return readSection(new Cursor([utf8(`${text}]`)], { utf8: true }));
  } catch {
    throw badUrl();
  }
}

function unescape(text: string): Uint8Array {
  if (/%(?![0-9A-Fa-f]{2})/u.test(text)) throw badUrl();
  const octets: number[] = [];
  for (const piece of text.split(/(%[0-9A-Fa-f]{2})/u)) {
    if (piece.startsWith('%')) octets.push(Number.parseInt(piece.slice(1), 16));
    else for (const octet of utf8(piece)) octets.push(octet);
  }
  return Uint8Array.from(octets);
}
