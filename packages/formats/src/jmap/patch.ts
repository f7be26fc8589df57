/** Changes to parts of an object: a pointer and the new value for each. RFC 8620 §5.3. */

import { SyntaxFault } from '../syntax-fault.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { unescapeToken } from './reference.ts';

/**
 * The object with the patch put in; neither is changed. `null` takes a property out, or gives it
 * its default where the first level has one. Throws a SyntaxFault `jmap.patch`.
 *
 * @example
 * applyPatch({ keywords: { $seen: true } }, { 'keywords/$flagged': true });
 * // { keywords: { $seen: true, $flagged: true } }
 */
export function applyPatch(
  object: JsonObject,
  patch: JsonObject,
  defaults: JsonObject = {},
): JsonObject {
  const paths = Object.keys(patch).map((pointer) => ({
    pointer,
    tokens: pointer.split('/').map(unescapeToken),
  }));
  requireApart(paths);
  let result = object;
  for (const { pointer, tokens } of paths) {
    const value = patch[pointer] as Json;
    const [first = ''] = tokens;
    const isDefault = value === null && tokens.length === 1 && Object.hasOwn(defaults, first);
    result = put(result, tokens, isDefault ? (defaults[first] as Json) : value, pointer);
  }
  return result;
}

/** No two may have a say about the same place. */
function requireApart(paths: readonly { pointer: string; tokens: readonly string[] }[]): void {
  const all = new Set(paths.map(({ tokens }) => JSON.stringify(tokens)));
  for (const { pointer, tokens } of paths) {
    for (let length = 1; length < tokens.length; length += 1) {
      if (!all.has(JSON.stringify(tokens.slice(0, length)))) continue;
      throw new SyntaxFault('jmap.patch', `${pointer} lies within another place that is patched`);
    }
  }
}

function put(
  object: JsonObject,
  tokens: readonly string[],
  value: Json,
  pointer: string,
): JsonObject {
  const [token = '', ...rest] = tokens;
  const copy = Object.assign(Object.create(null), object) as Record<string, Json>;
  if (rest.length > 0) {
    const inner = Object.hasOwn(object, token) ? object[token] : undefined;
    if (!isObject(inner)) throw new SyntaxFault('jmap.patch', `there is no object for ${pointer}`);
    copy[token] = put(inner, rest, value, pointer);
  } else if (value === null) delete copy[token];
  else copy[token] = value;
  return copy;
}
