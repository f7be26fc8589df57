/**
 * `merpati completion SHELL`: a script that completes nouns, verbs and options. The words are
 * written into the script, so that a Tab costs no start of Node.
 */

import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { commands } from '../commands.ts';
import { usage } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';

interface Words {
  /** `` for the top, `account`, `account app-password`. */
  readonly at: string;
  readonly next: readonly string[];
}

export function register(completion: Command, cli: () => Cli): void {
  completion.argument('<shell>', 'bash | zsh | fish').action(async (shell: string) => {
    const words = await collect();
    const scripts: Readonly<Record<string, () => string>> = {
      bash: () => bashScript(words),
      zsh: () => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`,
      fish: () => fishScript(words),
    };
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined) {
      throw usage(
        say('cannot write a completion', 'tidak bisa menulis pelengkapan'),
        say(`"${shell}" is not a shell we know`, `"${shell}" bukan shell yang dikenal`),
        'bash, zsh, fish',
      );
    }
    cli().output.line(script());
  });
  examples(completion, [
    'merpati completion bash > ~/.local/share/bash-completion/completions/merpati',
    'merpati completion fish > ~/.config/fish/completions/merpati.fish',
  ]);
}

async function collect(): Promise<Words[]> {
  const words: Words[] = [{ at: '', next: commands.map((one) => one.name) }];
  for (const entry of commands) {
    if (entry.name === 'completion') continue;
    const command = new Command(entry.name);
    const loaded = await entry.load();
    loaded.register(command, () => {
      throw new Error('only the words are wanted');
    });
    gather(command, entry.name, words);
  }
  return words;
}

function gather(command: Command, at: string, words: Words[]): void {
  const options = command.options.flatMap((one) => one.long ?? []);
  words.push({ at, next: [...command.commands.map((one) => one.name()), ...options] });
  for (const sub of command.commands) gather(sub, `${at} ${sub.name()}`, words);
}

function bashScript(words: readonly Words[]): string {
  const cases = words.map(({ at, next }) => `    "${at}") next="${next.join(' ')}" ;;`);
  return `# merpati completion bash
_merpati() {
  local at="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      -*|*@*|*/*) ;;
      *) at="\${at:+$at }$word" ;;
    esac
  done
  local next=""
  case "$at" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next --lab --json --help" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _merpati merpati`;
}

function fishScript(words: readonly Words[]): string {
  const lines = ['# merpati completion fish'];
  for (const { at, next } of words) {
    const parts = at.split(' ').filter((part) => part !== '');
    const condition =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    const plain = next.filter((word) => !word.startsWith('-'));
    if (plain.length > 0) {
      lines.push(`complete -c merpati -f -n '${condition}' -a '${plain.join(' ')}'`);
    }
    for (const option of next.filter((word) => word.startsWith('--'))) {
      lines.push(`complete -c merpati -n '${condition}' -l ${option.slice(2)}`);
    }
  }
  return lines.join('\n');
}
