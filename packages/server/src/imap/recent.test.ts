import assert from 'node:assert/strict';
import test from 'node:test';
import { startImapWorld, you } from './testing/imap-world.ts';

const message = 'Subject: x\r\n\r\nhi\r\n';

test('a message is recent to the first session that is told of it, and to no other', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, message);
  const looking = await world.enter();
  assert.ok((await looking.ask('EXAMINE INBOX')).includes('* 1 RECENT'));
  const first = await world.enter();
  assert.ok((await first.ask('SELECT INBOX')).includes('* 1 RECENT'));
  const second = await world.enter();
  assert.ok((await second.ask('SELECT INBOX')).includes('* 0 RECENT'));
  assert.equal((await first.ask('FETCH 1 FLAGS'))[0], '* 1 FETCH (FLAGS (\\Recent))');
  assert.equal((await second.ask('FETCH 1 FLAGS'))[0], '* 1 FETCH (FLAGS ())');

  await world.deliver(you, message);
  const told = [await second.ask('NOOP'), await first.ask('NOOP')];
  assert.deepEqual(told[0]?.slice(0, 2), ['* 2 EXISTS', '* 1 RECENT']);
  assert.ok(!told[1]?.some((line) => line.includes('RECENT')));
  assert.equal((await first.ask('SEARCH RECENT'))[0], '* SEARCH 1');
  assert.equal((await second.ask('SEARCH RECENT'))[0], '* SEARCH 2');
  assert.equal((await second.ask('SEARCH OLD'))[0], '* SEARCH 1');
});

test('the number of the recent is told anew when one of them is expunged', async (t) => {
  const world = await startImapWorld(t);
  for (let count = 0; count < 3; count++) await world.deliver(you, message);
  const first = await world.enter();
  assert.ok((await first.ask('SELECT INBOX')).includes('* 3 RECENT'));
  const other = await world.enter();
  await other.ask('SELECT INBOX');
  await other.ask('STORE 2:3 +FLAGS.SILENT (\\Deleted)');
  assert.ok(!(await other.ask('EXPUNGE')).join().includes('RECENT'));
  // No message may lose its number in a FETCH: those that are gone are still counted.
  await world.deliver(you, message);
  const fetched = (await first.ask('FETCH 1 UID')).filter((line) => line.includes('RECENT'));
  assert.deepEqual(fetched, ['* 4 RECENT']);
  const told = (await first.ask('NOOP')).filter((line) => /EXPUNGE|RECENT/.test(line));
  assert.deepEqual(told, ['* 3 EXPUNGE', '* 2 EXPUNGE', '* 2 RECENT']);
  assert.deepEqual((await first.ask('NOOP')).length, 1);

  await first.ask('STORE 1 +FLAGS.SILENT (\\Deleted)');
  const gone = (await first.ask('EXPUNGE')).slice(0, 2);
  assert.deepEqual(gone, ['* 1 EXPUNGE', '* 1 RECENT']);
});

test('nothing is recent to clients of rev2', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, message);
  const raw = await world.enter();
  await raw.ask('ENABLE IMAP4rev2');
  assert.ok(!(await raw.ask('SELECT INBOX')).join().includes('RECENT'));
  assert.equal((await raw.ask('FETCH 1 FLAGS'))[0], '* 1 FETCH (FLAGS ())');
  assert.match((await raw.ask('SEARCH RECENT'))[0] ?? '', /^\* ESEARCH \(TAG "a\d+"\)$/);
});
