/** What every command gets: its global options, its output, and a way to the operations. */

import { createInterface } from 'node:readline/promises';
import type {
  Connection,
  InputOf,
  ItemOf,
  OperationName,
  ResultOf,
  StreamInputOf,
  StreamName,
} from '../admin/connection.ts';
import { AdminFault } from '../admin/operation.ts';
import { Failure, usage } from './failure.ts';
import type { OpeningOptions } from './in-process.ts';
import { language, say } from './language.ts';
import { ownCommand } from './own-command.ts';
import type { Globals, Output } from './output.ts';

export class Cli {
  readonly output: Output;
  readonly globals: Globals;
  #connection: Promise<Connection> | null = null;

  constructor(output: Output, globals: Globals = output.globals) {
    this.output = output;
    this.globals = globals;
  }

  /** The server's socket, or the store itself when no server runs. Opened once. */
  async connection(options?: OpeningOptions): Promise<Connection> {
    const { reach } = await import('./reach.ts');
    this.#connection ??= reach(this.globals, options);
    return this.#connection;
  }

  /** `what` is the clause for the error: "cannot add rina@contoh.id". */
  async call<N extends OperationName>(
    what: string,
    name: N,
    input: InputOf<N>,
  ): Promise<ResultOf<N>> {
    const connection = await this.connection();
    try {
      return await connection.call(name, input);
    } catch (error) {
      throw await failureOf(error, what, this.globals);
    }
  }

  async *stream<N extends StreamName>(
    asked: { readonly what: string; readonly name: N; readonly input: StreamInputOf<N> },
    signal?: AbortSignal,
  ): AsyncGenerator<ItemOf<N>> {
    const connection = await this.connection();
    try {
      yield* connection.stream(asked.name, asked.input, signal);
    } catch (error) {
      throw await failureOf(error, asked.what, this.globals);
    }
  }

  /** Before something that cannot be undone: asks on a terminal, needs `--yes` elsewhere. */
  async confirm(what: string, question: string): Promise<void> {
    if (this.globals.yes) return;
    if (!process.stdin.isTTY) {
      throw usage(
        what,
        say('it cannot be undone', 'ini tidak bisa diurungkan'),
        say(
          'Add --yes to do it, or --dry-run to see.',
          'Tambah --yes, atau --dry-run untuk melihat.',
        ),
      );
    }
    const asking = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await asking.question(`${question} ${say('[y/N]', '[y/T]')} `);
    asking.close();
    if (/^y(es|a)?$/i.test(answer.trim())) return;
    throw new Failure('cli.declined', 'failed', {
      what,
      why: say('you said no; nothing was changed', 'Anda menolak; tidak ada yang berubah'),
    });
  }

  /** The same for the running lab, for commands that mean nothing else. */
  withLab(): Cli {
    return this.globals.lab ? this : new Cli(this.output, { ...this.globals, lab: true });
  }

  /** What is asked afterwards opens another connection. */
  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => null);
    this.#connection = null;
    await connection?.close();
  }
}

/** A fault of an operation in the words of the command line; anything else as it is. */
export async function failureOf(
  error: unknown,
  what: string,
  { lab }: Pick<Globals, 'lab'>,
): Promise<unknown> {
  if (!(error instanceof AdminFault)) return error;
  const { faults } = await import('../admin/faults.ts');
  const words = faults[error.code];
  const sentence: { readonly why: string; readonly next?: string } = words[language()];
  const args = { command: ownCommand(lab), ...error.args };
  const text = { what, why: fill(sentence.why, args) };
  const next = sentence.next === undefined ? {} : { next: fill(sentence.next, args) };
  return new Failure(error.code, words.kind, { ...text, ...next });
}

export function fill(sentence: string, args: Readonly<Record<string, unknown>>): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(args, name) ? String(args[name]) : whole,
  );
}
