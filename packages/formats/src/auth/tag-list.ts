/** `tag=value; tag=value`: signatures, keys and policies are written so. RFC 6376 §3.2. */

import { SyntaxFault } from '../syntax-fault.ts';

export type Tags = ReadonlyMap<string, string>;

/**
 * Tags in their order, values trimmed and with their inner white space. Throws `SyntaxFault`: a tag
 * twice, a name that is none, a part without `=`.
 */
export function readTagList(text: string): Tags {
  const tags = new Map<string, string>();
  const parts = text.split(';');
  // One semicolon may end the list.
  if (parts.length > 1 && parts.at(-1)?.trim() === '') parts.pop();
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals < 0) throw new SyntaxFault('tags.form', `"${part.trim()}" is no tag`);
    const name = part.slice(0, equals).trim();
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
      throw new SyntaxFault('tags.name', `"${name}" is no name of a tag`);
    }
    if (tags.has(name)) throw new SyntaxFault('tags.twice', `${name}= stands there twice`);
    tags.set(name, part.slice(equals + 1).trim());
  }
  return tags;
}

/** A value without its white space: base64 and lists may be folded anywhere. */
export function solid(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}

/** A list between colons. */
export function colonList(value: string): string[] {
  return value.split(':').map((item) => item.trim());
}
