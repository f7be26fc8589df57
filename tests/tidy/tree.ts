/** The files of the repository: what git knows and what is new; without git, what lies there. */

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

let names: readonly string[] | null = null;

export function listFiles(pattern: RegExp): string[] {
  names ??= listByGit() ?? listByLooking();
  return names.filter((name) => pattern.test(name));
}

/** null: no git, or an unpacked archive. */
function listByGit(): readonly string[] | null {
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const all = listed.split('\0').filter((name) => name !== '');
    return all.filter((name) => existsSync(join(root, name))).sort();
  } catch {
    // Then by looking.
    return null;
  }
}

function listByLooking(): readonly string[] {
  const places = ['*', '.ci/*', '{packages,tests,bench,docs}/**/*'];
  const found = globSync(places, {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => entry.name === 'node_modules',
  });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
