/**
 * Reads a password from a file or from standard input, so that it need not stand in the process
 * list.
 */

import { readFileSync } from 'node:fs';
import { Failure } from './failure.ts';
import { say } from './language.ts';

const secretBytesMax = 4096;

/** undefined when no file is given. The final line end does not belong to it. */
export async function readSecret(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = file === '-' ? await readInput() : readFile(file);
  return text.replace(/\r?\n$/, '');
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('secret.unreadable', 'failed', {
      what: say(
        `cannot read the password from ${file}`,
        `tidak bisa membaca kata sandi dari ${file}`,
      ),
      why: (error as Error).message,
    });
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += (chunk as Buffer).length;
    if (size > secretBytesMax) break;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
