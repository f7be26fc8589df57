/** JSON as JMAP exchanges it. RFC 8259; RFC 7493 (I-JSON). */

import { SyntaxFault } from '../syntax-fault.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface JsonLimits {
  /** Objects and arrays within each other. */
  readonly depthMax: number;
  /** Objects, arrays, texts and other values altogether. */
  readonly valuesMax: number;
}

export const jsonLimits: JsonLimits = { depthMax: 64, valuesMax: 1_000_000 };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a JSON text that holds whole characters only, as I-JSON asks. Throws a SyntaxFault
 * `json.broken`, `json.text` or `json.limit`.
 */
export function readJson(text: string, limits: JsonLimits = jsonLimits): Json {
  if (depthOf(text) > limits.depthMax) {
    throw new SyntaxFault('json.limit', `more than ${limits.depthMax} levels`);
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new SyntaxFault('json.broken', 'this is no JSON');
  }
  requirePlain(value, limits);
  return value;
}

/** Looked at before the parser, which goes down as deep as the text does. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign === '\\') at += 1;
      else if (sign === '"') isQuoted = false;
    } else if (sign === '"') isQuoted = true;
    else if (sign === '{' || sign === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (sign === '}' || sign === ']') depth -= 1;
  }
  return deepest;
}

function requirePlain(value: Json, { valuesMax }: JsonLimits): void {
  const waiting: Json[] = [value];
  let count = 0;
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    count += 1;
    if (count > valuesMax) throw new SyntaxFault('json.limit', `more than ${valuesMax} values`);
    if (typeof one === 'string') requireWhole(one);
    else if (Array.isArray(one)) for (const each of one) waiting.push(each as Json);
    else if (isObject(one)) {
      for (const [name, each] of Object.entries(one)) {
        requireWhole(name);
        waiting.push(each);
      }
    }
  }
}

function requireWhole(text: string): void {
  if (!text.isWellFormed()) throw new SyntaxFault('json.text', 'half a character in a text');
}
