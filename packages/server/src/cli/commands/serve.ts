/** `merpati serve`: the server, in the foreground, until it is told to stop. */

import type { Command } from 'commander';
import { checkConfig } from '../../config/check.ts';
import type { Cli } from '../cli.ts';
import { Failure } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { loadConfig, problemLine } from '../load-config.ts';
import { findConfigFile } from '../places.ts';

export function register(serve: Command, cli: () => Cli): void {
  serve.action(async () => {
    const { globals, output } = cli();
    const file = findConfigFile(globals.config, process.env);
    const { config } = loadConfig(file, globals.data);
    const problems = checkConfig(config, Date.now());
    for (const one of problems) {
      if (one.severity === 'warning') output.note(`${output.paint.warn('▲')} ${problemLine(one)}`);
    }
    const errors = problems.filter((one) => one.severity === 'error');
    if (errors.length > 0) {
      throw new Failure('config.wrong', 'failed', {
        what: say('cannot start the server', 'server tidak bisa dimulai'),
        why: say('the configuration has mistakes', 'konfigurasinya keliru'),
        next: errors.map(problemLine).join('\n'),
      });
    }
    const { runServer } = await import('../../main.ts');
    await runServer(config, () => loadConfig(file, globals.data).config);
  });
  examples(serve, ['merpati serve --config /etc/merpati/merpati.toml']);
}
