/** Which files are tests, and which of them can share a process. */

import { readText, listFiles } from './tidy/tree.ts';

export function listTests(): string[] {
  return listFiles(/^(packages|tests|bench)\/.*\.test\.ts$/);
}

/** Formats are bytes and values only: nothing of one test can reach another. */
export function isPure(path: string): boolean {
  return path.startsWith('packages/formats/') && !/node:(?!test|assert)/.test(readText(path));
}
