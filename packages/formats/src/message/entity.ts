/**
 * Bodies of parts within parts as they go out, with delimiters that none of them contains. RFC
 * 2046 §5.1.
 */

import { ascii, indexOf, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { encodeContent } from './content-encoder.ts';
import type { WrittenEncoding } from './content-encoder.ts';
import { writeField, writeParameterField } from './field-writer.ts';

/** Content with what its head says of it. */
export interface Leaf {
  /** Whole fields with line ends, without Content-Transfer-Encoding. */
  readonly fields: string;
  readonly encoding: WrittenEncoding;
  readonly bytes: Uint8Array;
}

export interface Composite {
  /** `multipart/mixed`. */
  readonly type: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly parts: readonly Entity[];
}

export type Entity = Leaf | Composite;

/** Characters of a seed that are used: a boundary has at most 70. */
const seedLengthMax = 48;

/**
 * Writes the fields of the outermost entity, the empty line and the body, in chunks of bounded
 * size. `head` is what stands in front. The seed makes the boundaries; it must differ between
 * messages.
 */
export function* writeEntity(head: string, entity: Entity, seed: string): Generator<Uint8Array> {
  const base = makeBoundaryBase(entity, seed);
  const counter = { next: 1 };
  yield utf8(head);
  yield* writePart(entity, base, counter);
}

function* writePart(
  entity: Entity,
  base: string,
  counter: { next: number },
): Generator<Uint8Array> {
  if ('parts' in entity) {
    const boundary = `${base}_${counter.next}`;
    counter.next += 1;
    const parameters = [...entity.parameters, ['boundary', boundary] as const];
    yield utf8(`${writeParameterField('Content-Type', entity.type, parameters)}\r\n`);
    for (const part of entity.parts) {
      yield ascii(`--${boundary}\r\n`);
      yield* writePart(part, base, counter);
      yield ascii('\r\n');
    }
    yield ascii(`--${boundary}--\r\n`);
    return;
  }
  const encoding = writeField('Content-Transfer-Encoding', [entity.encoding]);
  yield utf8(`${entity.fields}${encoding}\r\n`);
  yield* encodeContent(entity.bytes, entity.encoding);
}

/**
 * `=_` occurs neither in base64 nor in quoted-printable, so only content that goes out as it is
 * can contain the boundary; then the boundary grows.
 */
function makeBoundaryBase(entity: Entity, seed: string): string {
  const clean = seed.replace(/[^A-Za-z0-9]/gu, '').slice(0, seedLengthMax);
  if (clean === '') throw new SyntaxFault('boundary.no-seed', 'a boundary needs letters or digits');
  const verbatim = leavesOf(entity).filter(
    (leaf) => leaf.encoding === '7bit' || leaf.encoding === '8bit',
  );
  let base = `=_${clean}`;
  for (let tries = 0; verbatim.some((leaf) => indexOf(leaf.bytes, ascii(base)) >= 0); tries += 1) {
    base = `=_${tries}x${clean}`;
  }
  return base;
}

function leavesOf(entity: Entity): Leaf[] {
  return 'parts' in entity ? entity.parts.flatMap(leavesOf) : [entity];
}
