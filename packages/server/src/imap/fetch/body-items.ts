/**
 * Answers for which the message itself is opened: sections, decoded parts, and what the store has
 * not at hand yet. Large ones are never in memory as a whole. RFC 9051 §6.4.5, §7.5.2; RFC 3516
 * §4.2, §4.3.
 */

import { writeBodyStructure } from '@merpati/formats/imap/body-structure.ts';
import { writeEnvelope } from '@merpati/formats/imap/envelope.ts';
import type { FetchItem } from '@merpati/formats/imap/fetch-item.ts';
import { writeNstring } from '@merpati/formats/imap/response-writer.ts';
import { type SectionOctets, cutSection, sectionSize } from '@merpati/formats/imap/section.ts';
import type { NumberedPart } from '@merpati/formats/imap/section.ts';
import { createMimeReader } from '@merpati/formats/message/mime.ts';
import { TextGatherer } from '@merpati/formats/message/text.ts';
import type { Session } from '../session.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { MessageBody } from './message-body.ts';
import type { BodyItem, PlannedItem } from './plan.ts';

/** Where an answer goes that may be longer than memory should hold. */
export interface BodyAnswer {
  readonly session: Session;
  readonly answer: AnswerBuffer;
  readonly body: MessageBody;
}

/** false: the part has an encoding that we do not know. */
export async function writeBodyItem(to: BodyAnswer, planned: PlannedItem): Promise<boolean> {
  const { answer, body } = to;
  switch (planned.item) {
    case 'envelope':
      answer.text('ENVELOPE ');
      answer.octets(writeEnvelope(await body.head()));
      return true;
    case 'bodystructure':
    case 'body': {
      const extended = planned.item === 'bodystructure';
      answer.text(extended ? 'BODYSTRUCTURE ' : 'BODY ');
      answer.octets(writeBodyStructure(await body.root(), { extended }));
      return true;
    }
    case 'preview':
      answer.text('PREVIEW ');
      answer.piece(writeNstring(await previewOf(body)));
      return true;
    case 'fields':
      return writeOctets(to, planned.of);
    case 'body-octets':
      return writeOctets(to, planned);
    case 'emailid':
    case 'flags':
    case 'internaldate':
    case 'modseq':
    case 'rfc822.size':
    case 'savedate':
    case 'threadid':
    case 'uid':
      throw new Error(`${planned.item} is no matter of the body`);
    default:
      return planned satisfies never;
  }
}

async function previewOf(body: MessageBody): Promise<string> {
  const gatherer = new TextGatherer();
  const reader = createMimeReader({ onPart: (part) => gatherer.onPart(part) });
  const whole = await body.find({ part: [], text: null, fields: [] });
  if (whole !== null) for await (const chunk of body.read(whole)) reader.write(chunk);
  return gatherer.finish(reader.end().root).preview;
}

async function writeOctets(to: BodyAnswer, { label, ask }: BodyItem): Promise<boolean> {
  if (ask.item === 'section') {
    const found = await to.body.find(ask.section);
    to.answer.octets(label);
    if (found === null) to.answer.text(' NIL');
    else await writeSection(to, cutSection(found, ask.partial));
    return true;
  }
  const part = await to.body.findPart(ask.part);
  // RFC 3516 §4.3: UNKNOWN-CTE.
  if (part !== null && part.encoding === 'unknown') return false;
  to.answer.octets(label);
  if (ask.item === 'binary') await writeBinary(to, part, ask);
  else {
    const size = part === null ? 0 : (await to.body.decodedFacts(decodable(part, ask))).size;
    to.answer.text(` ${size}`);
  }
  return true;
}

async function writeSection(to: BodyAnswer, octets: SectionOctets): Promise<void> {
  const { answer, body } = to;
  answer.text(` {${sectionSize(octets)}}\r\n`);
  if (body.isLarge) await stream(to, body.read(octets));
  else {
    const bytes = await body.bytes();
    for (const { start, end } of octets.ranges) answer.octets(bytes.subarray(start, end));
    answer.octets(octets.tail);
  }
}

type BinaryAsk = Extract<FetchItem, { item: 'binary' | 'binary.size' }>;

/** Only what has content of its own is decoded; the message as such is what it is. */
function decodable(part: NumberedPart, { part: numbers }: BinaryAsk): NumberedPart {
  if (numbers.length === 0 && part.part !== null) {
    return { ...part, body: { start: 0, end: part.body.end }, encoding: 'binary' };
  }
  const isMultipart = part.part?.type.type === 'multipart';
  const isComposite = isMultipart || (part.part?.message ?? null) !== null;
  return isComposite ? { ...part, encoding: 'binary' } : part;
}

async function writeBinary(
  to: BodyAnswer,
  part: NumberedPart | null,
  ask: Extract<BinaryAsk, { item: 'binary' }>,
): Promise<void> {
  if (part === null) {
    to.answer.text(' NIL');
    return;
  }
  const of = decodable(part, ask);
  const { size, hasNul } = await to.body.decodedFacts(of);
  const first = Math.min(ask.partial?.first ?? 0, size);
  const count = Math.min(ask.partial?.count ?? size, size - first);
  // RFC 3516 §4.2: a literal8 where there may be NUL.
  to.answer.text(` ${hasNul ? '~' : ''}{${count}}\r\n`);
  await stream(to, cut(to.body.decoded(of), first, count));
}

async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  first: number,
  count: number,
): AsyncGenerator<Uint8Array> {
  let skip = first;
  let left = count;
  for await (const chunk of chunks) {
    if (left === 0) return;
    const taken = chunk.subarray(skip, skip + left);
    skip = Math.max(0, skip - chunk.length);
    left -= taken.length;
    if (taken.length > 0) yield taken;
  }
}

/**
 * The octets of a literal whose size has been announced. `isSending` is for the caller to take
 * back, when the response is whole.
 */
async function stream(to: BodyAnswer, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const { session, answer, body } = to;
  if (!body.isLarge) {
    for await (const chunk of chunks) answer.octets(chunk);
    return;
  }
  for await (const chunk of chunks) {
    // From here on there is no way back: what was announced must come whole, or the line goes.
    session.isSending = true;
    await session.send(answer.take());
    await session.send(chunk);
  }
}
