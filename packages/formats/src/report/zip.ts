/**
 * The directory of a zip archive, as far as reports come in one: names, places and sizes, none of
 * them believed beyond the octets that are there. No encryption, no zip64, no parts on other disks:
 * reports need none of it. APPNOTE.TXT §4.3.
 */

import { latin1 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { zipLimits } from './limits.ts';

export interface ZipMember {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  /** As it lies in the archive. */
  readonly content: Uint8Array;
}

const endSignature = 0x06_05_4b_50;
const entrySignature = 0x02_01_4b_50;
const memberSignature = 0x04_03_4b_50;

/** Members that can be read; folders, and what is encrypted or packed otherwise, are left out. */
export function readZip(archive: Uint8Array): readonly ZipMember[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const members: ZipMember[] = [];
  for (let index = 0; index < Math.min(count, zipLimits.membersMax); index += 1) {
    if (at + 46 > end || view.getUint32(at, true) !== entrySignature) {
      throw new SyntaxFault('zip.directory', 'the directory of the archive is damaged');
    }
    const nameLength = view.getUint16(at + 28, true);
    const name = latin1(archive.subarray(at + 46, at + 46 + nameLength));
    const member = readMember(view, archive, { at, name });
    if (member !== null) members.push(member);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

function findEnd(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= 0 && at >= last - zipLimits.tailMax; at -= 1) {
    if (view.getUint32(at, true) === endSignature) return at;
  }
  throw new SyntaxFault('zip.end', 'the archive has no end');
}

function readMember(
  view: DataView,
  archive: Uint8Array,
  { at, name }: { readonly at: number; readonly name: string },
): ZipMember | null {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const size = view.getUint32(at + 20, true);
  const place = view.getUint32(at + 42, true);
  if ((flags & 1) !== 0 || (method !== 0 && method !== 8) || name.endsWith('/')) return null;
  if (place + 30 > view.byteLength || view.getUint32(place, true) !== memberSignature) {
    throw new SyntaxFault('zip.member', 'a member of the archive is not where it should be');
  }
  const start = place + 30 + view.getUint16(place + 26, true) + view.getUint16(place + 28, true);
  if (start + size > view.byteLength) throw new SyntaxFault('zip.cut', 'the archive is cut off');
  return {
    name,
    method: method === 0 ? 'stored' : 'deflated',
    content: archive.subarray(start, start + size),
  };
}
