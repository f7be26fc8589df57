/**
 * Progress on standard error: on a terminal one line that is rewritten at most ten times a second;
 * elsewhere a plain line every five seconds; with `--progress json` an object a line, for programs.
 * Never on standard output.
 */

import { duration } from './figures.ts';
import { language, say } from './language.ts';
import type { Output } from './output.ts';
import { cut, width } from '../journey/screen.ts';

export interface ProgressCount {
  readonly done: number;
  readonly total: number;
}

const blocks = ' ▏▎▍▌▋▊▉█';

export class ProgressLine {
  readonly #quiet: boolean;
  readonly #isJson: boolean;
  readonly #isTerminal = process.stderr.isTTY;
  readonly #startedMs = performance.now();
  #lastMs: number;
  #shown = 0;

  constructor(output: Output) {
    this.#isJson = output.globals.progress === 'json';
    this.#quiet = output.globals.quiet && !this.#isJson;
    this.#lastMs = this.#isTerminal || this.#isJson ? -Infinity : this.#startedMs;
  }

  show(what: string, { done, total }: ProgressCount): void {
    const nowMs = performance.now();
    const finished = done >= total;
    const everyMs = this.#isTerminal || this.#isJson ? 100 : 5000;
    const isDue = nowMs - this.#lastMs >= everyMs || (this.#isJson && finished);
    if (this.#quiet || !isDue) return;
    this.#lastMs = nowMs;
    if (this.#isJson) {
      const body = { schema: 'merpati.progress/1', what, done, total };
      process.stderr.write(`${JSON.stringify(body)}\n`);
      return;
    }
    const perSecond = done / Math.max((nowMs - this.#startedMs) / 1000, 0.001);
    const count = new Intl.NumberFormat(language());
    const parts = [
      `${count.format(done)} / ${count.format(total)}`,
      `${count.format(Math.round(perSecond))}/s`,
    ];
    if (!finished && perSecond > 0) {
      const restMs = ((total - done) / perSecond) * 1000;
      parts.push(`${say('eta', 'sisa')} ${duration(restMs)}`);
    }
    if (!this.#isTerminal) {
      process.stderr.write(`${what} ${parts.join('  ')}\n`);
      return;
    }
    const line = `${what} ▕${bar(total === 0 ? 1 : done / total)}▏ ${parts.join('  ')}`;
    const fitted = cut(line, Math.max(process.stderr.columns, 40) - 1);
    const rest = ' '.repeat(Math.max(this.#shown - width(fitted), 0));
    process.stderr.write(`\r${fitted}${rest}`);
    this.#shown = width(fitted);
  }

  /** The line is wiped: what follows is the result. */
  clear(): void {
    if (this.#shown > 0) process.stderr.write(`\r${' '.repeat(this.#shown)}\r`);
    this.#shown = 0;
  }
}

function bar(part: number): string {
  const eighths = Math.round(Math.min(Math.max(part, 0), 1) * 20 * 8);
  const full = Math.floor(eighths / 8);
  const rest = full < 20 ? (blocks[eighths % 8] ?? ' ') : '';
  return `${'█'.repeat(full)}${rest}`.padEnd(20);
}
