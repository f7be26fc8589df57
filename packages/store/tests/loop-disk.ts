/**
 * A file system of its own in a file, for tests that cut its power or fill it up. Needs root, loop
 * devices and (for power cuts) Python, because Node has no ioctl.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type FileSystem = 'ext4' | 'xfs' | 'tmpfs';

/** Why such a disk cannot be had here; null: it can. */
export function whyNoDisk(kind: FileSystem): string | null {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  if (kind === 'tmpfs') return null;
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices';
  const hasTool = ['/sbin', '/usr/sbin', '/usr/bin'].some((at) => existsSync(`${at}/mkfs.${kind}`));
  return hasTool ? null : `mkfs.${kind} is not installed`;
}

/** SHUTDOWN of ext4 and GOINGDOWN of xfs: the same number; 2: without flushing the log. */
const powerCut = `
import fcntl, os, struct, sys, time
disk = os.open(sys.argv[1], os.O_RDONLY)
print(time.monotonic_ns())
fcntl.ioctl(disk, 0x8004587d, struct.pack("I", 2))`;

export class LoopDisk implements AsyncDisposable {
  readonly directory: string;
  readonly #folder: string;
  readonly #kind: FileSystem;
  readonly #options: string[];
  #isMounted = false;

  private constructor(folder: string, kind: FileSystem, options: string[]) {
    this.#folder = folder;
    this.#kind = kind;
    this.#options = options;
    this.directory = join(folder, 'mount');
  }

  static async create(kind: FileSystem, bytes: number): Promise<LoopDisk> {
    const folder = await mkdtemp(join(tmpdir(), `merpati-${kind}-`));
    const image = join(folder, 'image');
    const options =
      kind === 'tmpfs' ? ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs'] : ['-o', 'loop', image];
    const disk = new LoopDisk(folder, kind, options);
    await mkdir(disk.directory);
    if (kind !== 'tmpfs') {
      const file = await open(image, 'w');
      await file.truncate(bytes);
      await file.close();
      await run(`mkfs.${kind}`, [kind === 'ext4' ? '-F' : '-f', '-q', image], { env: withSbin });
    }
    await disk.mount();
    return disk;
  }

  async mount(): Promise<void> {
    await run('mount', [...this.#options, this.directory], { env: withSbin });
    this.#isMounted = true;
  }

  async unmount(): Promise<void> {
    // Whoever was killed a moment ago may still be on his way out.
    for (let tries = 0; ; tries += 1) {
      try {
        await run('umount', [this.directory], { env: withSbin });
        break;
      } catch (error) {
        if (tries > 50) throw error;
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
    }
    this.#isMounted = false;
  }

  /**
   * What was not synced is gone; everything fails until it is mounted again. Answers when it was,
   * on the machine's monotonic clock (`process.hrtime`).
   */
  async cutPower(): Promise<bigint> {
    if (this.#kind === 'tmpfs') throw new Error('memory has no power to lose');
    const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
    const { stdout } = await run(python, ['-c', powerCut, this.directory]);
    return BigInt(stdout.trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isMounted) await this.unmount();
    await rm(this.#folder, { recursive: true });
  }
}

const withSbin = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/sbin:/usr/sbin` };
