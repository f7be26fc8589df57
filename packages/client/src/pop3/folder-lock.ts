/**
 * One fetch at a time in a folder, also when cron starts the next before the last has ended. The
 * lock is a socket address of the operating system, which is free again whatever becomes of the
 * process: nothing stays behind that somebody would have to judge and remove.
 */

import { stat } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class FolderLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Null when somebody has it. */
  static async take(folder: string): Promise<FolderLock | null> {
    const { dev, ino } = await stat(folder);
    const name = `merpati-fetch-${dev}-${ino}`;
    // LIMIT: without Linux's abstract addresses a killed process leaves a file that blocks the
    // folder.
    const address = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
    const server = createServer((socket) => socket.destroy());
    const isTaken = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(false);
        else reject(error);
      });
      server.listen(address, () => resolve(true));
    });
    if (!isTaken) return null;
    server.unref();
    return new FolderLock(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
