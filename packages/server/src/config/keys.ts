/**
 * The keys of the configuration as a flat list, read out of the schema: the one source of their
 * words.
 */

import { z } from 'zod';
import { configSchema } from './schema.ts';

export interface ConfigKey {
  /** Dotted: `limits.message_bytes_max`; members of a list have `[]`: `routes[].host`. */
  readonly path: string;
  /** For people: `text`, `number ≥ 100`, `list of text`, `one of hide, leave-copy`. */
  readonly type: string;
  readonly default: unknown;
  readonly description: string;
  /** `MERPATI_LIMITS__MESSAGE_BYTES_MAX`; null inside lists. */
  readonly env: string | null;
}

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** In the order of the schema. */
export function configKeys(): ConfigKey[] {
  const root = z.toJSONSchema(configSchema, { io: 'input' });
  return flatten(root, '');
}

function flatten(schema: JsonSchema, path: string): ConfigKey[] {
  const keys: ConfigKey[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (typeof property === 'boolean') continue;
    const here = path === '' ? name : `${path}.${name}`;
    if (property.type === 'object') {
      keys.push(...flatten(property, here));
      continue;
    }
    keys.push({
      path: here,
      type: typeWords(property),
      default: property.default,
      description: property.description ?? '',
      env: here.includes('[') ? null : envName(here),
    });
    const items = property.items;
    if (typeof items === 'object' && !Array.isArray(items) && items.type === 'object') {
      keys.push(...flatten(items, `${here}[]`));
    }
  }
  return keys;
}

export const envName = (path: string): string =>
  `MERPATI_${path.toUpperCase().replaceAll('.', '__')}`;

function typeWords(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer') {
    const { minimum, maximum } = schema;
    const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER;
    const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
    return `whole number${low ? ` ≥ ${minimum}` : ''}${high ? ` ≤ ${maximum}` : ''}`;
  }
  if (schema.type !== 'array') return 'text';
  const items = schema.items;
  if (typeof items !== 'object' || Array.isArray(items)) return 'list';
  return items.type === 'object' ? 'list of tables' : `list of ${typeWords(items)}`;
}
