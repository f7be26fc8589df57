/**
 * Authentication-Results: what was found about who sent a message, for those who read it later. RFC
 * 8601 §2.2. What is written comes from strangers as often as not, so that whatever could end a
 * value, a comment or the field itself is replaced.
 */

/** One method and what it said, e.g. `spf=pass smtp.mailfrom=rina@contoh.test`. */
export interface MethodResult {
  readonly method: string;
  readonly result: string;
  /** In brackets behind the result. */
  readonly comment?: string;
  /** Why; RFC 8601 §2.2 (`reason=`). */
  readonly reason?: string;
  /** `smtp.mailfrom` and its value, in order. */
  readonly properties?: readonly (readonly [name: string, value: string])[];
}

/** Octets of one value as it is written down. */
const valueLengthMax = 200;
const lineLengthMax = 78;

/**
 * The whole field with its line end.
 *
 * @example
 * const spf = { method: 'spf', result: 'none' };
 * writeAuthenticationResults('mx.surat.test', [spf]);
 * // 'Authentication-Results: mx.surat.test;\r\n\tspf=none\r\n'
 */
export function writeAuthenticationResults(
  authservId: string,
  results: readonly MethodResult[],
): string {
  const parts = results.length === 0 ? ['none'] : results.map((result) => writeResult(result));
  return `Authentication-Results: ${authservId};\r\n\t${parts.join(';\r\n\t')}\r\n`;
}

function writeResult({ method, result, comment, reason, properties = [] }: MethodResult): string {
  const words = [`${method}=${result}`];
  if (comment !== undefined) words.push(`(${writeComment(comment)})`);
  if (reason !== undefined) words.push(`reason=${writeQuoted(reason)}`);
  for (const [name, value] of properties) words.push(`${name}=${writeValue(value)}`);
  let line = '';
  const lines: string[] = [];
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > lineLengthMax - 8) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\r\n\t ');
}

const token = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]+$/;
const address = /^[A-Za-z0-9!#$%&'*+.^_`{|}~/=-]*@[A-Za-z0-9.-]+$/;

/** RFC 8601 §2.2: a token, an address, or a quoted string. */
function writeValue(value: string): string {
  const isPlain = value.length <= valueLengthMax && (token.test(value) || address.test(value));
  return isPlain ? value : writeQuoted(value);
}

function writeQuoted(value: string): string {
  return `"${plain(value).replaceAll(/["\\]/g, (octet) => `\\${octet}`)}"`;
}

function writeComment(text: string): string {
  return plain(text).replaceAll(/[()\\]/g, '_');
}

/** Visible ASCII and spaces. */
function plain(text: string): string {
  const short = text.length > valueLengthMax ? `${text.slice(0, valueLengthMax - 3)}...` : text;
  return short.replaceAll(/[^\x20-\x7e]/g, '?');
}

/** Who speaks in a field of that value, in lower case; null when nobody can be made out. */
export function readAuthservId(value: string): string | null {
  const rest = skipComments(value);
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(rest)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gs, '$1').toLowerCase();
  const plainId = /^[^\s;()"]+/.exec(rest)?.[0];
  return plainId?.toLowerCase() ?? null;
}

/** Methods and their results, both in lower case; what cannot be read is left out. */
export function readMethodResults(
  value: string,
): readonly Pick<MethodResult, 'method' | 'result'>[] {
  return splitParts(value)
    .slice(1)
    .flatMap((part) => {
      const found = /^([a-z][a-z0-9-]*)(?:\/[0-9]+)?[ \t]*=[ \t]*([a-z]+)/i.exec(part);
      if (found === null) return [];
      const [, method = '', result = ''] = found;
      return [{ method: method.toLowerCase(), result: result.toLowerCase() }];
    });
}

/** Between semicolons, without comments; those within quotes end nothing. */
function splitParts(value: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const letter = value[at] ?? '';
    if (letter === '\\') {
      if (depth === 0) part += letter + (value[at + 1] ?? '');
      at += 1;
    } else if (isQuoted) {
      isQuoted = letter !== '"';
      part += letter;
    } else if (letter === '(') depth += 1;
    else if (depth > 0) depth -= letter === ')' ? 1 : 0;
    else if (letter === ';') {
      parts.push(part.trim());
      part = '';
    } else {
      isQuoted = letter === '"';
      part += letter;
    }
  }
  return [...parts, part.trim()];
}

/** Without the white space and comments it begins with. */
function skipComments(value: string): string {
  let at = 0;
  for (let depth = 0; at < value.length; at += 1) {
    const letter = value[at];
    if (letter === '(') depth += 1;
    else if (letter === ')' && depth > 0) depth -= 1;
    else if (letter === '\\' && depth > 0) at += 1;
    else if (depth === 0 && !/\s/.test(letter ?? '')) break;
  }
  return value.slice(at);
}
