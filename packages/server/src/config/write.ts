/** Writes a configuration: only the keys that are given, with a line of introduction. */

import { stringify } from 'smol-toml';
import type { z } from 'zod';
import type { configSchema } from './schema.ts';

export function writeConfig(tree: z.input<typeof configSchema>, intro: string): string {
  return `# ${intro}\n${stringify(tree)}`;
}
