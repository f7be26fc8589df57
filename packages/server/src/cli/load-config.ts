/** Reads the configuration for a command; what is wrong with it becomes one failure. */

import { problemWords, type ConfigProblem } from '../config/problem.ts';
import { readConfig, type ConfigRead } from '../config/read.ts';
import type { Config } from '../config/schema.ts';
import { fill } from './cli.ts';
import { Failure } from './failure.ts';
import { language, say } from './language.ts';

export function loadConfig(
  file: string | null,
  data: string | null,
): { readonly config: Config; readonly read: ConfigRead } {
  const env = data === null ? process.env : { ...process.env, MERPATI_DATA: data };
  const read = readConfig({ file, env });
  if (read.config !== null) return { config: read.config, read };
  throw new Failure('config.wrong', 'failed', {
    what: say('cannot use the configuration', 'konfigurasi tidak bisa dipakai'),
    why: file ?? say('environment variables', 'variabel lingkungan'),
    next: read.problems.map(problemLine).join('\n'),
  });
}

/** `listen.smpt: There is no such key. Did you mean listen.smtp?` */
export function problemLine(problem: ConfigProblem): string {
  const sentence = fill(problemWords[problem.code][language()], problem.args);
  return problem.path === '' ? sentence : `${problem.path}: ${sentence}`;
}
