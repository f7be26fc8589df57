/** The files of the repository: what git knows, and what is new but not ignored. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export function listFiles(pattern: RegExp): string[] {
  const names = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = names.split('\0').filter((name) => pattern.test(name));
  return files.filter((name) => existsSync(join(root, name))).sort();
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
