/** `merpati config …`: what is wrong with the configuration, and what a key means. */

import type { Command } from 'commander';
import { checkConfig } from '../../config/check.ts';
import { configKeys, type ConfigKey } from '../../config/keys.ts';
import { nearest } from '../../config/nearest.ts';
import { readConfig } from '../../config/read.ts';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { Failure, stableCode } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { problemLine } from '../load-config.ts';
import { findConfigFile } from '../places.ts';
import { wrap } from '../../journey/screen.ts';

export function register(config: Command, cli: () => Cli): void {
  config.helpCommand(false);
  config
    .command('check [file]')
    .summary(say('look for mistakes (exit 8: there are)', 'cari kesalahan (keluar 8: ada)'))
    .action((given: string | undefined) => check(cli(), given ?? cli().globals.config));
  config
    .command('explain [key]')
    .summary(
      say('what a key means; without one, all keys', 'arti sebuah kunci; tanpa kunci, semuanya'),
    )
    .action((key: string | undefined) => explain(cli(), key));
  examples(config, [
    'merpati config check /etc/merpati/merpati.toml',
    'merpati config explain limits.message_bytes_max',
    'merpati config explain queue',
  ]);
}

function check(cli: Cli, given: string | null): void {
  const { output } = cli;
  const { paint } = output;
  const file = findConfigFile(given, process.env);
  const read = readConfig({ file, env: process.env });
  const problems = [...read.problems];
  if (read.config !== null) problems.push(...checkConfig(read.config, Date.now()));
  const errors = problems.filter((one) => one.severity === 'error').length;
  if (errors > 0) process.exitCode = exitCodes.problems;
  const items = problems.map((one) => ({
    ...one,
    code: stableCode(one.code),
    message: problemLine(one),
  }));
  output.value('merpati.config.check/1', { file, items }, () => {
    const where =
      file ??
      say(
        'no file, defaults and environment only',
        'tanpa berkas, hanya nilai bawaan dan lingkungan',
      );
    for (const one of items) {
      const mark = one.severity === 'error' ? paint.bad('✕') : paint.warn('▲');
      output.line(`${mark} ${one.message} ${paint.muted(`[${one.code}]`)}`);
    }
    if (problems.length === 0) output.line(`${paint.ok('✓')} ${where}`);
    else output.note(where);
  });
}

function explain(cli: Cli, asked: string | undefined): void {
  const keys = configKeys();
  const wanted = asked?.toLowerCase().replaceAll(/\[\d*\]/g, '[]');
  const found =
    wanted === undefined
      ? keys
      : keys.filter(
          (one) =>
            one.path === wanted ||
            one.path.startsWith(`${wanted}.`) ||
            one.path.startsWith(`${wanted}[]`),
        );
  if (found.length === 0) {
    const near = nearest(
      wanted ?? '',
      keys.map((one) => one.path),
    );
    throw new Failure('config.key.unknown', 'notFound', {
      what: say(`cannot explain ${asked ?? ''}`, `tidak bisa menjelaskan ${asked ?? ''}`),
      why: say('there is no such key', 'kunci ini tidak ada'),
      next:
        near === null
          ? say(
              'merpati config explain lists all keys.',
              'merpati config explain menampilkan semua kunci.',
            )
          : say(`Did you mean ${near}?`, `Maksud Anda ${near}?`),
    });
  }
  const { output } = cli;
  if (output.globals.json) {
    output.json('merpati.config.explain/1', { items: found });
    return;
  }
  for (const key of found) showKey(cli, key);
}

function showKey(cli: Cli, key: ConfigKey): void {
  const { output } = cli;
  const { paint } = output;
  const fallback =
    key.default === undefined
      ? say('none: needed', 'tidak ada: wajib')
      : JSON.stringify(key.default);
  const facts = `${key.type}, ${say('default', 'bawaan')} ${fallback}`;
  output.line(`${paint.bold(key.path)}  ${paint.muted(facts)}`);
  for (const line of wrap(key.description, Math.min(output.columns || 80, 100) - 4))
    output.line(`    ${line}`);
  if (key.env !== null && output.globals.verbose) output.line(`    ${paint.muted(key.env)}`);
}
