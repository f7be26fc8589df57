/**
 * Reads a TypeScript source as far as the house rules need it: imports, comments, functions with
 * their sizes, strings. Types are stripped first (in place, so that lines stay), which leaves plain
 * JavaScript whose braces can be told apart.
 */

import { stripTypeScriptTypes } from 'node:module';
import jsTokens from 'js-tokens';

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

export interface Comment {
  readonly text: string;
  readonly line: number;
}

export interface Name {
  readonly name: string;
  readonly line: number;
}

export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface Source {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  readonly comments: readonly Comment[];
  readonly functions: readonly FunctionSize[];
  /** Lines of `catch` blocks with nothing in them, not even a reason. */
  readonly emptyCatches: readonly number[];
  /** Uses of what the machine around provides: clock, chance, input and output. */
  readonly impure: readonly Name[];
}

interface Token {
  readonly type: string;
  readonly value: string;
  readonly line: number;
}

/** Throws when the text cannot be understood: a rule that saw nothing must not pass. */
export function readSource(path: string, text: string): Source {
  const all = tokenize(path, text);
  const tokens = all.filter((token) => !isTrivia(token));
  const plain = tokenize(path, stripTypeScriptTypes(text));
  return {
    path,
    text,
    lines: text.split('\n'),
    imports: readImports(tokens),
    comments: all.filter((token) => token.type.endsWith('Comment')).map(comment),
    ...readBlocks(path, plain),
    impure: readImpure(tokens),
  };
}

function comment(token: Token): Comment {
  return { text: token.value, line: token.line };
}

function isTrivia(token: Token): boolean {
  return (
    token.type === 'WhiteSpace' ||
    token.type === 'LineTerminatorSequence' ||
    token.type.endsWith('Comment')
  );
}

function tokenize(path: string, text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const token of jsTokens(text)) {
    const isOpen = 'closed' in token && !token.closed;
    if (token.type === 'Invalid' || isOpen) {
      throw new Error(`${path}:${line}: not understood: ${token.value.slice(0, 40)}`);
    }
    tokens.push({ type: token.type, value: token.value, line });
    line += token.value.split('\n').length - 1;
  }
  return tokens;
}

/** The text between the quotes; escapes do not occur in module names. */
function unquote(token: Token | undefined): string | null {
  const isText = token?.type === 'StringLiteral' || token?.type === 'NoSubstitutionTemplate';
  return isText ? token.value.slice(1, -1) : null;
}

/**
 * `import … from 'x'`, `import 'x'`, `export … from 'x'`, `import('x')`, and file names that stand
 * in `new URL('./x.ts', import.meta.url)`: a worker is an import too.
 */
function readImports(tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  const add = (token: Token | undefined): void => {
    const specifier = unquote(token);
    if (token && specifier !== null) found.push({ specifier, line: token.line });
  };
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (token.value === 'from' && isFromClause(tokens, index)) add(next);
    else if (token.value === 'import' && next?.type === 'StringLiteral') add(next);
    else if (token.value === 'import' && next?.value === '(') add(tokens[index + 2]);
    else if (token.value === 'URL' && next?.value === '(') {
      if (/^\.{1,2}\/.*\.[jt]s$/.test(unquote(tokens[index + 2]) ?? '')) add(tokens[index + 2]);
    }
  }
  return found;
}

/** `from 'x'` after `}`, `*` or a name, and not a property or a function of that name. */
function isFromClause(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (tokens[index + 1]?.type !== 'StringLiteral' || before === undefined) return false;
  return before.value === '}' || before.value === '*' || before.type === 'IdentifierName';
}

const machine = new Set(
  `process Buffer setTimeout setInterval setImmediate queueMicrotask performance console
   fetch navigator globalThis require localStorage document window`.split(/\s+/),
);

/** By name, where it is not a property or a key; `Date` and `Math` only where they are not pure. */
function readImpure(tokens: readonly Token[]): Name[] {
  return tokens.flatMap((token, index) => {
    const [before, after, then] = [-1, 1, 2].map((step) => tokens[index + step]?.value);
    if (token.type !== 'IdentifierName' || before === '.' || before === '?.') return [];
    const { value: name, line } = token;
    if (name === 'Date' && after === '.' && then === 'now') return [{ name: 'Date.now', line }];
    if (name === 'Date' && after === '(' && then === ')') return [{ name: 'Date()', line }];
    if (name === 'Math' && then === 'random') return [{ name: 'Math.random', line }];
    // The machine's own `crypto`, not an argument of that name with functions that were handed in.
    if (name === 'crypto' && after === '.' && /^(subtle|random|getRandom)/.test(then ?? '')) {
      return [{ name: `crypto.${then}`, line }];
    }
    return machine.has(name) && after !== ':' ? [{ name, line }] : [];
  });
}

const blockWords = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);

interface Open {
  readonly bracket: string;
  readonly index: number;
  readonly functionName: string | null;
}

/**
 * Walks the brackets of plain JavaScript: function bodies with their sizes, empty `catch` blocks.
 */
function readBlocks(path: string, all: readonly Token[]) {
  const tokens = all.filter((token) => !isTrivia(token));
  const functions: FunctionSize[] = [];
  const emptyCatches: number[] = [];
  const stack: Open[] = [];
  /** For each `)` and `]`, where it was opened. */
  const openedAt = new Map<number, number>();
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'Punctuator' && !token.type.startsWith('Template')) continue;
    if ('([{'.includes(token.value)) {
      const functionName = token.value === '{' ? nameFunction(tokens, index, openedAt) : null;
      stack.push({ bracket: token.value, index, functionName });
    } else if (')]}'.includes(token.value)) {
      const open = stack.pop();
      if (open === undefined || !['()', '[]', '{}'].includes(open.bracket + token.value)) {
        throw new Error(`${path}:${token.line}: brackets not understood`);
      }
      openedAt.set(index, open.index);
      const line = tokens[open.index]?.line ?? 0;
      if (open.functionName !== null) {
        functions.push({ name: open.functionName, line, lines: token.line - line + 1 });
      }
      if (open.bracket === '{' && open.index === index - 1 && isCatch(tokens, open.index)) {
        emptyCatches.push(line);
      }
    }
  }
  if (stack.length > 0) throw new Error(`${path}: brackets left open`);
  const commented = new Set(
    all.filter((token) => token.type.endsWith('Comment')).map((token) => token.line),
  );
  return {
    functions,
    emptyCatches: emptyCatches.filter((line) => !commented.has(line) && !commented.has(line + 1)),
  };
}

function isCatch(tokens: readonly Token[], brace: number): boolean {
  const before = tokens[brace - 1]?.value;
  if (before === 'catch') return true;
  return before === ')' && tokens[brace - 4]?.value === 'catch';
}

/** The name of the function whose body opens at `brace`; null when it is no function body. */
function nameFunction(
  tokens: readonly Token[],
  brace: number,
  openedAt: ReadonlyMap<number, number>,
): string | null {
  const before = tokens[brace - 1];
  if (before?.value === '=>') return nameArrow(tokens, brace - 2, openedAt);
  if (before?.value !== ')') return null;
  const head = tokens[(openedAt.get(brace - 1) ?? 0) - 1];
  if (head === undefined || blockWords.has(head.value)) return null;
  return head.type === 'IdentifierName' || head.type === 'PrivateIdentifier'
    ? head.value
    : '(anonymous)';
}

function nameArrow(
  tokens: readonly Token[],
  end: number,
  openedAt: ReadonlyMap<number, number>,
): string {
  let start = openedAt.get(end) ?? end;
  if (tokens[start - 1]?.value === 'async') start -= 1;
  const isNamed = tokens[start - 1]?.value === '=' || tokens[start - 1]?.value === ':';
  return isNamed ? (tokens[start - 2]?.value ?? '(arrow)') : '(arrow)';
}
