/** CRCs of rows whose octets go out to clients: SQLite does not notice bit rot within a row. */

import { crc32 } from 'node:zlib';

export function contentCrc(row: {
  readonly hash: Uint8Array;
  readonly prefix: Uint8Array;
  readonly meta: string;
  readonly size: number;
}): number {
  return crc32(row.prefix, crc32(row.hash, crc32(row.meta, row.size >>> 0)));
}

export function queueMessageCrc(row: {
  readonly hash: Uint8Array;
  readonly prefix: Uint8Array;
}): number {
  return crc32(row.prefix, crc32(row.hash));
}
