/**
 * Several clients at one mailbox over real sockets, interleaved at random: each keeps a page of
 * numbers as a naive client would, and none of them is ever told something that does not fit.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { type ImapWorld, type RawImap, startImapWorld } from './testing/imap-world.ts';

type Step =
  | { do: 'append' | 'noop' | 'expunge' | 'look' | 'search' | 'idle' | 'close'; client: number }
  | { do: 'store'; client: number; at: number; op: '+' | '-' | ''; flag: string; uid: boolean }
  | { do: 'copy' | 'move' | 'fetch'; client: number; at: number };

const client = fc.nat(2);
const at = fc.nat(20);
const script: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom(
          ...(['append', 'noop', 'expunge', 'look', 'search', 'idle', 'close'] as const),
        ),
        client,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('store' as const),
        client,
        at,
        op: fc.constantFrom('+' as const, '-' as const, '' as const),
        flag: fc.constantFrom('\\Deleted', '\\Seen', '$Nasi', '\\Flagged'),
        uid: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('copy' as const, 'move' as const, 'fetch' as const),
        client,
        at,
      }),
    },
  ),
  { minLength: 5, maxLength: 30 },
);

/** Believes what it is told, and complains about what cannot be. */
class Believer {
  readonly raw: RawImap;
  readonly #box: string;
  /** By number; null: the uid is not known yet. */
  lines: (number | null)[] = [];
  readonly flags = new Map<number, string>();
  readonly recent = new Set<number>();
  /** The number of the last RECENT. */
  recentTold = 0;

  /** VANISHED names uids: who is told so must know them all. */
  readonly #knowsAll: boolean;

  private constructor(raw: RawImap, box: string, knowsAll: boolean) {
    this.raw = raw;
    this.#box = box;
    this.#knowsAll = knowsAll;
  }

  static async enter(world: ImapWorld, box: string, qresync: boolean): Promise<Believer> {
    const raw = await world.enter();
    if (qresync) await raw.ask('ENABLE QRESYNC');
    const believer = new Believer(raw, box, qresync);
    await believer.select();
    return believer;
  }

  async select(): Promise<void> {
    this.lines = [];
    this.flags.clear();
    this.recent.clear();
    await this.ask(`SELECT ${this.#box}`);
  }

  /** The answer without what was taken in from it. */
  async ask(command: string): Promise<string> {
    const lines = await this.raw.ask(command);
    const quiet = /^(?:FETCH|STORE|SEARCH) /.test(command);
    for (const line of lines) this.hear(line, quiet);
    const end = lines.at(-1) ?? '';
    assert.match(end, /^(?:OK|NO)/, `${command}: ${lines.join(' | ')}`);
    const isLook = command.startsWith('FETCH 1:*');
    if (this.#knowsAll && !isLook && this.lines.includes(null)) await this.look();
    return end;
  }

  hear(line: string, isQuiet: boolean): void {
    const [, number = '', word = ''] = /^\* (\d+) ([A-Z]+)/.exec(line) ?? [];
    const n = Number(number);
    if (word === 'EXISTS') {
      assert.ok(n >= this.lines.length, `${line}, and ${this.lines.length} were there`);
      while (this.lines.length < n) this.lines.push(null);
    } else if (word === 'EXPUNGE') {
      assert.ok(!isQuiet, `${line} where numbers must not change`);
      assert.ok(n >= 1 && n <= this.lines.length, line);
      this.lines.splice(n - 1, 1);
    } else if (word === 'RECENT') this.recentTold = n;
    else if (word === 'FETCH') this.#fetched(n, line);
    else if (line.startsWith('* VANISHED ')) {
      assert.ok(!isQuiet, line);
      for (const one of uidsOf(line.slice(11))) {
        const place = this.#placeOf(one);
        assert.ok(place >= 0, `${line}: who is ${one}?`);
        this.lines.splice(place, 1);
      }
    }
  }

  /** Of a uid that was never told, as when it came and went: where it must have been. */
  #placeOf(uid: number): number {
    const known = this.lines.indexOf(uid);
    if (known >= 0) return known;
    const next = this.lines.findIndex((line) => line !== null && line > uid);
    const at = (next < 0 ? this.lines.length : next) - 1;
    return this.lines[at] === null ? at : -1;
  }

  #fetched(n: number, line: string): void {
    assert.ok(n >= 1 && n <= this.lines.length, line);
    const uid = Number(/UID (\d+)/.exec(line)?.[1] ?? 0);
    const known = this.lines[n - 1] ?? null;
    if (uid > 0) {
      assert.ok(known === null || known === uid, `${line}: number ${n} was uid ${known}`);
      this.lines[n - 1] = uid;
    }
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    const one = uid > 0 ? uid : known;
    if (flags === undefined || one === null) return;
    this.flags.set(one, sortWords(flags));
    if (flags.includes('\\Recent')) this.recent.add(one);
  }

  async look(): Promise<void> {
    if (this.lines.length > 0) await this.ask('FETCH 1:* (UID FLAGS)');
  }
}

/** To be asked when each has looked and nothing happens. RFC 3501 §2.3.2, §7.3.2. */
function checkRecent(believers: readonly Believer[]): void {
  for (const { lines, recent, recentTold } of believers) {
    const there = lines.filter((uid) => uid !== null && recent.has(uid));
    assert.equal(there.length, recentTold, `${recentTold} RECENT, but they are ${there.join()}`);
  }
  const all = believers.flatMap(({ recent }) => [...recent]);
  assert.equal(new Set(all).size, all.length, 'a message is recent to two sessions');
}

/** `\\Recent` is one session's alone. RFC 3501 §2.3.2. */
const sortWords = (words: string): string =>
  words
    .split(' ')
    .filter((word) => word !== '\\Recent')
    .toSorted()
    .join(' ');

function uidsOf(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split(':').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

async function perform(one: Believer, box: string, step: Step): Promise<void> {
  const count = one.lines.length;
  const n = 'at' in step ? (step.at % Math.max(count, 1)) + 1 : 0;
  switch (step.do) {
    case 'append':
      await one.ask(`APPEND ${box} {12+}\r\nSubject: a\r\n`);
      return;
    case 'noop':
    case 'expunge':
      await one.ask(step.do.toUpperCase());
      return;
    case 'look':
      await one.look();
      return;
    case 'search':
      await one.ask('SEARCH DELETED');
      return;
    case 'idle': {
      const tag = one.raw.begin('IDLE');
      one.raw.send('DONE\r\n');
      for (const line of await one.raw.answer(tag)) one.hear(line, false);
      await one.ask('NOOP');
      return;
    }
    case 'close':
      one.lines = [];
      await one.ask('UNSELECT');
      await one.select();
      return;
    case 'store': {
      const uid = one.lines[n - 1] ?? null;
      if (count === 0 || (step.uid && uid === null)) return;
      const how = `${step.op}FLAGS (${step.flag})`;
      await one.ask(step.uid ? `UID STORE ${uid} ${how}` : `STORE ${n} ${how}`);
      return;
    }
    case 'copy':
    case 'move':
    case 'fetch':
      if (count === 0) return;
      await one.ask(
        step.do === 'fetch'
          ? `FETCH ${n} (UID FLAGS)`
          : `${step.do.toUpperCase()} ${n} ${step.do === 'move' ? 'Archive' : box}`,
      );
      return;
    default:
      throw new Error(`unhandled step ${String(step satisfies never)}`);
  }
}

test('clients at one mailbox are told nothing that does not fit, and agree', async (t) => {
  const world = await startImapWorld(t);
  let runs = 0;
  const property = fc.asyncProperty(script, async (steps) => {
    runs += 1;
    const box = `Box${runs}`;
    const maker = await world.enter();
    await maker.ask(`CREATE ${box}`);
    for (let i = 0; i < 5; i += 1) await maker.ask(`APPEND ${box} {12+}\r\nSubject: a\r\n`);
    await maker.ask('LOGOUT');
    const believers: Believer[] = [];
    for (const n of [0, 1, 2]) believers.push(await Believer.enter(world, box, n === 1));
    for (const step of steps) {
      const one = believers[step.client];
      if (one !== undefined) await perform(one, box, step);
    }
    const pages: unknown[] = [];
    for (const one of believers) {
      await one.ask('NOOP');
      const believed = new Map(one.flags);
      await one.look();
      for (const uid of one.lines) {
        const flags = believed.get(uid ?? 0);
        if (flags !== undefined) assert.equal(one.flags.get(uid ?? 0), flags, `flags of ${uid}`);
      }
      pages.push(one.lines.map((uid) => [uid, one.flags.get(uid ?? 0)]));
      one.raw.socket.destroy();
    }
    checkRecent(believers);
    assert.deepEqual(pages[1], pages[0]);
    assert.deepEqual(pages[2], pages[0]);
  });
  await fc.assert(property, { numRuns: 100 });
});

test('the same, all at once', async (t) => {
  const world = await startImapWorld(t);
  const maker = await world.enter();
  await maker.ask('CREATE Crowd');
  const crowd: Believer[] = [];
  for (let n = 0; n < 8; n += 1) crowd.push(await Believer.enter(world, 'Crowd', n % 2 === 1));
  const scripts = fc.sample(script, { numRuns: 8 * 25 });
  await Promise.all(
    crowd.map(async (one, n) => {
      for (const step of scripts.slice(n * 25, (n + 1) * 25).flat()) {
        await perform(one, 'Crowd', step);
      }
    }),
  );
  const pages: unknown[] = [];
  for (const one of crowd) {
    await one.ask('NOOP');
    const believed = new Map(one.flags);
    await one.look();
    for (const uid of one.lines) {
      const flags = believed.get(uid ?? 0);
      if (flags !== undefined) assert.equal(one.flags.get(uid ?? 0), flags, `flags of ${uid}`);
    }
    pages.push(one.lines.map((uid) => [uid, one.flags.get(uid ?? 0)]));
  }
  checkRecent(crowd);
  for (const page of pages) assert.deepEqual(page, pages[0]);
});
