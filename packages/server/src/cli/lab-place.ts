/** Where a lab keeps its data, and how `--lab` finds it: a link in a folder of the user's own. */

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import { Failure } from './failure.ts';
import { say } from './language.ts';
import { currentLab, labFolder } from './places.ts';

export interface LabPlace {
  readonly folder: string;
  /** Kept when the lab ends. */
  readonly isKept: boolean;
  /** Makes it the one that `--lab` means. */
  announce(): void;
  /** Takes the link away, and the data unless it is kept. */
  leave(): void;
}

export function openLabPlace(data: string | null): LabPlace {
  const runtime = labFolder(process.env);
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(runtime);
  if ((process.getuid !== undefined && uid !== process.getuid()) || (mode & 0o022) !== 0) {
    throw new Failure('lab.folder', 'notAllowed', {
      what: say('cannot start the lab', 'lab tidak bisa dimulai'),
      why: say(`${runtime} is not this user's own`, `${runtime} bukan milik user ini`),
      next: say(
        'Set XDG_RUNTIME_DIR to a folder of your own.',
        'Isi XDG_RUNTIME_DIR dengan folder sendiri.',
      ),
    });
  }
  sweep(runtime);
  const folder = data === null ? path.join(runtime, `data-${process.pid}`) : path.resolve(data);
  const link = path.join(runtime, 'current');
  return {
    folder,
    isKept: data !== null,
    announce() {
      const fresh = `${link}.${process.pid}`;
      rmSync(fresh, { force: true });
      symlinkSync(folder, fresh);
      renameSync(fresh, link);
    },
    leave() {
      if (currentLab(process.env) === folder) unlinkSync(link);
      if (data === null) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What labs have left that were killed. */
function sweep(runtime: string): void {
  for (const name of readdirSync(runtime)) {
    const pid = Number(/^data-(\d+)$/.exec(name)?.[1]);
    if (!(pid > 0) || existsSync(`/proc/${pid}`) || isAlive(pid)) continue;
    rmSync(path.join(runtime, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
