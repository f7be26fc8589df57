/** INPROGRESS (RFC 9585): who waits long hears that something is being done. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { startImapWorld, you } from './testing/imap-world.ts';

/** Nothing that must start a thread, or write many rows, is as fast as that. */
const progressEveryMs = 1;
const messages = 300;

async function startSlowWorld(t: test.TestContext) {
  const world = await startImapWorld(t, { progressEveryMs });
  for (let number = 1; number <= messages; number += 1) {
    await world.deliver(you, `Subject: ${number}\r\n\r\n${'kabar '.repeat(200)}\r\n`);
  }
  const raw = await world.enter();
  await raw.ask('SELECT INBOX');
  return raw;
}

test('a long search says that it goes on, and by its tag which one it is', async (t) => {
  const raw = await startSlowWorld(t);
  const tag = raw.begin('UID SEARCH TEXT kabar');
  const lines = await raw.answer(tag);
  const told = lines.filter((line) => line.includes('INPROGRESS'));
  assert.ok(told.length > 0, lines.join('\n'));
  for (const line of told) assert.match(line, /^\* OK \[INPROGRESS \("\w+" NIL NIL\)\] ./);
  assert.ok(told.every((line) => line.includes(`("${tag}" `)));
  assert.match(lines.at(-2) ?? '', /^\* SEARCH 1 2 3 /);
  assert.match(lines.at(-1) ?? '', /^OK/);
});

test('so do threading, copying and expunging', async (t) => {
  const raw = await startSlowWorld(t);
  for (const command of ['THREAD REFERENCES UTF-8 ALL', 'UID COPY 1:* Sent']) {
    const lines = await raw.ask(command);
    assert.ok(
      lines.some((line) => line.startsWith('* OK [INPROGRESS (')),
      `${command}: ${lines.join('\n')}`,
    );
    assert.match(lines.at(-1) ?? '', /^OK/);
  }
  // No message number changes while the client may still name messages by it.
  await raw.ask('STORE 1:* +FLAGS.SILENT (\\Deleted)');
  const lines = await raw.ask('EXPUNGE');
  assert.equal(lines.filter((line) => /^\* \d+ EXPUNGE$/.test(line)).length, messages);
  assert.deepEqual(await raw.ask('NOOP'), ['OK Still here']);
});

test('who is answered at once hears nothing of it', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: a\r\n\r\nb\r\n');
  const raw = await world.enter();
  await raw.ask('SELECT INBOX');
  const all = [...(await raw.ask('SEARCH TEXT b')), ...(await raw.ask('EXPUNGE'))];
  assert.ok(all.every((line) => !line.includes('INPROGRESS')));
});
