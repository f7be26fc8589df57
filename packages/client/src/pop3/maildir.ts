/**
 * Writing into a Maildir so that a message is there whole or not at all: written and synced in
 * `tmp`, renamed into `new`, the folder synced. https://cr.yp.to/proto/maildir.html
 */

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export class Maildir {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folders where they are missing; mail is for its owner's eyes. */
  static async open(path: string): Promise<Maildir> {
    for (const name of ['tmp', 'new', 'cur']) {
      await mkdir(join(path, name), { recursive: true, mode: 0o700 });
    }
    await syncFolder(path);
    return new Maildir(path);
  }

  /**
   * Writes what comes into `tmp/name` and syncs it; answers the octets written. Whatever was there
   * under that name is overwritten; when writing fails nothing is left.
   */
  async stage(name: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    const path = join(this.path, 'tmp', name);
    const file = await open(path, 'w', 0o600);
    try {
      const written = await writeAll(file, content);
      await file.sync();
      return written;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  /** Moves `tmp/staged` to `new/name`. Without `staged` nothing happens: it was moved before. */
  async publish(staged: string, name: string): Promise<'moved' | 'missing'> {
    try {
      await rename(join(this.path, 'tmp', staged), join(this.path, 'new', name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
      throw error;
    }
    await syncFolder(join(this.path, 'new'));
    return 'moved';
  }
}

async function writeAll(file: FileHandle, content: AsyncIterable<Uint8Array>): Promise<number> {
  let written = 0;
  for await (const octets of content) {
    let from = 0;
    while (from < octets.length) {
      const { bytesWritten } = await file.write(octets, from);
      from += bytesWritten;
    }
    written += octets.length;
  }
  return written;
}

/** Makes what was created or renamed in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
