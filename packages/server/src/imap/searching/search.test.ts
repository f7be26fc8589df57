import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { startImapWorld } from '../testing/imap-world.ts';

/** What the naive model knows of a message. */
interface Known {
  readonly uid: number;
  readonly subject: string;
  readonly body: string;
  readonly flags: readonly string[];
}

interface Asked {
  readonly text: string;
  readonly fits: (message: Known, number: number) => boolean;
}

const words = ['rice', 'train', 'Bandung', 'jalan', 'kopi'];
const flags = ['\\Seen', '\\Flagged', '$Work'];

const leaf: fc.Arbitrary<Asked> = fc.oneof(
  fc.constantFrom(...words).map((word) => ({
    text: `SUBJECT ${word}`,
    fits: (one: Known) => one.subject.includes(word),
  })),
  fc.constantFrom(...words).map((word) => ({
    text: `BODY ${word.toUpperCase()}`,
    fits: (one: Known) => one.body.includes(word),
  })),
  fc.constantFrom('SEEN', 'FLAGGED', 'UNSEEN', 'UNFLAGGED').map((key) => {
    const flag = `\\${key.replace('UN', '').toLowerCase()}`;
    const has = (one: Known) => one.flags.some((each) => each.toLowerCase() === flag);
    return { text: key, fits: (one: Known) => has(one) !== key.startsWith('UN') };
  }),
  fc.constant({ text: 'KEYWORD $work', fits: (one: Known) => one.flags.includes('$Work') }),
  fc
    .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }), fc.boolean())
    .map(([one, other, byUid]) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const isIn = (number: number) => from <= number && number <= to;
      return {
        text: `${byUid ? 'UID ' : ''}${other}:${one}`,
        fits: (message: Known, number: number) => isIn(byUid ? message.uid : number),
      };
    }),
);

const asked: fc.Arbitrary<Asked> = fc.letrec<{ key: Asked }>((tie) => ({
  key: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('key').map((of) => ({
      text: `NOT (${of.text})`,
      fits: (one: Known, number: number) => !of.fits(one, number),
    })),
    fc.tuple(tie('key'), tie('key')).map(([a, b]) => ({
      text: `OR (${a.text}) (${b.text})`,
      fits: (one: Known, number: number) => a.fits(one, number) || b.fits(one, number),
    })),
    fc.tuple(tie('key'), tie('key')).map(([a, b]) => ({
      text: `${a.text} ${b.text}`,
      fits: (one: Known, number: number) => a.fits(one, number) && b.fits(one, number),
    })),
  ),
})).key;

test('any search answers what looking at each message would', async (t) => {
  const world = await startImapWorld(t);
  const random = fc.sample(
    fc.record({
      subject: fc.subarray(words, { maxLength: 2 }),
      body: fc.subarray(words),
      flags: fc.subarray(flags),
    }),
    { numRuns: 12, seed: 7 },
  );
  const raw = await world.enter();
  let known: Known[] = [];
  for (const [at, { subject, body, flags: set }] of random.entries()) {
    const message = `Subject: ${subject.join(' ')}\r\n\r\n${body.join('\r\n')}\r\n`;
    const line = `APPEND INBOX (${set.join(' ')}) {${message.length}+}\r\n${message}`;
    assert.match((await raw.ask(line)).join(), /OK/);
    known.push({ uid: at + 1, subject: subject.join(' '), body: body.join(' '), flags: set });
  }
  // Numbers and UIDs are not to be the same.
  await raw.ask('SELECT INBOX');
  await raw.ask('STORE 2,5 +FLAGS.SILENT (\\Deleted)');
  await raw.ask('EXPUNGE');
  known = known.filter(({ uid }) => uid !== 2 && uid !== 5);
  const property = fc.asyncProperty(asked, fc.boolean(), async ({ text, fits }, byUid) => {
    const expected = known
      .map((one, index) => ({ one, number: index + 1 }))
      .filter(({ one, number }) => fits(one, number))
      .map(({ one, number }) => (byUid ? one.uid : number));
    const lines = await raw.ask(`${byUid ? 'UID ' : ''}SEARCH ${text}`);
    assert.equal(lines[0], ['* SEARCH', ...expected].join(' '), text);
  });
  await fc.assert(property, { numRuns: 150 });
});

test('a long answer comes in pieces, and is right', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.enter();
  const count = 3000;
  for (let done = 0; done < count; done += 500) {
    const literals = ' {15+}\r\nSubject: x\r\n\r\n!'.repeat(500);
    assert.match((await raw.ask(`APPEND INBOX${literals}`)).join(), /OK/);
  }
  await raw.ask('SELECT INBOX');
  const all = Array.from({ length: count }, (_, index) => index + 1);
  assert.deepEqual((await raw.ask('SEARCH ALL'))[0], ['* SEARCH', ...all].join(' '));
  const odd = all.filter((number) => number % 2 === 1);
  await raw.ask(`STORE ${odd.join(',')} +FLAGS.SILENT (\\Flagged)`);
  const [answer] = await raw.ask('UID SEARCH RETURN (ALL) FLAGGED');
  assert.match(answer ?? '', new RegExp(`UID ALL ${odd.join(',')}$`));
  const [sorted] = await raw.ask('UID SORT (REVERSE ARRIVAL) UTF-8 FLAGGED');
  assert.match(sorted ?? '', /^\* SORT \d/);
  const [threads] = await raw.ask('THREAD REFERENCES UTF-8 FLAGGED');
  assert.equal(threads?.match(/\d+/g)?.length, odd.length);
});
