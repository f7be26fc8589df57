import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailboxRole, MailboxStatus } from '@merpati/store/contract.ts';
import { accountId, mailboxId, modSeq, uid } from '@merpati/store/ids.ts';
import { allRights } from '../access/rights.ts';
import type { Place } from './find.ts';
import { type Selection, attributesOf, listNames, namesAround, roleOfUse } from './listing.ts';
import { matchNames } from './match.ts';
import { selectEntries } from './metadata.ts';

function place(name: string, role: MailboxRole | null = null, rights = allRights): Place {
  const status: MailboxStatus = {
    id: mailboxId(1),
    name,
    role,
    uidValidity: 1,
    uidNext: uid(1),
    modseq: modSeq(1),
    total: 0,
    unseen: 0,
    deleted: 0,
    deletedBytes: 0,
    sizeBytes: 0,
  };
  return { owner: accountId(1), name, status, rights };
}

async function listed(
  places: readonly Place[],
  subscriptions: readonly string[],
  patterns: readonly string[],
  options: Partial<Omit<Selection, 'matching'>> = {},
): Promise<string[]> {
  const matching = await matchNames(namesAround(places, subscriptions), '', patterns);
  const selection = { subscribed: false, specialUse: false, recursive: false, ...options };
  return listNames(places, subscriptions, { ...selection, matching }).map(
    ({ name, hasSelectedBelow }) => `${name}${hasSelectedBelow ? ' +' : ''}`,
  );
}

/** RFC 5258 §5, example 9: levels and subscriptions as they stand there. */
const example9 = {
  places: ['foo2', 'foo2/bar1', 'foo2/bar2', 'baz2', 'baz2/bar2', 'baz2/bar22', 'baz2/bar222']
    .concat('eps2', 'eps2/mamba', 'qux2/bar2')
    .map((name) => place(name)),
  subscriptions: [
    'foo2/bar1',
    'foo2/bar2',
    'baz2/bar2',
    'baz2/bar22',
    'baz2/bar222',
    'eps2',
  ].concat('eps2/mamba', 'qux2/bar2'),
};

test('RECURSIVEMATCH is as in RFC 5258 §5, example 9', async () => {
  const { places, subscriptions } = example9;
  const options = { subscribed: true, recursive: true };
  assert.deepEqual(await listed(places, subscriptions, ['*2'], options), [
    'baz2/bar2',
    'baz2/bar22',
    'baz2/bar222',
    'eps2 +',
    'foo2 +',
    'foo2/bar2',
    'qux2/bar2',
  ]);
  assert.deepEqual(await listed(places, subscriptions, ['%'], options), [
    'baz2 +',
    'eps2 +',
    'foo2 +',
    'qux2 +',
  ]);
});

test('INBOX is first, mailboxes of others are last', async () => {
  const names = ['a', 'INBOX', 'z', 'INBOX/b', 'Other Users/x@y/A', 'P'];
  const places = names.map((name) => place(name));
  assert.deepEqual(await listed(places, [], ['*']), [
    'INBOX',
    'INBOX/b',
    'P',
    'a',
    'z',
    'Other Users',
    'Other Users/x@y',
    'Other Users/x@y/A',
  ]);
});

test('a level between is listed for what is below it, not for a subscription', async () => {
  assert.deepEqual(await listed([place('a/b/c')], [], ['%']), ['a']);
  assert.deepEqual(await listed([], ['a/b'], ['%']), []);
  assert.deepEqual(await listed([], ['a/b'], ['%'], { subscribed: true }), []);
  assert.deepEqual(await listed([], ['a/b'], ['%'], { subscribed: true, recursive: true }), [
    'a +',
  ]);
});

test('selections are taken together', async () => {
  const places = [place('Sent', 'sent'), place('Junk', 'junk'), place('a')];
  const options = { subscribed: true, specialUse: true };
  assert.deepEqual(await listed(places, ['a', 'Junk'], ['*'], options), ['Junk']);
});

test('attributes tell what there is, what is below, and what it is for', () => {
  const facts = { isSubscribed: true, hasChildren: false, hasSelectedBelow: false };
  const attributes = (of: Place | null, subscribed: boolean) =>
    attributesOf({ name: of?.name ?? 'gone', place: of, ...facts }, { subscribed });
  assert.deepEqual(attributes(null, true), ['\\NonExistent', '\\HasNoChildren', '\\Subscribed']);
  assert.deepEqual(attributes(place('Sent', 'sent'), false), ['\\HasNoChildren', '\\Sent']);
  assert.deepEqual(attributes(place('x', null, 'l'), false), ['\\Noselect', '\\HasNoChildren']);
  // What a mailbox is for somebody else is nobody else's business.
  const other = { ...place('Sent', 'sent'), name: 'Other Users/a@b/Sent' };
  assert.deepEqual(attributes(other, false), ['\\HasNoChildren']);
});

test('uses are found in any case', () => {
  assert.equal(roleOfUse('\\sENT'), 'sent');
  assert.equal(roleOfUse('\\All'), null);
  assert.equal(roleOfUse('\\Inbox'), null);
});

test('a slow pattern lets others have their turn', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `${'a'.repeat(900)}${at}`);
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await matchNames(names, '', ['%a'.repeat(400)]);
  isOver = true;
  assert.ok(turns > 1);
});

test('entries are told to the depth and size that are wanted', () => {
  const all = ['/private/a', '/private/a/b', '/private/a/b/c', '/private/ab', '/shared/a'].map(
    (entry) => ({ entry, value: new Uint8Array(entry.length) }),
  );
  const told = (entries: string[], depth: 0 | 1 | 'infinity', maxSize: number | null = null) => {
    const { found, largestLeftOut } = selectEntries(all, { entries, depth, maxSize });
    return [...[...found].map(([entry, value]) => (value === null ? `no ${entry}` : entry))].concat(
      largestLeftOut === 0 ? [] : `${largestLeftOut}`,
    );
  };
  assert.deepEqual(told(['/private/a'], 0), ['/private/a']);
  assert.deepEqual(told(['/private/x', '/shared/a'], 0), ['no /private/x', '/shared/a']);
  assert.deepEqual(told(['/private/a'], 1), ['/private/a', '/private/a/b']);
  assert.deepEqual(told(['/private/a'], 'infinity'), [
    '/private/a',
    '/private/a/b',
    '/private/a/b/c',
  ]);
  assert.deepEqual(told(['/private'], 1), ['/private/a', '/private/ab']);
  assert.deepEqual(told(['/private/a'], 'infinity', 10), ['/private/a', '14']);
});
