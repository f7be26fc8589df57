/** Room kept free on the disk: intake stops before the log or the database can find it full. */

import { statfsSync } from 'node:fs';

export interface Reserve {
  readonly directory: string;
  /** Free octets below which nothing is taken in. */
  readonly bytes: number;
}

export function hasReserve(reserve: Reserve): boolean {
  return freeBytes(reserve.directory) >= reserve.bytes;
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
