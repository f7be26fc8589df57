/**
 * What a command says. Results go to standard output and nothing else does: a table for a terminal,
 * tab-separated for a pipe, one JSON object with its schema for `--json`. Notes and errors go to
 * standard error.
 */

import { exitCodes } from './exit.ts';
import { Failure } from './failure.ts';
import { say } from './language.ts';
import { clean, createPaint, cut, pad, wantsColour, width, type Paint } from '../journey/screen.ts';

export interface Globals {
  readonly json: boolean;
  readonly fields: readonly string[] | null;
  readonly header: boolean;
  readonly quiet: boolean;
  /** How long work shows that it goes on. */
  readonly progress: 'line' | 'json';
  readonly verbose: boolean;
  readonly colour: boolean;
  readonly lab: boolean;
  readonly data: string | null;
  readonly config: string | null;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export interface Column<Row> {
  /** Name for `--fields`; the same as in JSON. */
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly right?: boolean;
  /** May be cut when the terminal is too narrow. */
  readonly shrinks?: boolean;
}

export class Output {
  readonly globals: Globals;
  readonly paint: Paint;
  readonly isTerminal: boolean;
  readonly columns: number;

  constructor(globals: Globals) {
    this.globals = globals;
    this.isTerminal = process.stdout.isTTY;
    this.columns = this.isTerminal ? Math.max(process.stdout.columns, 40) : 0;
    this.paint = createPaint(
      globals.colour && !globals.json && wantsColour(process.env, this.isTerminal),
    );
  }

  /** A line of the result. */
  line(text: string): void {
    if (!this.globals.json) process.stdout.write(`${text}\n`);
  }

  /** A remark for whoever is watching. */
  note(text: string): void {
    if (!this.globals.quiet) process.stderr.write(`${text}\n`);
  }

  json(schema: string, value: object): void {
    process.stdout.write(`${JSON.stringify({ schema, ...value })}\n`);
  }

  /** One thing: `show` for people, the whole value for `--json`. */
  value(schema: string, value: object, show: () => void): void {
    if (this.globals.json) this.json(schema, value);
    else show();
  }

  /** A list in whichever form was asked for. */
  list<Row extends object>(
    schema: string,
    rows: readonly Row[],
    columns: readonly Column<Row>[],
    whenEmpty: string,
  ): void {
    const chosen = this.#choose(columns);
    if (this.globals.json) {
      const fields = this.globals.fields;
      const items = fields === null ? rows : rows.map((row) => only(row, fields));
      this.json(schema, { items });
    } else if (!this.isTerminal) {
      this.#separated(rows, chosen);
    } else if (rows.length === 0) {
      this.note(whenEmpty);
    } else {
      this.#table(rows, chosen);
    }
  }

  #choose<Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] {
    const fields = this.globals.fields;
    if (fields === null) return columns;
    return fields.map((field) => {
      const column = columns.find((one) => one.key === field);
      if (column !== undefined) return column;
      throw new Failure('cli.fields', 'usage', {
        what: say(`cannot show the field ${field}`, `tidak bisa menampilkan kolom ${field}`),
        why: say(
          `there are only ${columns.map((one) => one.key).join(', ')}`,
          `yang ada hanya ${columns.map((one) => one.key).join(', ')}`,
        ),
      });
    });
  }

  #separated<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    const lines = rows.map((row) => columns.map((column) => machineCell(row, column)).join('\t'));
    if (this.globals.header) lines.unshift(columns.map((column) => column.key).join('\t'));
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  }

  #table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    const cells = rows.map((row) => columns.map((column) => clean(column.cell(row))));
    const widths = columns.map((column, i) =>
      Math.max(width(column.title), ...cells.map((row) => width(row[i] ?? ''))),
    );
    shrink(widths, columns, this.columns - 2 * (columns.length - 1));
    const render = (row: readonly string[]): string =>
      columns
        .map((column, i) => {
          const text = cut(row[i] ?? '', widths[i] ?? 0);
          const last = i === columns.length - 1 && column.right !== true;
          return last ? text : pad(text, widths[i] ?? 0, column.right === true ? 'left' : 'right');
        })
        .join('  ');
    if (this.globals.header) {
      this.line(this.paint.muted(render(columns.map((column) => column.title))));
    }
    for (const row of cells) this.line(render(row));
  }

  failure(failure: Failure): void {
    const { what, why, next } = failure.text;
    if (this.globals.json) {
      const body = { schema: 'merpati.error/1', code: failure.code, what, why, next: next ?? null };
      process.stderr.write(`${JSON.stringify(body)}\n`);
      return;
    }
    const paint = createPaint(
      this.globals.colour && wantsColour(process.env, process.stderr.isTTY),
    );
    const lines = [`${paint.bad('merpati:')} ${what}: ${why}`];
    for (const line of (next ?? '').split('\n')) if (line !== '') lines.push(`  ${line}`);
    lines.push(paint.muted(`  [${failure.code}]`));
    process.stderr.write(`${lines.join('\n')}\n`);
  }

  /** Anything that is not a Failure is our own mistake. */
  bug(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `merpati: ${say('this is a mistake of ours', 'ini kesalahan kami')}\n${detail}\n`,
    );
    process.exitCode = exitCodes.failed;
  }
}

/** What a program can read: the value itself where the row has it, times as ISO 8601. */
function machineCell<Row extends object>(row: Row, column: Column<Row>): string {
  const value = (row as Readonly<Record<string, unknown>>)[column.key];
  if (typeof value === 'number') {
    return column.key.endsWith('Ms') ? new Date(value).toISOString() : String(value);
  }
  if (value === null) return '';
  if (typeof value === 'string' || typeof value === 'boolean') return clean(String(value));
  if (Array.isArray(value)) return clean(value.join(','));
  return clean(column.cell(row));
}

function only(row: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(row).filter(([key]) => fields.includes(key)));
}

/** Takes columns away from those that may shrink, the widest first. */
function shrink(widths: number[], columns: readonly { shrinks?: boolean }[], room: number): void {
  const widthMin = 8;
  for (;;) {
    const excess = widths.reduce((sum, one) => sum + one, 0) - room;
    if (excess <= 0) return;
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      if (column.shrinks !== true || (widths[i] ?? 0) <= widthMin) continue;
      if (widest < 0 || (widths[i] ?? 0) > (widths[widest] ?? 0)) widest = i;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
