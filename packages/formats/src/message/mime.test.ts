import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { concat, copyBytes, equalBytes, latin1, utf8 } from '../bytes.ts';
import { createContentDecoder } from './content-decoder.ts';
import { describeTree } from './fuzz-targets.ts';
import { mimeLimits } from './limits.ts';
import { createMimeReader, readContent, readMime, readPartText } from './mime.ts';
import type { Part } from './mime.ts';
import { fileNameOf } from './part.ts';

const sample = utf8(
  [
    'From: a@b.test',
    'Content-Type: multipart/mixed; boundary=outer',
    '',
    'preamble',
    '--outer',
    '',
    'one',
    'two',
    '--outer',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'Content-Type: multipart/alternative; boundary=inner',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'caf=C3=A9',
    '--inner--',
    '--outer',
    'Content-Type: image/png; name=a.png',
    'Content-Disposition: attachment; filename=b.png',
    'Content-Transfer-Encoding: base64',
    'Content-ID: <pic@x>',
    'Content-Description: a picture',
    'Content-Language: en, id',
    'Content-Location: http://x.test/',
    'Content-MD5: abc==',
    '',
    'AAEC',
    '',
    '--outer--',
    'epilogue',
    '',
  ].join('\r\n'),
);

const bodyOf = (bytes: Uint8Array, part: Part): string =>
  latin1(bytes.subarray(part.bodyStart, part.bodyEnd));

test('the tree, its numbers and where each part lies', () => {
  const { root, faults, size } = readMime(sample);
  assert.deepEqual(faults, []);
  assert.equal(size, sample.length);
  const [first, second, third] = root.parts as [Part, Part, Part];
  assert.deepEqual([root.path, first.path, second.path, third.path], ['', '1', '2', '3']);
  assert.equal(bodyOf(sample, first), 'one\r\ntwo');
  assert.equal(first.bodyLines, 1);
  assert.equal(second.message?.path, '2');
  const inner = second.message.parts[0] as Part;
  assert.equal(second.message?.parts[0]?.path, '2.1');
  assert.equal(second.message?.head.fields[0]?.value(), 'inner');
  assert.equal(second.message?.headStart, second.bodyStart);
  assert.equal(second.message?.bodyEnd, second.bodyEnd);
  assert.equal(readPartText(sample, inner), 'café');
  assert.deepEqual(readContent(sample, third), Uint8Array.of(0, 1, 2));
  assert.equal(fileNameOf(third), 'b.png');
  assert.equal(third.contentId, 'pic@x');
  assert.deepEqual(third.written, {
    type: 'image/png; name=a.png',
    encoding: 'base64',
    disposition: 'attachment; filename=b.png',
    id: '<pic@x>',
    description: 'a picture',
    language: 'en, id',
    location: 'http://x.test/',
    md5: 'abc==',
  });
  const head = latin1(sample.subarray(third.headStart, third.bodyStart));
  assert.ok(head.startsWith('Content-Type: image/png') && head.endsWith('abc==\r\n\r\n'));
});

test('a message of one part is part 1, within a message too', () => {
  assert.equal(readMime(utf8('Subject: x\r\n\r\ny')).root.path, '1');
  const { root } = readMime(utf8('Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny'));
  assert.deepEqual([root.path, root.message?.path], ['1', '1.1']);
});

test("the line end before a delimiter is the delimiter's, also behind an unfinished head", () => {
  const inner: readonly (readonly [string, head: string, body: string])[] = [
    ['', '', ''],
    ['\r\n', '\r\n', ''],
    ['Subject: x', 'Subject: x', ''],
    ['Subject: x\r\n', 'Subject: x\r\n', ''],
    ['Subject: x\r\n\r\n', 'Subject: x\r\n\r\n', ''],
    ['Subject: x\r\n\r\ntext', 'Subject: x\r\n\r\n', 'text'],
    ['no field', '', 'no field'],
  ];
  for (const [message, head, body] of inner) {
    const bytes = utf8(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n' +
        'Content-Type: message/rfc822\r\n\r\n' +
        `${message}\r\n--b--\r\n`,
    );
    const part = readMime(bytes).root.parts[0]!;
    assert.equal(bodyOf(bytes, part), message);
    const enclosed = part.message!;
    assert.equal(latin1(bytes.subarray(enclosed.headStart, enclosed.bodyStart)), head);
    assert.equal(bodyOf(bytes, enclosed), body);
    assert.equal(enclosed.head.length, head.length);
  }
});

test('a part keeps within a multipart that ends right behind its head', () => {
  for (const lineEnd of ['\r\n', '\n']) {
    for (const head of ['', 'Subject: x', 'Subject: x\n', 'A: b\nContent-Type: text/plain\n']) {
      const text =
        'Content-Type: multipart/mixed; boundary=r\n\n--r\n' +
        'Content-Type: multipart/mixed; boundary=xx\n\npreamble\n--xx\n' +
        `${head}\n--r\n\nnext\n--r--\n`;
      const bytes = utf8(text.replaceAll('\n', lineEnd));
      const [outer, next] = readMime(bytes).root.parts;
      assert.equal(bodyOf(bytes, outer!), `preamble\n--xx\n${head}`.replaceAll('\n', lineEnd));
      const inner = outer!.parts[0]!;
      assert.ok(inner.headStart <= inner.bodyStart && inner.bodyEnd === outer!.bodyEnd);
      assert.equal(bodyOf(bytes, inner), '');
      assert.equal(bodyOf(bytes, next!), 'next');
    }
  }
});

test('any cuts give the same tree, and sinks the same bodies', () => {
  const lines = fc.constantFrom(
    '--a',
    '--a--',
    '--b',
    '--b--  ',
    '--ab',
    '-',
    '',
    'text',
    'Content-Type: multipart/mixed; boundary=a',
    'Content-Type: multipart/digest; boundary=b',
    'Content-Type: message/rfc822',
    'Subject: x',
    ' fold',
    'From junk',
  );
  const ends = fc.constantFrom('\r\n', '\r\n', '\n', '\r', '\r\r\n', '');
  const input = fc.array(fc.tuple(lines, ends), { maxLength: 40 });
  const starts = fc.constantFrom('', 'Content-Type: multipart/mixed; boundary=a\r\n\r\n');
  fc.assert(
    fc.property(starts, input, fc.array(fc.integer({ min: 1, max: 9 })), (start, rows, sizes) => {
      const bytes = utf8(start + rows.map((row) => row.join('')).join(''));
      const whole = readMime(bytes);
      const given = new Map<Part, Uint8Array[]>();
      const reader = createMimeReader({
        onPart: (part) => {
          const chunks: Uint8Array[] = [];
          return {
            write: (chunk) => void chunks.push(copyBytes(chunk)),
            end: () => void given.set(part, chunks),
          };
        },
      });
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        // The reader may not keep what it was given: it is overwritten at once.
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        reader.write(chunk);
        chunk.fill(0x2d);
        at += size;
      }
      assert.equal(describeTree(reader.end()), describeTree(whole));
      for (const [part, chunks] of given) {
        const body = bytes.subarray(part.bodyStart, part.bodyEnd);
        assert.ok(equalBytes(concat(chunks), body));
      }
    }),
    { numRuns: 2000 },
  );
});

test('limits hold: depth, parts, the heads of all parts together', () => {
  let deep = '';
  for (let level = 0; level < mimeLimits.depthMax + 20; level += 1) {
    deep += `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`;
  }
  const deepTree = readMime(utf8(deep));
  let depth = 0;
  for (let part: Part | undefined = deepTree.root; part !== undefined; part = part.parts[0])
    depth += 1;
  assert.equal(depth, mimeLimits.depthMax + 1);
  assert.ok(deepTree.faults.some((fault) => fault.code === 'depth-too-deep'));

  const wide = utf8(
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(6000)}`,
  );
  const wideTree = readMime(wide);
  assert.equal(wideTree.root.parts.length, mimeLimits.partsMax - 1);
  assert.ok(wideTree.faults.some((fault) => fault.code === 'parts-too-many'));

  const begin = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
  const field = `X: ${'x'.repeat(200_000)}\r\n`;
  const heavy = utf8(`${begin}${`--b\r\n${field}\r\nx\r\n`.repeat(40)}--b--\r\n`);
  const heavyTree = readMime(heavy);
  assert.equal(heavyTree.root.parts.length, 40);
  const kept = heavyTree.root.parts.filter((part) => part.head.fields.length > 0).length;
  assert.ok(kept * 200_000 <= mimeLimits.headBytesTotalMax && kept >= 15);
  assert.ok(heavyTree.root.parts.every((part) => bodyOf(heavy, part) === 'x'));
});

test('input made to be slow is read in time that grows with its size', () => {
  const fill = (unit: string, size = 1_000_000): string => unit.repeat(size / unit.length);
  const begin = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n';
  const slow: readonly string[] = [
    fill('a'),
    fill('A: b\r\n'),
    fill('junk\r\n'),
    `A: ${fill('\r\n ')}`,
    `${begin}\r\n${fill('--b \r\n')}`,
    `${begin}\r\n${fill('--')}`,
    `${begin}\r\n${fill('--\n')}`,
    begin + fill('--b\r\njunk\r\n'),
    `Content-Type: text/plain; ${fill('a="', 200_000)}\r\n\r\n`,
    `Content-Type: text/plain; ${fill('a="x"y ', 200_000)}\r\n\r\n`,
    `Content-Type: text/plain; a=b${fill(' ', 200_000)}c\r\n\r\n`,
    `Content-Type: ${fill('(', 200_000)}\r\n\r\n`,
  ];
  for (const text of slow) {
    const bytes = utf8(text);
    const startedMs = performance.now();
    readMime(bytes);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 2000, `${JSON.stringify(text.slice(0, 60))} took ${tookMs} ms`);
  }
});

test('one octet at a time costs no more than its line', () => {
  const reader = createMimeReader();
  const line = utf8(`X: ${'y'.repeat(250_000)}`);
  const startedMs = performance.now();
  for (const octet of line) reader.write(Uint8Array.of(octet));
  assert.equal(reader.end().root.head.fields[0]?.name, 'X');
  assert.ok(performance.now() - startedMs < 30_000);
});

test('a message of 50 MB streams through in bounded memory', () => {
  const script = fileURLToPath(new URL('../../tests/stream-memory.ts', import.meta.url));
  const run = spawnSync(process.execPath, ['--max-old-space-size=64', '--expose-gc', script], {
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  const told = JSON.parse(run.stdout) as Record<string, number>;
  assert.ok(told['readBytes']! > 50_000_000, run.stdout);
  assert.ok(told['decodedBytes']! > 36_000_000, run.stdout);
  // What stays is a small part of the message, and the second half of it adds nothing.
  assert.ok(told['earlyBytes']! < 8_000_000, run.stdout);
  assert.ok(told['lateBytes']! < told['earlyBytes']! + 1_000_000, run.stdout);
});

test('decoding while it streams gives what decoding at once gives', () => {
  const chunks: Uint8Array[] = [];
  const reader = createMimeReader({
    onPart: (part) => {
      if (part.encoding !== 'base64') return null;
      const decoder = createContentDecoder(part.encoding);
      return {
        write: (chunk) => void chunks.push(copyBytes(decoder.write(chunk))),
        end: () => void chunks.push(decoder.end()),
      };
    },
  });
  for (const octet of sample) reader.write(Uint8Array.of(octet));
  reader.end();
  assert.deepEqual(concat(chunks), Uint8Array.of(0, 1, 2));
});
