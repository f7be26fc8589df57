/**
 * `npm test`: every test of the repository in one run of Node's test runner, in random order, two
 * files at a time. Pure tests share one process (tests/pure.ts); whatever opens sockets or files
 * gets a process of its own. `npm test -- smtp` runs the files whose path contains "smtp".
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isAllRequired, programs, whyMissing } from './programs.ts';
import { isPure, listTests } from './test-files.ts';

const filters = process.argv.slice(2);
const matches = (path: string): boolean =>
  filters.length === 0 || filters.some((filter) => path.includes(filter));
const files = listTests().filter(matches);
const pure = files.filter(isPure);
const others = files.filter((path) => !isPure(path));

const missing = programs.map(whyMissing).filter((why) => why !== null);
for (const why of missing) console.log(`NOT RUN HERE: tests that need ${why}`);
if (missing.length > 0 && isAllRequired) {
  console.log('MERPATI_REQUIRE_ALL=1: what is missing above is a fault.');
  process.exit(1);
}
if (files.length === 0) {
  console.log(`No test file matches ${filters.join(' ')}.`);
  process.exit(1);
}

const seed = process.env['TEST_SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));
console.log(`${files.length} test files. To run them in this order again: TEST_SEED=${seed}`);

const runner = spawn(
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    '--test',
    '--test-reporter=spec',
    '--test-concurrency=2',
    '--test-timeout=600000',
    `--test-random-seed=${seed}`,
    ...(pure.length > 0 ? ['tests/pure.ts'] : []),
    ...others,
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env: testEnvironment() },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
runner.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0));
});

/** Without MERPATI_…: that is configuration, and a server started by a test would read it. */
function testEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('MERPATI_'));
  return {
    ...Object.fromEntries(own),
    TEST_SEED: seed,
    TEST_PURE: pure.join('\n'),
    TEST_REQUIRE_ALL: isAllRequired ? '1' : '0',
  };
}
