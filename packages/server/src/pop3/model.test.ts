/**
 * Several devices at several maildrops, interleaved, some of them dropping their connections: at
 * each step the server says what a model of a few lines says.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { type Pop3World, type RawPop3, startPop3World } from './testing/pop3-world.ts';

const devices = 3;
const accounts = 2;

type Step =
  | { readonly kind: 'deliver'; readonly account: number; readonly text: string }
  | { readonly kind: 'open'; readonly device: number; readonly account: number }
  | {
      readonly kind: 'stat' | 'list' | 'uidl' | 'rset' | 'quit' | 'drop';
      readonly device: number;
    }
  | {
      readonly kind: 'retr' | 'dele' | 'top' | 'list-one';
      readonly device: number;
      readonly message: number;
    };

const device = fc.nat(devices - 1);
const account = fc.nat(accounts - 1);
const body = fc
  .array(fc.constantFrom('.', '..', 'text', '', '.dot', 'ż'), { maxLength: 6 })
  .map((lines) => `Subject: x\r\n\r\n${lines.map((line) => `${line}\r\n`).join('')}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deliver'), account, text: body }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open'), device, account }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('stat', 'list', 'uidl', 'rset', 'quit', 'drop'),
      device,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('retr', 'dele', 'dele', 'top', 'list-one'),
      device,
      message: fc.integer({ min: 0, max: 6 }),
    }),
  },
);

interface Mail {
  readonly text: string;
  uidl: string | null;
}

interface Visit {
  readonly connection: RawPop3;
  readonly account: number;
  readonly snapshot: readonly Mail[];
  readonly deleted: Set<Mail>;
}

class Model {
  readonly #world: Pop3World;
  readonly #run: number;
  readonly #inboxes: Mail[][] = Array.from({ length: accounts }, () => []);
  readonly #visits: (Visit | null)[] = Array.from({ length: devices }, () => null);
  readonly #usedIds = Array.from({ length: accounts }, () => new Set<string>());

  constructor(world: Pop3World, run: number) {
    this.#world = world;
    this.#run = run;
  }

  #address(index: number): string {
    return `r${this.#run}a${index}@merpati.test`;
  }

  async begin(): Promise<void> {
    for (let index = 0; index < accounts; index += 1) {
      await this.#world.addAccount(this.#address(index));
    }
  }

  async end(): Promise<void> {
    for (const visit of this.#visits) visit?.connection.socket.destroy();
    this.#visits.fill(null);
    for (const [index, inbox] of this.#inboxes.entries()) {
      const visit = await this.#enter(index);
      assert.ok(visit);
      await this.#checkList(visit);
      assert.deepEqual(visit.snapshot, inbox);
      await visit.connection.ask('QUIT');
    }
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'deliver') {
      await this.#world.deliver(this.#address(step.account), step.text);
      this.#inboxes[step.account]?.push({ text: step.text, uidl: null });
    } else if (step.kind === 'open') {
      if (this.#visits[step.device] !== null) return;
      this.#visits[step.device] = await this.#enter(step.account);
    } else {
      const visit = this.#visits[step.device];
      if (visit === null || visit === undefined) return;
      if (step.kind === 'quit' || step.kind === 'drop') {
        this.#visits[step.device] = null;
        await this.#leave(visit, step.kind);
      } else if ('message' in step) await this.#ask(visit, step);
      else await this.#askAll(visit, step.kind);
    }
  }

  async #enter(index: number): Promise<Visit | null> {
    const connection = await this.#world.dial('pop3');
    await connection.line();
    const isTaken = this.#visits.some((visit) => visit?.account === index);
    const reply = await connection.login(this.#address(index));
    if (isTaken) {
      assert.match(reply, /^-ERR \[IN-USE\]/);
      connection.socket.destroy();
      return null;
    }
    assert.match(reply, /^\+OK/);
    const snapshot = [...(this.#inboxes[index] ?? [])];
    return { connection, account: index, snapshot, deleted: new Set() };
  }

  async #leave(visit: Visit, how: 'quit' | 'drop'): Promise<void> {
    if (how === 'drop') {
      visit.connection.socket.destroy();
      return;
    }
    assert.match(await visit.connection.ask('QUIT'), /^\+OK/);
    const inbox = this.#inboxes[visit.account] ?? [];
    this.#inboxes[visit.account] = inbox.filter((mail) => !visit.deleted.has(mail));
  }

  async #askAll(visit: Visit, kind: 'stat' | 'list' | 'uidl' | 'rset'): Promise<void> {
    const { connection, deleted, snapshot } = visit;
    if (kind === 'list') return this.#checkList(visit);
    if (kind === 'uidl') return this.#checkIds(visit);
    if (kind === 'rset') {
      assert.match(await connection.ask('RSET'), /^\+OK/);
      deleted.clear();
      return;
    }
    const left = snapshot.filter((mail) => !deleted.has(mail));
    const octets = left.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    assert.equal(await connection.ask('STAT'), `+OK ${left.length} ${octets}\r\n`);
  }

  async #checkList({ connection, snapshot, deleted }: Visit): Promise<void> {
    assert.match(await connection.ask('LIST'), /^\+OK/);
    const lines = snapshot.map((mail, index) =>
      deleted.has(mail) ? '' : `${index + 1} ${Buffer.byteLength(mail.text)}\r\n`,
    );
    assert.equal(await connection.rest(), `${lines.join('')}.\r\n`);
  }

  /** For ever: an id is never changed and never used again. */
  async #checkIds({ connection, snapshot, deleted, account }: Visit): Promise<void> {
    assert.match(await connection.ask('UIDL'), /^\+OK/);
    const lines = (await connection.rest()).split('\r\n').slice(0, -2);
    const found = new Map(lines.map((line) => line.split(' ') as [string, string]));
    for (const [index, mail] of snapshot.entries()) {
      const id = found.get(String(index + 1));
      assert.equal(id === undefined, deleted.has(mail));
      if (id === undefined) continue;
      if (mail.uidl === null) {
        assert.ok(!this.#usedIds[account]?.has(id), 'an id was used twice');
        this.#usedIds[account]?.add(id);
        mail.uidl = id;
      }
      assert.equal(id, mail.uidl);
    }
  }

  async #ask(visit: Visit, step: Extract<Step, { message: number }>): Promise<void> {
    const { connection, deleted, snapshot } = visit;
    const mail = snapshot[step.message - 1];
    const isThere = mail !== undefined && !deleted.has(mail);
    const verb = { retr: 'RETR', dele: 'DELE', top: 'TOP', 'list-one': 'LIST' }[step.kind];
    const reply = await connection.ask(`${verb} ${step.message}${verb === 'TOP' ? ' 0' : ''}`);
    assert.match(reply, isThere ? /^\+OK/ : /^-ERR/);
    if (!isThere) return;
    if (step.kind === 'dele') deleted.add(mail);
    if (step.kind !== 'retr' && step.kind !== 'top') return;
    const shown = step.kind === 'top' ? 'Subject: x\r\n\r\n' : mail.text;
    const stuffed = Buffer.from(shown.replace(/^\./gm, '..')).toString('latin1');
    assert.equal(await connection.rest(), `${stuffed}.\r\n`);
  }
}

test('devices and maildrops, step by step with the model', async (t) => {
  const world = await startPop3World(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
      async (steps) => {
        runs += 1;
        const model = new Model(world, runs);
        await model.begin();
        for (const one of steps) await model.take(one);
        await model.end();
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
});
