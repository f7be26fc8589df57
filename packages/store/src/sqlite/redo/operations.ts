/** Operations as the redo log keeps them: without the octets of bodies, which stand beside them. */

import type { Operation, PackedBody } from '../operations.ts';
import type { PlacedBody } from '../writer/blobs.ts';

type Redoable = Extract<Operation, { name: 'accept' | 'append' }>;

/** segment, offset, stored size, raw size */
type PackedPlace = readonly [number, number, number, number];

interface Kept {
  readonly operation: Redoable;
  readonly places: readonly PackedPlace[];
}

/** An operation with the places of its bodies, ready to be done. */
export interface Placed<T extends Operation = Operation> {
  readonly operation: T;
  readonly bodies: readonly PlacedBody[];
}

/** What only adds messages, all of them small, can be done again from the log. */
export function isRedoable(operation: Operation): operation is Redoable {
  if (operation.name === 'accept') return operation.take.body.spool === null;
  if (operation.name !== 'append' || operation.take.replaces !== null) return false;
  return operation.take.messages.every(({ body }) => body.spool === null);
}

const bare = (body: PackedBody): PackedBody => ({ ...body, raw: null });

/** As the log keeps it; its bodies lie in the segment. */
export function withoutOctets(operation: Redoable): Redoable {
  if (operation.name === 'accept') {
    return { name: 'accept', take: { ...operation.take, body: bare(operation.take.body) } };
  }
  const messages = operation.take.messages.map((each) => ({ ...each, body: bare(each.body) }));
  return { name: 'append', take: { ...operation.take, messages } };
}

/** Of operations without octets. */
export function writeOperations(tasks: readonly Placed<Redoable>[]): string {
  const kept = tasks.map(({ operation, bodies }): Kept => {
    const places = bodies.map(({ place }): PackedPlace => {
      return [place.segment, place.offset, place.storedSize, place.rawSize];
    });
    return { operation, places };
  });
  return JSON.stringify(kept);
}

export function readOperations(text: string): Placed<Redoable>[] {
  return (JSON.parse(text) as Kept[]).map(({ operation, places }) => {
    const packed =
      operation.name === 'accept'
        ? [operation.take.body]
        : operation.take.messages.map(({ body }) => body);
    const bodies = packed.map((body, index): PlacedBody => {
      const [segment = 0, offset = 0, storedSize = 0, rawSize = 0] = places[index] ?? [];
      const { size, unterminated } = body;
      const hash = Buffer.from(body.hash, 'latin1');
      return { hash, size, unterminated, place: { segment, offset, storedSize, rawSize } };
    });
    return { operation, bodies };
  });
}
