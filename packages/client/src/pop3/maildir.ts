/**
 * Writing into a Maildir so that a message is there whole or not at all: written and synced in
 * `tmp`, renamed into `new`, the folder synced. https://cr.yp.to/proto/maildir.html
 */

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A message in `tmp`, still open. */
export interface StagedFile {
  readonly name: string;
  readonly octets: number;
  readonly file: FileHandle;
}

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
   * Writes what comes into `tmp/name`. Whatever was there under that name is overwritten; when
   * writing fails nothing is left. Not on disk before `settle`.
   */
  async stage(name: string, content: AsyncIterable<Uint8Array>): Promise<StagedFile> {
    const path = join(this.path, 'tmp', name);
    const file = await open(path, 'w', 0o600);
    try {
      return { name, octets: await writeAll(file, content), file };
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Resolves when all of them are on disk; syncing many together costs little more than one. */
  async settle(files: readonly StagedFile[]): Promise<void> {
    try {
      await Promise.all(files.map(({ file }) => file.sync()));
      await syncFolder(join(this.path, 'tmp'));
    } finally {
      await Promise.all(files.map(({ file }) => file.close()));
    }
  }

  /** Moves each `tmp/staged` to `new/file`; what is not in `tmp` was moved before. */
  async publish(
    moves: readonly { readonly staged: string; readonly file: string }[],
  ): Promise<void> {
    for (const { staged, file } of moves) {
      try {
        await rename(join(this.path, 'tmp', staged), join(this.path, 'new', file));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    await syncFolder(join(this.path, 'new'));
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
