/**
 * Text for a terminal: colours, widths, and the cleaning of everything that strangers wrote. A
 * subject can carry escape sequences; none of them reaches the terminal.
 */

export interface Paint {
  readonly enabled: boolean;
  bold(text: string): string;
  muted(text: string): string;
  ok(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  info(text: string): string;
}

export function createPaint(enabled: boolean): Paint {
  const wrap = (on: number, off: number) => (text: string) =>
    enabled && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    enabled,
    bold: wrap(1, 22),
    muted: wrap(2, 22),
    ok: wrap(32, 39),
    warn: wrap(33, 39),
    bad: wrap(31, 39),
    info: wrap(34, 39),
  };
}

/** https://no-color.org and CLICOLOR_FORCE; `--no-color` is looked at by the caller. */
export function wantsColour(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['CLICOLOR_FORCE'] !== undefined && env['CLICOLOR_FORCE'] !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Control characters, and those that turn the direction of writing around. */
const hostile = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** One line of somebody else's text, made harmless. */
export function clean(text: string): string {
  return text.replaceAll(/\r\n|[\r\n\t]/g, ' ').replaceAll(hostile, '\ufffd');
}

/** Several lines of somebody else's text: line ends and tabs stay. */
export function cleanLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.split('\t').map(clean).join('\t'))
    .join('\n');
}

const escapes = /\u001b\[[0-9;]*m/g;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian wide and fullwidth blocks, and pictures. */
const wide = new RegExp(
  [
    '^[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\u4dbf\\u4e00-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff',
    '\\ufe30-\\ufe4f\\uff00-\\uff60\\uffe0-\\uffe6\\u{1f300}-\\u{1f64f}\\u{1f680}-\\u{1faff}',
    '\\u{20000}-\\u{3fffd}]$',
  ].join(''),
  'u',
);

/** Columns it takes on a terminal; our own colour sequences take none. */
export function width(text: string): number {
  let columns = 0;
  for (const letter of text.replaceAll(escapes, '')) {
    if (letter >= ' ' && letter <= '~') columns += 1;
    else if (!invisible.test(letter)) columns += wide.test(letter) ? 2 : 1;
  }
  return columns;
}

/** Cut to so many columns, with an ellipsis when something is missing. Not for coloured text. */
export function cut(text: string, columnsMax: number): string {
  if (width(text) <= columnsMax) return text;
  let columns = 0;
  let kept = '';
  for (const letter of text) {
    const next = width(letter);
    if (columns + next > columnsMax - 1) break;
    columns += next;
    kept += letter;
  }
  return `${kept}…`;
}

export function pad(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const missing = ' '.repeat(Math.max(columns - width(text), 0));
  return side === 'right' ? text + missing : missing + text;
}

/**
 * Breaks at spaces; a word longer than a line stays whole (addresses and ids are never hyphenated).
 */
export function wrap(text: string, columnsMax: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(word) > columnsMax) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
