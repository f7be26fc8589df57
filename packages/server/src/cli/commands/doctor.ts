/** `merpati doctor`: is everything well, and what to do about what is not. */

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { findingLine, markedLine } from '../finding-line.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { problemLine } from '../load-config.ts';

export function register(doctor: Command, cli: () => Cli): void {
  doctor.action(async () => {
    const what = say('cannot examine the server', 'tidak bisa memeriksa server');
    const { output } = cli();
    for (const examined of await cli().call(what, 'server.examine', {})) {
      const problems = examined.findings.filter(({ severity }) => severity !== 'ok');
      const count = problems.length + examined.config.length;
      if (count > 0) process.exitCode = exitCodes.problems;
      output.value('merpati.doctor/1', { ...examined, problems: count }, () => {
        output.line(output.paint.bold(examined.server || say('(no host name)', '(tanpa nama)')));
        for (const one of examined.config) {
          markedLine(cli(), one.severity, problemLine(one), one.code);
        }
        for (const one of examined.findings) findingLine(cli(), one);
      });
    }
  });
  examples(doctor, ['merpati doctor', 'merpati doctor --json | jq .problems']);
}
