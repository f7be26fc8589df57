/**
 * Collects what is to be fuzzed: every `fuzz-targets.ts` of packages/formats names its readers. A
 * target takes any octets; it may throw `SyntaxFault` and nothing else. What it returns is weighed:
 * a value may not be much larger than the octets it was read from.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listFiles, readText, root } from '../tidy/tree.ts';

export type Run = (bytes: Uint8Array) => unknown;

export interface FuzzTarget {
  readonly name: string;
  /** Good inputs to start from. None: golden messages and the lines of the transcripts. */
  readonly seeds?: readonly (string | Uint8Array)[];
  readonly run: Run;
}

export interface SeededTarget {
  readonly name: string;
  readonly run: Run;
  readonly seeds: readonly Uint8Array[];
}

/** A `fuzz-targets.ts` exports lists of targets, or records from name to reader. */
type Exported = readonly FuzzTarget[] | Readonly<Record<string, Run>>;

export async function collectTargets(): Promise<SeededTarget[]> {
  const files = listFiles(/^packages\/formats\/src\/.*\/fuzz-targets\.ts$/);
  const shared = [...readGoldenMessages(), ...readTranscriptLines()];
  const collected: SeededTarget[] = [];
  for (const file of files) {
    const loaded = (await import(pathToFileURL(join(root, file)).href)) as Record<string, Exported>;
    const targets = Object.values(loaded).flatMap(listTargets);
    if (targets.length === 0) throw new Error(`${file}: no targets`);
    for (const { name, run, seeds = [] } of targets) {
      const own = seeds.map((seed) =>
        typeof seed === 'string' ? new TextEncoder().encode(seed) : seed,
      );
      collected.push({ name, run, seeds: own.length > 0 ? own : shared });
    }
  }
  return collected;
}

function listTargets(exported: Exported): readonly FuzzTarget[] {
  if (Array.isArray(exported)) return exported as readonly FuzzTarget[];
  return Object.entries(exported).map(([name, run]) => ({ name, run }));
}

/** Golden files: `NNN.eml`. */
function readGoldenMessages(): Uint8Array[] {
  const encoder = new TextEncoder();
  return listFiles(/\.eml$/).map((path) => encoder.encode(readText(path)).subarray(0, 16_384));
}

/** The lines of both sides of every transcript, each by itself. */
export function readTranscriptLines(): Uint8Array[] {
  const encoder = new TextEncoder();
  const lines = new Set<string>();
  for (const path of listFiles(/^tests\/transcripts\/.*\.txt$/)) {
    for (const [, text = ''] of readText(path).matchAll(/^[CS]\d*: (.*)$/gm)) lines.add(text);
  }
  return [...lines, 'EHLO example.test', 'USER rina'].map((line) => encoder.encode(line));
}
