/** `merpati doctor`: is everything well, and what to do about what is not. */

import type { Command } from 'commander';
import { examineWords } from '../../admin/examine-words.ts';
import type { Finding } from '../../admin/operations/server-examine.ts';
import { clean } from '../../journey/screen.ts';
import { fill, type Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { bytes, duration } from '../figures.ts';
import { examples } from '../help.ts';
import { language, say } from '../language.ts';
import { problemLine } from '../load-config.ts';
import { ownCommand } from '../own-command.ts';

export function register(doctor: Command, cli: () => Cli): void {
  doctor.action(async () => {
    const what = say('cannot examine the server', 'tidak bisa memeriksa server');
    const { output, globals } = cli();
    for (const examined of await cli().call(what, 'server.examine', {})) {
      const problems = examined.findings.filter(({ severity }) => severity !== 'ok');
      const count = problems.length + examined.config.length;
      if (count > 0) process.exitCode = exitCodes.problems;
      output.value('merpati.doctor/1', { ...examined, problems: count }, () => {
        output.line(output.paint.bold(examined.server || say('(no host name)', '(tanpa nama)')));
        for (const one of examined.config) {
          line(cli(), one.severity, `${problemLine(one)} `, one.code);
        }
        for (const one of examined.findings) {
          line(cli(), one.severity, findingText(one, ownCommand(globals.lab)), one.code);
        }
      });
    }
  });
  examples(doctor, ['merpati doctor', 'merpati doctor --json | jq .problems']);
}

function line(cli: Cli, severity: Finding['severity'], text: string, code: string): void {
  const { paint } = cli.output;
  const marks = { ok: paint.ok('✓'), warning: paint.warn('▲'), error: paint.bad('✕') };
  const told = severity === 'ok' ? '' : ` ${paint.muted(`[${code}]`)}`;
  cli.output.line(`  ${marks[severity]} ${clean(text.trim())}${told}`);
}

function findingText({ code, args }: Finding, command: string): string {
  const shown = Object.entries(args).map(([name, value]): [string, string] => {
    if (name.endsWith('Bytes')) return [name.slice(0, -5), bytes(Number(value))];
    if (name.endsWith('Ms')) return [name.slice(0, -2), duration(Number(value))];
    return [name, value === '' ? '–' : String(value)];
  });
  return fill(examineWords[code][language()], { command, ...Object.fromEntries(shown) });
}
