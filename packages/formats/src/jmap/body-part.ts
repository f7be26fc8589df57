/**
 * The parts of a message as a mail program wants them: which to show as text, which as HTML, which
 * to offer as files. RFC 8621 §4.1.4.
 */

import { findParameter } from '../message/parameter.ts';
import { fileNameOf, type Part } from '../message/part.ts';

/** What decides where a part belongs; the rest is read of the part when asked. */
export interface BodyPart {
  readonly part: Part;
  /** Unique within the message; null: it holds others. */
  readonly partId: string | null;
  /** In lower case. */
  readonly type: string;
  readonly name: string | null;
  readonly disposition: string | null;
  readonly subParts: readonly BodyPart[] | null;
}

export interface BodyLists {
  readonly text: readonly BodyPart[];
  readonly html: readonly BodyPart[];
  readonly attachments: readonly BodyPart[];
}

/** Messages within the message are left closed: they are files of their own here. */
export function bodyPartOf(part: Part): BodyPart {
  const isMultipart = part.type.type === 'multipart';
  return {
    part,
    partId: isMultipart ? null : part.path,
    type: part.type.value,
    name: fileNameOf(part),
    disposition: part.disposition?.value ?? null,
    subParts: isMultipart ? part.parts.map(bodyPartOf) : null,
  };
}

/** RFC 8621 §4.1.4: us-ascii where a text does not say; null for what is no text. */
export function charsetOf({ part }: BodyPart): string | null {
  if (part.type.type !== 'text') return null;
  return findParameter(part.type, 'charset') ?? 'us-ascii';
}

/** RFC 3282: tags with commas between them. */
export function languagesOf({ part }: BodyPart): readonly string[] | null {
  const { language } = part.written;
  if (language === null) return null;
  const tags = language.replaceAll(/\([^()]*\)/gu, ' ').split(/[\s,]+/u);
  return tags.filter((tag) => tag !== '');
}

/** Sorts the parts into what is read and what is downloaded. */
export function sortParts(root: BodyPart): BodyLists {
  const lists = { text: [], html: [], attachments: [] };
  sortWithin([root], { kind: 'mixed', isInAlternative: false }, lists);
  return lists;
}

interface Lists {
  /** null: the parts that follow are another form of what is there. */
  text: BodyPart[] | null;
  html: BodyPart[] | null;
  readonly attachments: BodyPart[];
}

interface Around {
  /** Subtype of the multipart. */
  readonly kind: string;
  readonly isInAlternative: boolean;
}

function sortWithin(parts: readonly BodyPart[], around: Around, given: Lists): void {
  const lists = { ...given };
  const before = { text: lists.text?.length ?? -1, html: lists.html?.length ?? -1 };
  for (const [index, part] of parts.entries()) {
    if (part.subParts !== null) {
      const kind = part.type.slice('multipart/'.length);
      const isInAlternative = around.isInAlternative || kind === 'alternative';
      sortWithin(part.subParts, { kind, isInAlternative }, lists);
    } else if (!isShown(part, index === 0, around.kind)) lists.attachments.push(part);
    else if (around.kind === 'alternative') addForm(part, lists);
    else {
      if (around.isInAlternative) leaveOtherForm(part, lists);
      lists.text?.push(part);
      lists.html?.push(part);
      const isOnlyInOne = lists.text === null || lists.html === null;
      if (isOnlyInOne && isMedia(part.type)) lists.attachments.push(part);
    }
  }
  if (around.kind === 'alternative') fillMissingForm(lists, before);
}

/** Part of what is read, not a file beside it. */
function isShown({ type, name, disposition }: BodyPart, isFirst: boolean, kind: string): boolean {
  if (disposition === 'attachment') return false;
  const isText = type === 'text/plain' || type === 'text/html';
  if (!isText && !isMedia(type)) return false;
  if (isFirst) return true;
  // What follows in multipart/related is used by the first one; a text with a name is a file.
  return kind !== 'related' && (isMedia(type) || name === null || name === '');
}

function isMedia(type: string): boolean {
  return /^(?:image|audio|video)\//u.test(type);
}

function addForm(part: BodyPart, { text, html, attachments }: Lists): void {
  if (part.type === 'text/plain') text?.push(part);
  else if (part.type === 'text/html') html?.push(part);
  else attachments.push(part);
}

/** Deeper within an alternative, a text decides for which form the rest of its multipart is. */
function leaveOtherForm({ type }: BodyPart, lists: Lists): void {
  if (type === 'text/plain') lists.html = null;
  if (type === 'text/html') lists.text = null;
}

/** An alternative that has one form only stands in both lists. */
function fillMissingForm(
  { text, html }: Lists,
  before: { readonly text: number; readonly html: number },
): void {
  if (text === null || html === null) return;
  const hasNewText = text.length !== before.text;
  const hasNewHtml = html.length !== before.html;
  if (!hasNewText && hasNewHtml) text.push(...html.slice(before.html));
  if (!hasNewHtml && hasNewText) html.push(...text.slice(before.text));
}

/** Is there a file that is not merely shown within the text? */
export function hasAttachment({ attachments }: BodyLists): boolean {
  return attachments.some(({ disposition, part, type }) => {
    if (disposition === 'inline') return false;
    return disposition === 'attachment' || part.contentId === null || !isMedia(type);
  });
}
