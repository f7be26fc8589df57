/** Contents of messages as they come, however large. RFC 9051 §6.4.5. */

import { utf8 } from '@merpati/formats/bytes.ts';
import { literalAtEnd, type ResponseParts } from '@merpati/formats/imap/response-reader.ts';
import type { FetchedAttributes } from '@merpati/formats/imap/response-fetch.ts';
import type { Response } from '@merpati/formats/imap/response.ts';
import { faultOf } from './fault.ts';
import { isEndOf, type Session } from './session.ts';

export interface Download {
  readonly uid: number;
  /** Its octets; must be read to its end before the next message is asked for. */
  readonly octets: number;
  readonly content: AsyncIterable<Uint8Array>;
}

const pieceOctetsMax = 65_536;
const noOctets = new Uint8Array(0);
const closing = utf8(')');

export async function* download(
  session: Session,
  what: { readonly uids: string; readonly section: string },
): AsyncGenerator<Download, void, void> {
  const turn = await session.begin();
  let isOver = false;
  try {
    await session.say(turn, [`UID FETCH ${what.uids} (UID BODY.PEEK[${what.section}])`]);
    for (;;) {
      const line = await session.connection.readLine();
      const found = findBody(session, line);
      if (found === null) {
        const response = await takeRest(session, line);
        if (isEndOf(turn, response)) {
          isOver = true;
          if (response.condition !== 'OK') throw faultOf(response, 'UID FETCH');
          return;
        }
        if (response.kind === 'fetch') yield* wholeBody(response.fetched);
        continue;
      }
      const content = new LiteralContent(session, found.octets);
      yield { uid: found.uid, octets: found.octets, content };
      if (content.left > 0) return; // The end of the connection: see below.
      await takeTail(session, line);
    }
  } finally {
    if (!isOver) session.connection.destroy();
    turn.end();
  }
}

/** A line that ends where a body begins, with the UID before it. */
function findBody(session: Session, line: Uint8Array): { uid: number; octets: number } | null {
  const octets = literalAtEnd(line, { isFirst: true });
  if (octets === null) return null;
  const start = session.understand([line, { literal: noOctets }, closing]);
  if (start.kind !== 'fetch') return null;
  const { uid, sections } = start.fetched;
  return uid === null || sections.size !== 1 ? null : { uid, octets };
}

/** Reads on where a response is not one of a body. */
async function takeRest(session: Session, line: Uint8Array): Promise<Response> {
  return session.take(await collect(session, line));
}

/** What follows the body: more items, or the closing parenthesis. */
async function takeTail(session: Session, line: Uint8Array): Promise<void> {
  const rest = await collect(session, await session.connection.readLine(), false);
  session.take([line, { literal: noOctets }, ...rest]);
}

/** Lines and literals from this line on; literals are collected. */
async function collect(
  session: Session,
  first: Uint8Array,
  isFirst = true,
): Promise<ResponseParts> {
  const parts: ResponseParts[number][] = [first];
  let octets = literalAtEnd(first, { isFirst });
  while (octets !== null) {
    parts.push({ literal: await session.connection.readLiteral(octets) });
    const line = await session.connection.readLine();
    parts.push(line);
    octets = literalAtEnd(line, { isFirst: false });
  }
  return parts;
}

/** Where the UID comes behind the body, or the body in quotes: then it is here as a whole. */
function* wholeBody({ uid, sections }: FetchedAttributes): Generator<Download> {
  const [octets] = sections.values();
  if (uid === null || octets === undefined || octets === null) return;
  yield { uid, octets: octets.length, content: onePiece(octets) };
}

async function* onePiece(octets: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  if (octets.length > 0) yield octets;
}

class LiteralContent implements AsyncIterable<Uint8Array> {
  readonly #session: Session;
  left: number;

  constructor(session: Session, octets: number) {
    this.#session = session;
    this.left = octets;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    while (this.left > 0) {
      const piece = await this.#session.connection.readOctets(Math.min(this.left, pieceOctetsMax));
      this.left -= piece.length;
      yield piece;
    }
  }
}
