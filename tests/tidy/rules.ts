/** Rules for one file at a time: sizes, comments, names, tests that do not run. */

import type { Source } from './source.ts';

export const lineLengthMax = 100;
export const fileLinesMax = 600;
export const functionLinesMax = 70;

/**
 * Where a rule would make a file worse. Each entry says why; an entry that is no longer needed
 * fails the test too.
 */
export const exceptions: Readonly<Record<string, string>> = {
  'packages/store/src/contract.ts lines':
    'What every engine promises is read as a whole; two halves would each lack the other.',
};

const bannedWords = ['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'misc', 'stuff'];
const foreignTags = /(?:^|\s)(FIXME|XXX|HACK|NOTE|BUG|WIP|OPTIMIZE|REVIEW)(?:[:(]|\s*$)/m;

/** A sentence with the key by which an exception can be made. */
export interface Break {
  readonly key: string;
  readonly text: string;
}

export function findRuleBreaks(source: Source): Break[] {
  return [
    ...sizes(source),
    ...comments(source),
    ...names(source),
    ...(isTest(source.path) ? idleTests(source) : []),
  ];
}

/** A suite is one long function. */
function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || /\/conformance\/suite[^/]*\.ts$/.test(path);
}

function sizes(source: Source): Break[] {
  const { path } = source;
  const breaks: Break[] = [];
  const lines = source.lines.length - (source.lines.at(-1) === '' ? 1 : 0);
  if (lines > fileLinesMax) {
    breaks.push({ key: `${path} lines`, text: `${path}: ${lines} lines, at most ${fileLinesMax}` });
  }
  for (const [index, line] of source.lines.entries()) {
    if (line.length > lineLengthMax) {
      breaks.push({ key: `${path} width`, text: `${path}:${index + 1}: longer than 100` });
    }
  }
  if (isTest(path)) return breaks;
  for (const { name, line, lines: length } of source.functions) {
    if (length > functionLinesMax) {
      const text = `${path}:${line}: ${name} has ${length} lines, at most ${functionLinesMax}`;
      breaks.push({ key: `${path} ${name}`, text });
    }
  }
  return breaks;
}

function comments(source: Source): Break[] {
  const { path } = source;
  const breaks: Break[] = [];
  const add = (line: number, text: string): void => {
    breaks.push({ key: `${path} comments`, text: `${path}:${line}: ${text}` });
  };
  const hasHeader = /^(#!.*\n)?\s*\/\*\*/.test(source.text);
  if (!hasHeader && !isTest(path)) add(1, 'begin with a comment that says what the file is for');
  for (const { text, line } of source.comments) {
    const tag = foreignTags.exec(text)?.[1];
    if (tag) add(line, `${tag}: the tags are QUIRK:, LIMIT: and TODO(#n):`);
    if (/\bTODO\b(?!\(#\d+\):)/.test(text)) add(line, 'TODO names its issue: TODO(#n):');
    if (/(ox|es)lint-disable/.test(text) && !/--\s*\S+/.test(text)) {
      add(line, 'say after -- why the rule does not fit here');
    }
    if (/@ts-(ignore|nocheck)/.test(text)) add(line, 'types are not silenced');
  }
  for (const line of source.emptyCatches) add(line, 'an empty catch needs its reason');
  return breaks;
}

function names(source: Source): Break[] {
  const { path } = source;
  const stems = path.split('/').map((part) => part.replace(/(\.test)?\.ts$/, ''));
  const word = stems.flatMap((stem) => stem.split('-')).find((part) => bannedWords.includes(part));
  const breaks: Break[] = [];
  if (word) breaks.push({ key: `${path} name`, text: `${path}: "${word}" says nothing` });
  const stem = stems.at(-1) ?? '';
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) {
    breaks.push({ key: `${path} name`, text: `${path}: file names are kebab-case` });
  }
  return breaks;
}

/** What cannot run here goes through `requireProgram` of tests/programs.ts, which is loud. */
function idleTests(source: Source): Break[] {
  const { path } = source;
  const call = /\b(?:test|it|describe|suite|t)\.(?:skip|only|todo)\b/;
  const option = /\b(?:test|it|describe|suite)\(.*[{,]\s*(?:skip|only|todo)\s*:/;
  return source.lines.flatMap((line, index) =>
    call.test(line) || option.test(line)
      ? [{ key: `${path} idle`, text: `${path}:${index + 1}: a test that does not run` }]
      : [],
  );
}
