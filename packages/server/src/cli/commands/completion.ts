/**
 * `merpati completion SHELL`: a script that completes nouns, verbs and options, whose words are
 * written into it, so that a Tab costs no start of Node; and addresses, which are asked for.
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
  /** Addresses of which noun come here; null: none do. */
  readonly addresses: 'account' | 'alias' | null;
}

/** Options whose value is an account. */
const accountOptions = ['--as', '--from'];

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
  const words: Words[] = [{ at: '', next: commands.map((one) => one.name), addresses: null }];
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
  const next = [...command.commands.map((one) => one.name()), ...options];
  words.push({ at, next, addresses: addressesAt(command, at) });
  for (const sub of command.commands) gather(sub, `${at} ${sub.name()}`, words);
}

/** What is there already: not where something new is named. */
function addressesAt(command: Command, at: string): Words['addresses'] {
  const [noun = ''] = at.split(' ');
  const takesOne = command.registeredArguments[0]?.name() === 'address';
  if (!takesOne || (command.name() === 'add' && at !== 'account app-password add')) return null;
  return noun === 'account' || noun === 'alias' ? noun : null;
}

/** For bash an @ stands between words; for zsh it does not. */
function bashScript(words: readonly Words[]): string {
  const cases = words.map(({ at, next, addresses }) => {
    const list = addresses === null ? '' : ` list=${addresses}`;
    return `    "${at}") next="${next.join(' ')}"${list} ;;`;
  });
  return `# merpati completion bash
_merpati() {
  local at="" lab="" list="" next="" word i
  local n=$COMP_CWORD
  local cur="\${COMP_WORDS[n]}" head=""
  if [[ "$cur" == @ ]]; then
    n=$((n - 1)) head="\${COMP_WORDS[n]}" cur="$head@"
  elif ((n > 1)) && [[ "\${COMP_WORDS[n - 1]}" == @ ]]; then
    n=$((n - 2)) head="\${COMP_WORDS[n]}" cur="$head@$cur"
  fi
  for ((i = 1; i < n; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      --lab) lab=--lab ;;
      -*|*@*|*/*) ;;
      *)
        if [[ "\${COMP_WORDS[i + 1]}" != @ && "\${COMP_WORDS[i - 1]}" != @ ]]; then
          at="\${at:+$at }$word"
        fi
        ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  case "\${COMP_WORDS[n - 1]}" in
    ${accountOptions.join('|')}) list=account next="" ;;
  esac
  if [[ -n "$list" && "$cur" != -* ]]; then
    next="$next $("\${COMP_WORDS[0]}" $lab $list list --fields address --no-header 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$next --lab --json --help" -- "$cur"))
  COMPREPLY=("\${COMPREPLY[@]#"$head"}")
}
complete -o default -F _merpati merpati`;
}

function fishScript(words: readonly Words[]): string {
  const list = (noun: string): string =>
    '(merpati (string match -- --lab (commandline -poc)) ' +
    `${noun} list --fields address --no-header 2>/dev/null)`;
  const lines = ['# merpati completion fish'];
  for (const { at, next, addresses } of words) {
    const parts = at.split(' ').filter((part) => part !== '');
    const condition =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    const plain = next.filter((word) => !word.startsWith('-'));
    if (plain.length > 0) {
      lines.push(`complete -c merpati -f -n '${condition}' -a '${plain.join(' ')}'`);
    }
    if (addresses !== null) {
      lines.push(`complete -c merpati -f -n '${condition}' -a '${list(addresses)}'`);
    }
    for (const option of next.filter((word) => word.startsWith('--'))) {
      const value = accountOptions.includes(option) ? ` -x -a '${list('account')}'` : '';
      lines.push(`complete -c merpati -n '${condition}' -l ${option.slice(2)}${value}`);
    }
  }
  return lines.join('\n');
}
