/**
 * `merpati probe`: the readers and checks of the server on data of one's own, or as a filter of
 * JSON lines.
 */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import { answer } from '../../probe/answer.ts';
import { probeLines } from '../../probe/jsonl.ts';
import { probeOperations, type Json } from '../../probe/operations.ts';
import type { Cli } from '../cli.ts';
import { Failure, usage } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';

interface ProbeOptions {
  readonly jsonl?: boolean;
  readonly file?: string;
  readonly set: readonly string[];
}

export function register(probe: Command, cli: () => Cli): void {
  probe
    .argument('[op]', Object.keys(probeOperations).join(', '))
    .argument(
      '[text...]',
      say(
        'what to look at; else --file or standard input',
        'yang diperiksa; kalau tidak, --file atau masukan baku',
      ),
    )
    .option(
      '--jsonl',
      say('questions and answers as lines of JSON', 'pertanyaan dan jawaban sebagai baris JSON'),
    )
    .option('--file <file>', say('read this file', 'baca berkas ini'))
    .option(
      '--set <name=value>',
      say('another field of the question', 'isian lain'),
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .action(async (op: string | undefined, text: string[], given: ProbeOptions) => {
      if (given.jsonl === true) {
        await probeLines(process.stdin, process.stdout);
        return;
      }
      await ask(cli(), op, { text, given });
    });
  examples(probe, [
    'merpati probe mime-parse < mail.eml',
    'merpati probe header-parse --set kind=address \'"Rina" <rina@contoh.id>\'',
    `echo '{"id":1,"op":"saslprep","value":"x","stored":true}' | merpati probe --jsonl`,
  ]);
}

async function ask(
  cli: Cli,
  op: string | undefined,
  about: { readonly text: readonly string[]; readonly given: ProbeOptions },
): Promise<void> {
  const what = say('cannot probe', 'tidak bisa memeriksa');
  const operation =
    op !== undefined && Object.hasOwn(probeOperations, op) ? probeOperations[op] : null;
  if (op === undefined || operation === null || operation === undefined) {
    const known = Object.keys(probeOperations);
    const near = op === undefined ? null : nearest(op, known);
    const why =
      op === undefined
        ? say('nothing to probe is named', 'belum disebut apa')
        : say(`there is no "${op}"`, `tidak ada "${op}"`);
    throw usage(
      what,
      why,
      near === null ? known.join(', ') : say(`Did you mean ${near}?`, `Maksud Anda ${near}?`),
    );
  }
  const { text, given } = about;
  const fields = readFields(what, given.set);
  if (operation.bytesField !== null) {
    const bytes = text.length > 0 ? Buffer.from(text.join(' ')) : await readBytes(given.file);
    fields[operation.bytesField] = bytes.toString('base64');
  }
  const found: Json = await answer({ id: null, op, ...fields });
  if (typeof found['error'] === 'string') {
    const next = operation.fields.map((name) => `--set ${name}=…`).join(' ');
    throw new Failure('probe.failed', 'problems', {
      what,
      why: found['error'],
      ...(next === '' ? {} : { next }),
    });
  }
  const { id: _id, ...result } = found;
  cli.output.value(`merpati.probe.${op}/1`, result, () => {
    const only = Object.keys(result).length === 1 ? result['message'] : undefined;
    if (typeof only === 'string') process.stdout.write(Buffer.from(only, 'base64'));
    else cli.output.line(JSON.stringify(result, null, 2));
  });
}

/** Numbers, `true`, `false` and JSON are what they look like; everything else is text. */
function readFields(what: string, pairs: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) throw usage(what, say(`"${pair}" is no name=value`, `"${pair}" bukan nama=nilai`));
    const value = pair.slice(at + 1);
    fields[pair.slice(0, at)] = /^(true|false|-?\d+|[[{].*)$/s.test(value) ? tryJson(value) : value;
  }
  return fields;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function readBytes(file: string | undefined): Promise<Buffer> {
  if (file !== undefined) return readFileSync(file);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
