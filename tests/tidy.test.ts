/**
 * The house rules as a test: who imports whom, sizes, names, comments, RFC citations, links. Every
 * rule is also shown to fail on a planted break, and none passes when it understood no file.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { configSchema } from '@merpati/server/config/schema.ts';
import { parse as parseToml } from 'smol-toml';
import { renderPages } from '../docs/generate.ts';
import { findBoundaryBreaks, folderRules, packageRules } from './tidy/boundaries.ts';
import { readCitations, readIndex } from './tidy/citations.ts';
import { findBrokenLinks } from './tidy/links.ts';
import { exceptions, findRuleBreaks } from './tidy/rules.ts';
import { readSource } from './tidy/source.ts';
import { listFiles, readText, root } from './tidy/tree.ts';

const sources = listFiles(/^(packages|tests|bench)\/.*\.ts$/).map((path) =>
  readSource(path, readText(path)),
);
const product = sources.filter(({ path }) => /^packages\/[^/]+\/src\//.test(path));
const isTest = (path: string): boolean => /\.test\.ts$|\/testing\//.test(path);

function assertNone(breaks: readonly string[]): void {
  assert.equal(breaks.length, 0, `\n${breaks.join('\n')}\n`);
}

describe('who imports whom', () => {
  test('every package is understood', () => {
    const imports = product.reduce((sum, source) => sum + source.imports.length, 0);
    assert.ok(product.length > 100, `only ${product.length} files were read`);
    assert.ok(imports > 300, `only ${imports} imports were seen`);
    for (const name of Object.keys(packageRules)) {
      const own = product.filter(({ path }) => path.startsWith(`packages/${name}/`));
      assert.ok(own.length > 0, `nothing was read of ${name}`);
    }
    const exports = product.filter(({ text }) => /^export /m.test(text));
    assert.ok(exports.length > product.length / 2);
  });

  test('only along the arrows of the table', () => {
    assertNone(sources.flatMap(findBoundaryBreaks));
  });

  test('every folder of the table exists', () => {
    for (const folder of Object.keys(folderRules)) {
      assert.ok(existsSync(join(root, 'packages/server/src', folder)), folder);
    }
  });

  test('formats is pure: no clock, no chance, no machine', () => {
    const pure = product.filter(({ path }) => path.startsWith('packages/formats/'));
    const breaks = pure
      .filter(({ path }) => !isTest(path))
      .flatMap(({ path, impure }) => impure.map(({ name, line }) => `${path}:${line}: ${name}`));
    assertNone(breaks);
    for (const text of ['Date.now()', 'new Date()', 'Math.random()', 'Buffer.from(a)']) {
      assert.equal(readSource('packages/formats/src/x.ts', text).impure.length, 1, text);
    }
    const harmless =
      'Date.UTC(1970, 0); new Date(0); Math.max(1, 2); a.process(); b = { crypto: 1 }';
    assert.deepEqual(readSource('packages/formats/src/x.ts', harmless).impure, []);
  });

  test('node:sqlite, which will be renamed, is known to the engine alone', () => {
    const users = product.filter(({ imports }) =>
      imports.some(({ specifier }) => specifier === 'node:sqlite'),
    );
    assert.ok(users.length > 0);
    const strays = users.filter(({ path }) => !path.startsWith('packages/store/src/sqlite/'));
    assertNone(strays.map(({ path }) => path));
  });

  const planted: readonly (readonly [string, string])[] = [
    ['packages/formats/src/smtp/x.ts', `import { readFileSync } from 'node:fs';`],
    ['packages/formats/src/smtp/x.ts', `import type { Store } from '@merpati/store/contract.ts';`],
    ['packages/formats/src/smtp/x.ts', `const late = await import('zod');`],
    ['packages/store/src/x.ts', `export * from '@merpati/server/home.ts';`],
    ['packages/store/src/x.ts', `import { z } from '../../server/src/config/schema.ts';`],
    ['packages/client/src/x.ts', `import '@merpati/store/contract.ts';`],
    ['packages/server/src/pop3/x.ts', `import { a } from '../smtp/y.ts';`],
    ['packages/server/src/checks/x.ts', `export { a } from '../flow/1-receive.ts';`],
    ['packages/server/src/net/x.ts', `import { z } from 'zod';`],
    ['packages/server/src/net/x.ts', `import left from 'left-pad';`],
    ['packages/server/src/net/x.ts', `import { a } from '@merpati/server/home.ts';`],
    ['packages/server/src/net/x.ts', `import { a } from '@merpati/formats/bytes';`],
    ['packages/server/src/net/x.ts', `new Worker(new URL('../cli/main.ts', import.meta.url));`],
    ['packages/server/src/net/x.ts', `import fc from 'fast-check';`],
    ['packages/server/src/net/x.ts', `import { a } from './wire.test.ts';`],
    ['packages/server/src/new-room/x.ts', `import { a } from '../net/wire.ts';`],
    ['packages/new/src/x.ts', ``],
  ];
  for (const [path, text] of planted) {
    test(`a planted break is found: ${path} ${text}`, () => {
      assert.equal(findBoundaryBreaks(readSource(path, text)).length, 1);
    });
  }

  test('what cannot be understood is not passed over', () => {
    for (const text of [`const a = 'open`, `function f() {`, `enum A { b }`, `a = (1];`, '`${a']) {
      assert.throws(() => readSource('packages/formats/src/x.ts', text), Error, text);
    }
  });
});

describe('each file', () => {
  const breaks = sources.flatMap(findRuleBreaks);

  test('keeps to the sizes, names and comments of the house', () => {
    assertNone(breaks.filter(({ key }) => exceptions[key] === undefined).map(({ text }) => text));
  });

  test('no exception is left over', () => {
    const needed = new Set(breaks.map(({ key }) => key));
    assertNone(Object.keys(exceptions).filter((key) => !needed.has(key)));
  });

  const header = '/** What for. */\n';
  const planted: readonly (readonly [string, string])[] = [
    ['a file that is too long', `${header}${'a;\n'.repeat(601)}`],
    ['a line that is too long', `${header}a = '${'x'.repeat(100)}';`],
    ['a long function', `${header}function f(): { a: 1 } {\n${'a;\n'.repeat(70)}}`],
    [
      'a long method',
      `${header}class A { async #b(c: { d: 1 }): Promise<{}> {\n${'a;\n'.repeat(70)}} }`,
    ],
    ['a long arrow', `${header}const f = <T>(a: T): void => {\n${'a;\n'.repeat(70)}};`],
    ['no header', `const a = 1;`],
    ['a foreign tag', `${header}// FIXME: later`],
    ['a TODO of nobody', `${header}// TODO: later`],
    ['a lint rule switched off without a word', `${header}// oxlint-disable-next-line no-var`],
    ['silenced types', `${header}// @ts-ignore`],
    ['an empty catch', `${header}try { a(); } catch {}`],
    ['an empty catch with a name', `${header}try { a(); } catch (error) {\n}`],
  ];
  for (const [what, text] of planted) {
    test(`a planted break is found: ${what}`, () => {
      assert.equal(findRuleBreaks(readSource('packages/formats/src/x.ts', text)).length, 1);
    });
  }

  test('a planted break is found: names that say nothing, tests that do not run', () => {
    const at = (path: string, text = header): number =>
      findRuleBreaks(readSource(path, text)).length;
    assert.equal(at('packages/formats/src/smtp-utils.ts'), 1);
    assert.equal(at('packages/formats/src/common/x.ts'), 1);
    assert.equal(at('packages/formats/src/camelCase.ts'), 1);
    assert.equal(at('packages/formats/src/base64.ts'), 0);
    assert.equal(
      at('packages/formats/src/x.test.ts', `test.idle('a', f);`.replace('idle', 'skip')),
      1,
    );
    assert.equal(
      at('packages/formats/src/x.test.ts', `test('a', { idle: true }, f);`.replace('idle', 'only')),
      1,
    );
  });

  test('a reason makes an empty catch and a lint exception good', () => {
    const text = `${header}try { a(); } catch {\n  // gone already: that is what was wanted\n}
// oxlint-disable-next-line no-var -- the grammar of RFC 5322 has it so\n`;
    assert.deepEqual(findRuleBreaks(readSource('packages/formats/src/x.ts', text)), []);
  });
});

/**
 * What the flow calls for a message from another server. Left out is what only submission (whose
 * From is it) and senders who ask for a report of success come by, and what the journey tells of
 * it.
 */
const inboundLeaves = [
  'accounts/resolve.ts',
  'checks/check.ts',
  'checks/header-form.ts',
  'checks/loop.ts',
  'incoming/incoming.ts',
  'incoming/trace-fields.ts',
].map((path) => `packages/server/src/${path}`);

describe('the path of one message', () => {
  const count = (paths: readonly string[]): number =>
    paths.reduce((sum, path) => sum + readText(path).trimEnd().split('\n').length, 0);
  const flow = listFiles(/^packages\/server\/src\/flow\/[^/]+\.ts$/).filter(
    (path) => !isTest(path),
  );

  test('flow/ can be read in one sitting', () => {
    assert.ok(flow.length >= 5, flow.join(' '));
    assert.ok(count(flow) <= 600, `flow/ has ${count(flow)} lines`);
  });

  test('so can everything that one inbound message passes', () => {
    const inbound = [...flow.filter((path) => /\/[1-5]-/.test(path)), ...inboundLeaves];
    assert.ok(count(inbound) <= 900, `the inbound path has ${count(inbound)} lines`);
  });
});

describe('RFCs', () => {
  const index = readIndex(readText('docs/rfc/index.tsv'));
  const citations = product.flatMap(({ path, text }) =>
    readCitations(text).map((citation) => ({ ...citation, path })),
  );

  test('every RFC that a source cites is listed', () => {
    const listed = new Set(index.map(({ rfc }) => rfc));
    assert.ok(citations.length > 100, `only ${citations.length} citations were seen`);
    const strays = citations.filter(({ rfc }) => !listed.has(rfc));
    assertNone([...new Set(strays.map(({ path, line, rfc }) => `${path}:${line}: RFC ${rfc}`))]);
  });

  test('every RFC that is done is cited where it is done, and shown', () => {
    const cited = new Set(citations.filter(({ path }) => !isTest(path)).map(({ rfc }) => rfc));
    const breaks: string[] = [];
    for (const { rfc, status, shownBy } of index) {
      if (status !== 'yes') continue;
      if (!cited.has(rfc)) breaks.push(`RFC ${rfc} is "yes", but no source cites it`);
      if (shownBy.length === 0) breaks.push(`RFC ${rfc} is "yes", but nothing shows it`);
    }
    assertNone(breaks);
  });

  test('what shows an RFC exists, and a transcript cites it', () => {
    const breaks: string[] = [];
    for (const { rfc, shownBy } of index) {
      for (const path of shownBy) {
        const isTranscript = path.startsWith('tests/transcripts/');
        if (!existsSync(join(root, path))) breaks.push(`RFC ${rfc}: ${path} does not exist`);
        else if (!isTranscript && !path.endsWith('.test.ts')) breaks.push(`${path} is no test`);
        else if (
          isTranscript &&
          !readCitations(readText(path)).some((found) => found.rfc === rfc)
        ) {
          breaks.push(`RFC ${rfc}: ${path} does not cite it`);
        }
      }
    }
    assertNone(breaks);
  });

  test('the index is sorted, without doubles', () => {
    const numbers = index.map(({ rfc }) => rfc);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
  });

  test('citations are read in all the ways they are written', () => {
    const numbers = (text: string): number[] => readCitations(text).map(({ rfc }) => rfc);
    assert.deepEqual(numbers('RFC 5321 §4.5.3, RFC 822'), [5321, 822]);
    assert.deepEqual(numbers('RFC 1939, 2449 and 2595 are old'), [1939, 2449, 2595]);
    assert.deepEqual(numbers('RFC 5321 §4.1.1.4, 6531 §3'), [5321, 6531]);
    assert.deepEqual(numbers('RFCs 3461, 3464; 200 of them'), [3461, 3464]);
    assert.deepEqual(numbers('RFC 5321 §4.5.3.2, RFC 6409 §6'), [5321, 6409]);
    assert.deepEqual(numbers('RFC 9051 §2.3.1.1. 1 … 2^32'), [9051]);
    assert.deepEqual(numbers('RFC 2822 asks for 998, in 2001'), [2822]);
  });

  test('a damaged index is not passed over', () => {
    assert.throws(() => readIndex('rfc\ttitle\n1\tx'));
    const head = 'rfc\ttitle\tstatus\tsections\tshown by\tremarks';
    assert.throws(() => readIndex(`${head}\n5321\tSMTP\tperhaps\t\t\t`));
    assert.throws(() => readIndex(`${head}\nfive\tSMTP\tyes\t\t\t`));
  });
});

describe('documents', () => {
  const documents = listFiles(/\.md$/);

  test('links lead somewhere', () => {
    assert.ok(documents.length > 5);
    assertNone(documents.flatMap((path) => findBrokenLinks(path, readText(path), readTarget)));
  });

  test('the pages that are made from tables are up to date (npm run docs)', () => {
    for (const [path, text] of Object.entries(renderPages()))
      assert.equal(readText(path), text, path);
  });

  test('configurations shown are configurations', () => {
    const shown = documents.flatMap((path) => [
      ...readText(path).matchAll(/^```toml\n(.*?)^```/gms),
    ]);
    assert.ok(shown.length > 0);
    for (const [, text = ''] of shown) configSchema.parse(parseToml(text));
  });

  test('a planted break is found', () => {
    const breaks = (text: string): number => findBrokenLinks('docs/x.md', text, readTarget).length;
    assert.equal(breaks('[a](nowhere.md)'), 1);
    assert.equal(breaks('[a](../README.md#no-such-heading)'), 1);
    assert.equal(breaks('[`noSuchName`](../tests/tidy/tree.ts)'), 1);
    assert.equal(breaks('[`readText`](../tests/tidy/tree.ts), [b](https://example.org/)'), 0);
  });

  function readTarget(from: string, target: string): string | null {
    const path = normalize(join(dirname(from), target));
    if (path.startsWith('..') || !existsSync(join(root, path))) return null;
    return /\.(md|ts)$/.test(path) ? readText(path) : '';
  }
});
