/** Mailboxes made, renamed and deleted at random, held against a set of names. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { startImapWorld } from '../testing/imap-world.ts';
import { superiorsOf } from './names.ts';

const roles = ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash'];

/** What a server with one user believes of its mailboxes. */
class Model {
  readonly mailboxes = new Set(['INBOX', ...roles]);
  readonly subscriptions = new Set(['INBOX', ...roles]);
  /** Roles go along when their mailboxes are renamed. */
  readonly fixed = new Set(['INBOX', ...roles]);

  create(name: string): boolean {
    if (this.mailboxes.has(name)) return false;
    this.#add(name);
    return true;
  }

  delete(name: string): boolean {
    return !this.fixed.has(name) && this.mailboxes.delete(name);
  }

  rename(from: string, to: string): boolean {
    if (!this.mailboxes.has(from) || this.mailboxes.has(to)) return false;
    if (from !== 'INBOX' && to.startsWith(`${from}/`)) return false;
    const moved = from === 'INBOX' ? [] : this.#below(from);
    const target = (name: string): string => to + name.slice(from.length);
    const staying = [...this.mailboxes].filter((name) => !moved.includes(name));
    if (moved.some((name) => staying.includes(target(name)))) return false;
    for (const name of moved) this.mailboxes.delete(name);
    for (const name of moved) this.mailboxes.add(target(name));
    for (const name of moved) if (this.fixed.delete(name)) this.fixed.add(target(name));
    this.#add(to);
    return true;
  }

  subscribe(name: string): boolean {
    if (!this.mailboxes.has(name)) return false;
    this.subscriptions.add(name);
    return true;
  }

  unsubscribe(name: string): boolean {
    this.subscriptions.delete(name);
    return true;
  }

  /** `LIST "" "*"`, sorted; levels without a mailbox in brackets. */
  get listed(): string[] {
    const levels = new Set([...this.mailboxes].flatMap((name) => superiorsOf(name)));
    const empty = [...levels].filter((name) => !this.mailboxes.has(name));
    return [...this.mailboxes, ...empty.map((name) => `(${name})`)].sort();
  }

  #below(name: string): string[] {
    return [...this.mailboxes].filter((one) => one === name || one.startsWith(`${name}/`));
  }

  #add(name: string): void {
    for (const one of [...superiorsOf(name), name]) this.mailboxes.add(one);
  }
}

const name = fc
  .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 })
  .chain((levels) => fc.constantFrom(['a', ...levels], ['INBOX', ...levels], ['Sent', ...levels]))
  .map((levels) => levels.join('/'));

const step = fc.oneof(
  fc.record({
    verb: fc.constantFrom('create', 'delete', 'subscribe', 'unsubscribe'),
    name,
    to: fc.constant(''),
  }),
  fc.record({ verb: fc.constant('rename' as const), name, to: name }),
);

test('names are what a set of names would be', { timeout: 120_000 }, async (t) => {
  const world = await startImapWorld(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      runs += 1;
      const user = `u${runs}@merpati.test`;
      await world.addAccount(user);
      const raw = await world.enter(user);
      const model = new Model();
      for (const { verb, name: one, to } of steps) {
        const said = (await raw.ask(`${verb} ${one} ${to}`.trim())).at(-1) ?? '';
        const expected = verb === 'rename' ? model.rename(one, to) : model[verb](one);
        assert.equal(said.startsWith('OK'), expected, `${verb} ${one} ${to}: ${said}`);
        const listed = (await raw.ask('LIST "" "*"')).slice(0, -1).map(readListed).sort();
        assert.deepEqual(listed, model.listed, `${verb} ${one} ${to}`);
      }
      const subscribed = (await raw.ask('LSUB "" "*"')).slice(0, -1).map(nameOf).sort();
      assert.deepEqual(subscribed, [...model.subscriptions].sort());
      await raw.ask('LOGOUT');
    }),
    { numRuns: 40 },
  );
});

function nameOf(line: string): string {
  return line.slice(line.lastIndexOf('"/" ') + 4);
}

function readListed(line: string): string {
  return line.includes('\\NonExistent') ? `(${nameOf(line)})` : nameOf(line);
}
