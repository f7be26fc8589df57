/** All pure test files in one process; tests/run.ts says which. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './tidy/tree.ts';

for (const path of (process.env['TEST_PURE'] ?? '').split('\n').filter((line) => line !== '')) {
  await import(pathToFileURL(join(root, path)).href);
}
