/**
 * Arguments that are taken from the answer to a call before, within the same request: `#ids` in
 * place of `ids`. RFC 8620 §3.7; the path is a JSON pointer (RFC 6901) in which `*` stands for
 * every entry of a list.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Invocation } from './request.ts';

/** What `*` may gather: as much as any method takes. */
const gatheredMax = 100_000;

/**
 * The arguments with every reference put in. Throws a SyntaxFault: `jmap.reference` when there is
 * nothing to take, `jmap.arguments` when an argument is given twice.
 */
export function resolveReferences(args: JsonObject, answers: readonly Invocation[]): JsonObject {
  const names = Object.keys(args);
  if (!names.some((name) => name.startsWith('#'))) return args;
  const resolved: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const name of names) {
    const value = args[name] as Json;
    if (!name.startsWith('#')) {
      resolved[name] = value;
      continue;
    }
    const plain = name.slice(1);
    if (Object.hasOwn(args, plain)) {
      throw new SyntaxFault('jmap.arguments', `both ${plain} and #${plain} are given`);
    }
    resolved[plain] = take(value, plain, answers);
  }
  return resolved;
}

function take(reference: Json, name: string, answers: readonly Invocation[]): Json {
  const fault = (why: string) => new SyntaxFault('jmap.reference', `#${name}: ${why}`);
  if (!isObject(reference)) throw fault('it is not an object');
  const { resultOf, name: method, path } = reference;
  if (typeof resultOf !== 'string' || typeof method !== 'string' || typeof path !== 'string') {
    throw fault('it needs resultOf, name and path');
  }
  const answer = answers.find((one) => one.callId === resultOf);
  if (answer === undefined) throw fault(`no call ${resultOf} was answered before`);
  if (answer.name !== method) throw fault(`${resultOf} was answered by ${answer.name}`);
  const found = followPath(answer.args, path);
  if (found === undefined) throw fault(`there is no ${path} in that answer`);
  return found;
}

/**
 * What a pointer leads to; undefined when it leads nowhere.
 *
 * @example
 * followPath({ list: [{ ids: ['a', 'b'] }, { ids: ['c'] }] }, '/list/1/ids'); // ['c']
 */
export function followPath(value: Json, path: string): Json | undefined {
  if (path === '') return value;
  if (!path.startsWith('/')) return undefined;
  return follow(value, path.slice(1).split('/').map(unescapeToken));
}

function follow(value: Json, tokens: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const [index, token] of tokens.entries()) {
    if (Array.isArray(at)) {
      if (token === '*') return gather(at as readonly Json[], tokens.slice(index + 1));
      at = /^(?:0|[1-9]\d{0,9})$/u.test(token) ? (at as readonly Json[])[Number(token)] : undefined;
    } else if (isObject(at)) at = Object.hasOwn(at, token) ? at[token] : undefined;
    else return undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

/** Lists that the entries lead to become one. */
function gather(list: readonly Json[], tokens: readonly string[]): Json | undefined {
  const gathered: Json[] = [];
  for (const entry of list) {
    const found = follow(entry, tokens);
    if (found === undefined) return undefined;
    if (Array.isArray(found)) for (const one of found as readonly Json[]) gathered.push(one);
    else gathered.push(found);
    if (gathered.length > gatheredMax) return undefined;
  }
  return gathered;
}

/** RFC 6901 §4. */
export function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
