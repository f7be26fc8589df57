/**
 * The command line. Finds out which command is meant and loads that one alone, so that `merpati
 * --help` and a question to a running server cost little more than starting Node.
 */

import path from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { nearest } from '../config/nearest.ts';
import { Cli } from './cli.ts';
import { commands } from './commands.ts';
import { exitCodes } from './exit.ts';
import { Failure, usage } from './failure.ts';
import { describeHelp } from './help.ts';
import { pickLanguage, say, setLanguage } from './language.ts';
import { Output, type Globals } from './output.ts';

/** Global options that take a value: needed to find the first word that is none. */
const valued = new Set(['--lang', '--data', '--config', '--fields', '--progress']);

async function run(args: readonly string[]): Promise<void> {
  setLanguage(pickLanguage(args, process.env));
  process.stdout.on('error', endQuietly);
  process.stderr.on('error', endQuietly);
  if (path.basename(process.argv[1] ?? '') === 'sendmail') return sendmail(args, []);
  const name = chosenCommand(args);
  if (name === 'sendmail' && !args.includes('--help')) {
    // Its grammar of options is its own: nothing of ours may touch what comes after the word.
    const at = args.indexOf('sendmail');
    return sendmail(args.slice(at + 1), args.slice(0, at));
  }
  const program = createProgram();
  const output = () => new Output(readGlobals(program));
  let cli: Cli | null = null;
  try {
    await registerCommands(program, name, () => (cli ??= new Cli(output())));
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, program, output());
  } finally {
    await (cli as Cli | null)?.close();
  }
}

/** Whoever read our output has gone (`merpati … | head`): that is no error. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  throw error;
}

async function sendmail(args: readonly string[], before: readonly string[]): Promise<void> {
  const { runSendmail } = await import('./commands/sendmail.ts');
  const program = createProgram().action(() => {});
  program.parse([...before], { from: 'user' });
  process.exitCode = await runSendmail(args, readGlobals(program));
}

/** The first word that is no option; `help NAME` means NAME. */
function chosenCommand(args: readonly string[]): string | null {
  const words: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (valued.has(arg)) i += 1;
    else if (!arg.startsWith('-')) words.push(arg);
  }
  return words[0] === 'help' ? (words[1] ?? null) : (words[0] ?? null);
}

function createProgram(): Command {
  const program = new Command('merpati');
  program
    .description(
      say(
        'Merpati: a mail system you can watch. Start with: merpati lab',
        'Merpati: sistem email yang bisa Anda lihat bekerja. Mulai dengan: merpati lab',
      ),
    )
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {}, outputError: () => {} });
  for (const option of globalOptions()) program.addOption(option);
  describeHelp(program);
  return program;
}

function globalOptions(): Option[] {
  return [
    new Option('--lab', say('address the running lab', 'tujukan ke lab yang sedang berjalan')),
    new Option('--config <file>', say('configuration file', 'berkas konfigurasi')),
    new Option('--data <folder>', say('data folder of the server', 'folder data server')),
    new Option('--json', say('results as JSON', 'hasil sebagai JSON')),
    new Option('--fields <a,b>', say('only these columns', 'hanya kolom ini')),
    new Option('--no-header', say('no line of column names', 'tanpa baris nama kolom')),
    new Option('-y, --yes', say('do not ask', 'jangan bertanya')),
    new Option(
      '--dry-run',
      say('only tell what would happen', 'hanya beri tahu apa yang akan terjadi'),
    ),
    new Option('-q, --quiet', say('no remarks', 'tanpa catatan')),
    new Option('--progress <line|json>', say('how progress is shown', 'cara kemajuan ditampilkan'))
      .choices(['line', 'json'])
      .default('line'),
    new Option('-v, --verbose', say('more remarks', 'lebih banyak catatan')),
    new Option('--no-color', say('no colours', 'tanpa warna')),
    new Option('--lang <en|id>', say('language', 'bahasa')).choices(['en', 'id']),
  ];
}

function readGlobals(program: Command): Globals {
  const given = program.opts<{
    json?: boolean;
    fields?: string;
    header: boolean;
    quiet?: boolean;
    progress: 'line' | 'json';
    verbose?: boolean;
    color: boolean;
    lab?: boolean;
    data?: string;
    config?: string;
    yes?: boolean;
    dryRun?: boolean;
  }>();
  return {
    json: given.json === true,
    fields: given.fields?.split(',').map((field) => field.trim()) ?? null,
    header: given.header,
    quiet: given.quiet === true,
    progress: given.progress,
    verbose: given.verbose === true,
    colour: given.color,
    lab: given.lab === true,
    data: given.data ?? null,
    config: given.config ?? null,
    yes: given.yes === true,
    dryRun: given.dryRun === true,
  };
}

/** All are listed; only the chosen one is loaded. */
async function registerCommands(
  program: Command,
  chosen: string | null,
  cli: () => Cli,
): Promise<void> {
  for (const entry of commands) {
    const command = program.command(entry.name);
    command.summary(entry.summary()).description(entry.summary());
    if (entry.name !== chosen) continue;
    const loaded = await entry.load();
    loaded.register(command, cli);
  }
}

/** Says what went wrong and answers the exit code. */
function report(error: unknown, program: Command, output: Output): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    if (error.code === 'commander.help') {
      // No verb was given: the help is the answer, but what was meant was not done.
      const command = deepest(program);
      command.outputHelp();
      return command === program ? exitCodes.done : exitCodes.usage;
    }
    const failure = misuse(error, program);
    output.failure(failure);
    return exitCodes[failure.exit];
  }
  if (error instanceof Failure) {
    output.failure(error);
    return exitCodes[error.exit];
  }
  output.bug(error);
  return exitCodes.failed;
}

/** Commander's complaints in our words. */
function misuse(error: CommanderError, program: Command): Failure {
  const word = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const what = say('cannot understand the command', 'perintahnya tidak dimengerti');
  const help = say(
    'merpati --help shows all commands.',
    'merpati --help menampilkan semua perintah.',
  );
  switch (error.code) {
    case 'commander.unknownCommand': {
      const near = nearest(word, siblings(program));
      const why = say(`there is no "${word}"`, `tidak ada "${word}"`);
      return usage(
        what,
        why,
        near === null ? help : say(`Did you mean ${near}?`, `Maksud Anda ${near}?`),
      );
    }
    case 'commander.unknownOption': {
      const near = nearest(word, optionNames(program));
      const why = say(`there is no option ${word}`, `tidak ada opsi ${word}`);
      return usage(
        what,
        why,
        near === null ? help : say(`Did you mean ${near}?`, `Maksud Anda ${near}?`),
      );
    }
    case 'commander.missingArgument':
      return usage(what, say(`${word} is missing`, `${word} belum diisi`), usageLine(program));
    case 'commander.optionMissingArgument':
    case 'commander.missingMandatoryOptionValue':
      return usage(what, say(`${word} is needed`, `${word} wajib diisi`), usageLine(program));
    case 'commander.excessArguments':
      return usage(
        what,
        say('there are too many words', 'terlalu banyak kata'),
        usageLine(program),
      );
    default:
      return usage(what, error.message.replace(/^error: /, ''), usageLine(program));
  }
}

/** The command that was being read when it went wrong: the deepest one that is named. */
function deepest(program: Command): Command {
  let command = program;
  for (const word of process.argv.slice(2)) {
    const next = command.commands.find((one) => one.name() === word);
    if (next !== undefined) command = next;
  }
  return command;
}

const siblings = (program: Command) => deepest(program).commands.map((one) => one.name());

const optionNames = (program: Command) =>
  [...deepest(program).options, ...program.options].flatMap((one) => one.long ?? one.short ?? []);

function usageLine(program: Command): string {
  const command = deepest(program);
  return `${say('Usage', 'Pemakaian')}: ${command.createHelp().commandUsage(command)}`;
}

await run(process.argv.slice(2));
