/** Changes of a zone, sent to its server. RFC 2136 §2; the classes that mean removal §2.5. */

import { emptyMessage, typeCodes, writeDnsMessage, type RecordData } from './message.ts';

const soa = 6;
const classes = { in: 1, none: 254, any: 255 } as const;
const updateOpcode = 5;

export type ZoneChange =
  | {
      readonly kind: 'add';
      readonly name: string;
      readonly ttlSeconds: number;
      readonly data: RecordData;
    }
  /** That very record. */
  | { readonly kind: 'remove'; readonly name: string; readonly data: RecordData }
  /** All records of that type. */
  | { readonly kind: 'clear'; readonly name: string; readonly type: keyof typeof typeCodes };

/**
 * The octets of an UPDATE, not signed yet.
 * @example
 * writeUpdate(7, 'a.test', [{ kind: 'clear', name: 'b.a.test', type: 'TXT' }]).length; // 38
 */
export function writeUpdate(id: number, zone: string, changes: readonly ZoneChange[]): Uint8Array {
  return writeDnsMessage({
    ...emptyMessage,
    id,
    opcode: updateOpcode,
    questions: [{ name: zone, type: soa, class: classes.in }],
    authorities: changes.map((change) => {
      const { name } = change;
      switch (change.kind) {
        case 'add':
          return { name, class: classes.in, ttlSeconds: change.ttlSeconds, data: change.data };
        case 'remove':
          return { name, class: classes.none, ttlSeconds: 0, data: change.data };
        case 'clear': {
          const code = typeCodes[change.type];
          const data = { type: 'other', code, data: new Uint8Array(0) } as const;
          return { name, class: classes.any, ttlSeconds: 0, data };
        }
        default:
          return change satisfies never;
      }
    }),
  });
}
