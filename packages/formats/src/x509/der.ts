/**
 * Values in DER, as far as certificates need them: tag, length, content. ITU-T X.690 §8.1, §10.1;
 * one-octet tags only, since X.509 has no others.
 */

import { SyntaxFault } from '../syntax-fault.ts';

export interface DerValue {
  readonly tag: number;
  /** The content alone. */
  readonly content: Uint8Array;
  /** Tag and length too. */
  readonly whole: Uint8Array;
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
} as const;

/** Values side by side in one; honest certificates have a few dozen at most. */
const valuesMax = 4096;

/** The values that stand in `octets` one after the other. Throws `SyntaxFault`. */
export function readDer(octets: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at < octets.length) {
    if (values.length === valuesMax) throw malformed();
    const value = readOne(octets, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

function readOne(octets: Uint8Array, at: number): DerValue {
  const tag = octets[at] ?? 0;
  const first = octets[at + 1];
  if (first === undefined || (tag & 0x1f) === 0x1f) throw malformed();
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // 16 MiB is more than any certificate; none at all is the indefinite form, which DER forbids.
    if (count === 0 || count > 3) throw malformed();
    length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + (octets[start + i] ?? 0);
    start += count;
  }
  const end = start + length;
  if (end > octets.length) throw malformed();
  return { tag, content: octets.subarray(start, end), whole: octets.subarray(at, end) };
}

const malformed = () => new SyntaxFault('der.form', 'these octets are no DER');
