import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { eventText, journeyWords, sentenceOf } from './words.ts';

const reader = { language: 'en', offsetMinutes: 420, nowMs: Date.UTC(2026, 10, 21) } as const;
const src = path.resolve(import.meta.dirname, '..');
const store = path.resolve(import.meta.dirname, '../../../store/src/sqlite/writer');

/** Where events are made; `repair-*` of the store has codes of findings. */
const rooms = [
  'flow',
  'checks',
  'smtp',
  'queue',
  'delivery',
  'signing',
  'reports',
  'pop3',
  'incoming',
  'journey',
  'admin/operations',
  'alarms',
];

/** Look like journey codes and are none. */
const others: Readonly<Record<string, string>> = {
  'queue.unavailable': 'log',
  'queue.unsettled': 'log',
  'smtp.verb': 'syntax fault',
  'smtp.control': 'syntax fault',
  'smtp.path': 'syntax fault',
  'smtp.parameter.unknown': 'syntax fault',
  'smtp.bdat': 'syntax fault',
  'smtp.helo': 'property of Authentication-Results',
  'smtp.mailfrom': 'property of Authentication-Results',
};

const prefixes = new Set([...Object.keys(journeyWords)].map((code) => code.split('.')[0]));

function codesInSource(): Map<string, string> {
  const files = [...rooms.map((room) => path.join(src, room)), store]
    .flatMap((folder) => globSync(`${folder}/**/*.ts`))
    .filter((file) => !/\.test\.ts$|\/testing\/|\/words-|\/repair/.test(file));
  assert.ok(files.length > 40, `only ${files.length} files were read`);
  const codes = new Map<string, string>();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    for (const match of text.matchAll(/(event: )?'([a-z]+(?:\.[a-z0-9-]+)+)'/g)) {
      const [, isLog, code = ''] = match;
      const isCode = prefixes.has(code.split('.')[0]) && !code.endsWith('.ts');
      if (isLog === undefined && isCode) codes.set(code, path.relative(src, file));
    }
  }
  return codes;
}

test('every code that is written anywhere has a sentence in both languages', () => {
  const codes = codesInSource();
  assert.ok(codes.size > 40, `only ${codes.size} codes were found`);
  const missing = [...codes].filter(([code]) => !(code in others) && sentenceOf(code) === null);
  assert.deepEqual(missing, []);
  const stale = Object.keys(journeyWords).filter((code) => !codes.has(code));
  assert.deepEqual(stale, [], 'sentences that nothing needs');
  assert.deepEqual(
    Object.keys(others).filter((code) => !codes.has(code)),
    [],
    'exceptions that are no longer needed',
  );
});

test('both languages say the same things', () => {
  const names = (text: string) =>
    [...new Set([...text.matchAll(/\{(\w+)[}:]/g)].map((match) => match[1] ?? ''))].sort((a, b) =>
      a.localeCompare(b),
    );
  for (const [code, sentence] of Object.entries(journeyWords)) {
    assert.deepEqual(names(sentence.id), names(sentence.en), code);
    assert.doesNotMatch(sentence.en, /[.!]$/, `${code}: a sentence in a list ends without a point`);
  }
});

test('arguments are put in by their units, and cleaned', () => {
  const text = (code: string, args: Record<string, string | number | null>) =>
    eventText({ code, args }, reader);
  assert.equal(
    text('submit.message', { size: 1463, recipients: 1 }),
    '1.5 KB taken in for 1 recipient',
  );
  assert.equal(
    text('submit.message', { size: 12, recipients: 2 }),
    '12 B taken in for 2 recipients',
  );
  assert.equal(
    text('queue.later', {
      reply: '451 wait\u001b[2J',
      dueMs: Date.UTC(2026, 10, 21, 5, 6, 7),
      expiresMs: Date.UTC(2026, 10, 26, 5, 6, 7),
    }),
    'not yet: "451 wait\ufffd[2J". Next attempt 12:06:07; given up 2026-11-26 12:06',
  );
  assert.equal(text('hop.claimed', { from: null, by: 'mx' }), 'mx says it took the message from –');
  assert.equal(text('of.tomorrow', { a: 1, listBytes: 2000 }), 'of.tomorrow a=1 listBytes=2.0 KB');
  assert.equal(text('constructor', {}), 'constructor');
});
