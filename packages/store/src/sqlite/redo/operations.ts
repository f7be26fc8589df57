/**
 * Operations as the redo log keeps them: without the octets of bodies, which stand beside them, and
 * with the numbers that were next, so that what is done again gets the same ones.
 */

import type { Operation, PackedBody } from '../operations.ts';
import type { PlacedBody } from '../writer/blobs.ts';
import type { NextNumbers } from '../writer/sequences.ts';

type Redoable = Extract<Operation, { name: 'accept' | 'append' | 'claim' | 'settle' }>;

/** segment, offset, stored size, raw size */
type PackedPlace = readonly [number, number, number, number];

interface Kept {
  readonly operation: Redoable;
  readonly places: readonly PackedPlace[];
}

interface KeptGroup {
  readonly next: NextNumbers;
  readonly kept: readonly Kept[];
}

/** An operation with the places of its bodies, ready to be done. */
export interface Placed<T extends Operation = Operation> {
  readonly operation: T;
  readonly bodies: readonly PlacedBody[];
}

/** What only adds small messages, and the way of the queue, can be done again from the log. */
export function isRedoable(operation: Operation): operation is Redoable {
  const { name, take } = operation;
  if (name === 'accept') return take.body.spool === null;
  if (name === 'settle') return take.notices.length === 0;
  if (name !== 'append') return name === 'claim';
  return take.replaces === null && take.messages.every(({ body }) => body.spool === null);
}

const bare = (body: PackedBody): PackedBody => ({ ...body, raw: null });

/** As the log keeps it; its bodies lie in the segment. */
export function withoutOctets(operation: Redoable): Redoable {
  switch (operation.name) {
    case 'accept':
      return { name: 'accept', take: { ...operation.take, body: bare(operation.take.body) } };
    case 'append': {
      const messages = operation.take.messages.map((each) => ({ ...each, body: bare(each.body) }));
      return { name: 'append', take: { ...operation.take, messages } };
    }
    case 'claim':
    case 'settle':
      return operation;
    default:
      return operation satisfies never;
  }
}

/** Of operations without octets. */
export function writeOperations(tasks: readonly Placed<Redoable>[], next: NextNumbers): string {
  const kept = tasks.map(({ operation, bodies }): Kept => {
    const places = bodies.map(({ place }): PackedPlace => {
      return [place.segment, place.offset, place.storedSize, place.rawSize];
    });
    return { operation, places };
  });
  return JSON.stringify({ next, kept } satisfies KeptGroup);
}

export function readOperations(text: string): {
  readonly next: NextNumbers;
  readonly operations: readonly Placed<Redoable>[];
} {
  const { next, kept } = JSON.parse(text) as KeptGroup;
  return { next, operations: kept.map(placed) };
}

function placed({ operation, places }: Kept): Placed<Redoable> {
  const bodies = bodiesOf(operation).map((body, index): PlacedBody => {
    const [segment = 0, offset = 0, storedSize = 0, rawSize = 0] = places[index] ?? [];
    const { size, unterminated } = body;
    const hash = Buffer.from(body.hash, 'latin1');
    return { hash, size, unterminated, place: { segment, offset, storedSize, rawSize } };
  });
  return { operation, bodies };
}

function bodiesOf(operation: Redoable): readonly PackedBody[] {
  if (operation.name === 'accept') return [operation.take.body];
  return operation.name === 'append' ? operation.take.messages.map(({ body }) => body) : [];
}
