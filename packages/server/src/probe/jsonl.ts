/** The probe as a filter: lines in, lines out, until the input ends. */

import type { Readable, Writable } from 'node:stream';
import { once } from 'node:events';
import { answerLine } from './answer.ts';

/** A message of 50 MB as base64 and something around it. */
const lineBytesMax = 128 * 1024 * 1024;

export async function probeLines(input: Readable, output: Writable): Promise<void> {
  for await (const line of readLines(input)) {
    const text = line === null ? JSON.stringify({ id: null, error: 'line too long' }) : line;
    const answered = line === null ? text : await answerLine(text);
    if (!output.write(`${answered}\n`)) await once(output, 'drain');
  }
}

/** null for a line beyond the limit, which is skipped to its end. Empty lines are passed over. */
async function* readLines(input: Readable): AsyncGenerator<string | null> {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (): string | null => {
    const text = size > lineBytesMax ? null : Buffer.concat(parts).toString('utf8');
    parts = [];
    size = 0;
    return text;
  };
  const keep = (part: Buffer): void => {
    size += part.length;
    if (size <= lineBytesMax) parts.push(part);
    else parts = [];
  };
  for await (const chunk of input) {
    let rest = chunk as Buffer;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      keep(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
      const line = take();
      if (line === null || line.trim() !== '') yield line;
    }
    if (rest.length > 0) keep(rest);
  }
  if (size === 0) return;
  const line = take();
  if (line === null || line.trim() !== '') yield line;
}
