/**
 * How help looks: our titles in both languages, examples, and the global options only where they
 * are few.
 */

import type { Command } from 'commander';
import { language, say } from './language.ts';

const titles: Readonly<Record<string, string>> = {
  'Usage:': 'Pemakaian:',
  'Options:': 'Opsi:',
  'Commands:': 'Perintah:',
  'Arguments:': 'Isian:',
  'Global Options:': 'Opsi umum:',
};

export function describeHelp(command: Command): void {
  command
    .helpOption('-h, --help', say('show help', 'tampilkan bantuan'))
    .helpCommand('help [command]', say('show help for a command', 'tampilkan bantuan perintah'))
    .configureHelp({
      styleTitle: (title) => (language() === 'id' ? (titles[title] ?? title) : title),
      commandUsage: (cmd) => inOurWords(usageOf(cmd)),
      subcommandTerm: (cmd) => inOurWords(termOf(cmd)),
      optionDescription: (option) => option.description,
    });
}

/** Every verb has at least one; a person copies rather than composes. */
export function examples(command: Command, lines: readonly string[]): void {
  const title = say('Examples:', 'Contoh:');
  command.addHelpText('after', `\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(' ')} ${command.usage()}`;
}

function termOf(command: Command): string {
  const args = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`;
    return one.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...args].join(' ');
}

function inOurWords(text: string): string {
  if (language() === 'en') return text;
  return text.replace('[options]', '[opsi]').replace('[command]', '[perintah]');
}
