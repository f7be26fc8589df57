/** A finding of the doctor's in one line: mark, words, code. */

import { examineWords } from '../admin/examine-words.ts';
import type { Finding } from '../admin/operations/server-examine.ts';
import { clean } from '../journey/screen.ts';
import { fill, type Cli } from './cli.ts';
import { bytes, duration } from './figures.ts';
import { language } from './language.ts';
import { ownCommand } from './own-command.ts';

export function findingLine(cli: Cli, finding: Finding): void {
  const text = findingText(finding, ownCommand(cli.globals.lab));
  markedLine(cli, finding.severity, text, finding.code);
}

export function markedLine(
  cli: Cli,
  severity: Finding['severity'],
  text: string,
  code: string,
): void {
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
