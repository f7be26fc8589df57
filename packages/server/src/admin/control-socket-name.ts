/** Where the control socket lies, and how to address it when its path is long. */

import { closeSync, openSync } from 'node:fs';
import path from 'node:path';

/** sun_path has 108 octets with its end. unix(7). */
const pathBytesMax = 100;

export const controlSocketFile = (folder: string): string => path.join(folder, 'control.sock');

/**
 * The name to bind or connect to. A path that is too long for a socket address is reached through
 * the folder's file descriptor (Linux). Call `done` when bound or connected.
 */
export function socketName(file: string): { readonly name: string; readonly done: () => void } {
  if (Buffer.byteLength(file) <= pathBytesMax) return { name: file, done: () => {} };
  const folder = openSync(path.dirname(file), 'r');
  return {
    name: `/proc/self/fd/${folder}/${path.basename(file)}`,
    done: () => closeSync(folder),
  };
}
