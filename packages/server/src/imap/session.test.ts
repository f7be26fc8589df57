import assert from 'node:assert/strict';
import test from 'node:test';
import { startImapWorld, you } from './testing/imap-world.ts';

test('a short session in the clear, and one under TLS', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.dial();
  assert.match(raw.greeting, /^\* OK \[CAPABILITY IMAP4rev2 IMAP4rev1 .*STARTTLS.*\] mail\.merp/);
  assert.match((await raw.ask('CAPABILITY'))[0] ?? '', /AUTH=PLAIN/);
  assert.deepEqual(await raw.ask('SELECT INBOX'), ['BAD Log in first']);
  assert.deepEqual(await raw.ask(`LOGIN ${you} wrong`), [
    'NO [AUTHENTICATIONFAILED] Wrong name or password',
  ]);
  assert.match(
    (await raw.ask(`LOGIN ${you} {7+}\r\nmerpati`)).join(),
    /^OK \[CAPABILITY .*UIDPLUS/,
  );
  assert.deepEqual(await raw.ask('NOOP'), ['OK Still here']);
  assert.deepEqual(await raw.ask('LOGOUT'), ['* BYE Good-bye', 'OK Logged out']);
  assert.equal(await raw.all(), '');

  const secure = await world.dial('imaps');
  assert.doesNotMatch(secure.greeting, /STARTTLS/);
  assert.match(secure.greeting, /AUTH=SCRAM-SHA-256-PLUS/);
  const initial = Buffer.from(`\0${you}\0merpati`).toString('base64');
  assert.match((await secure.ask(`AUTHENTICATE PLAIN ${initial}`)).join(), /^OK/);
});

test('two sessions at one mailbox: IDLE hears at once, NOOP after', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: one\r\n\r\n1\r\n');
  const first = await world.enter();
  await first.ask('ENABLE IMAP4rev2');
  const opened = await first.ask('SELECT inbox');
  assert.ok(opened.includes('* LIST () "/" INBOX'), opened.join('\n'));
  assert.ok(opened.includes('* 1 EXISTS'), opened.join('\n'));
  assert.equal(opened.at(-1), 'OK [READ-WRITE] Open');
  const second = await world.enter();
  await second.ask('ENABLE IMAP4rev2');
  await second.ask('EXAMINE INBOX');
  const tag = first.begin('IDLE');
  assert.equal(await first.line(), '+ Idling\r\n');
  await world.deliver(you, 'Subject: two\r\n\r\n2\r\n');
  assert.equal(await first.line(), '* 2 EXISTS\r\n');
  first.send('DONE\r\n');
  assert.deepEqual(await first.answer(tag), ['OK Idle no more']);
  assert.deepEqual(await second.ask('NOOP'), ['* 2 EXISTS', 'OK Still here']);
  assert.deepEqual(await second.ask('NOOP'), ['OK Still here']);
  assert.deepEqual(await second.ask('UNSELECT'), ['OK Left']);
  assert.match((await second.ask('CHECK')).join(), /^BAD/);
});

test('all who have a mailbox open are told of the same keywords', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: x\r\n\r\nhi\r\n');
  const early = await world.enter();
  await early.ask('SELECT INBOX');
  const one = await world.enter();
  await one.ask('SELECT INBOX');
  await one.ask('STORE 1 +FLAGS ($Nasi)');
  await one.ask('STORE 1 -FLAGS ($Nasi)');
  const flags = '* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Nasi)';
  assert.ok((await early.ask('NOOP')).includes(flags));
  assert.ok(!(await early.ask('NOOP')).join().includes('FLAGS'));
  const late = await world.enter();
  assert.ok((await late.ask('SELECT INBOX')).includes(flags));
  for (const each of [early, one, late]) await each.ask('UNSELECT');
  assert.ok(!(await late.ask('SELECT INBOX')).join().includes('$Nasi'));
});
