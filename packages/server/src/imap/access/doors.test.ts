/**
 * Each right opens its doors and no other: every command is tried with many sets of rights, and
 * must be answered as the table of RFC 4314 §4 says, which is written down here a second time.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  type ImapWorld,
  type RawImap,
  friend,
  startImapWorld,
  you,
} from '../testing/imap-world.ts';
import { allRights } from './rights.ts';

interface Door {
  /** What is done; `SHARED` is the mailbox, `ABOVE` the one above it, with the same rights. */
  readonly commands: readonly string[];
  readonly needs: string;
}

const inside = ['SELECT SHARED'];

const doors: readonly Door[] = [
  { commands: ['MYRIGHTS SHARED'], needs: '' },
  { commands: ['SUBSCRIBE SHARED'], needs: '' },
  { commands: ['SELECT SHARED'], needs: 'r' },
  { commands: ['EXAMINE SHARED'], needs: 'r' },
  { commands: ['STATUS SHARED (MESSAGES)'], needs: 'r' },
  { commands: ['GETQUOTAROOT SHARED'], needs: 'r' },
  { commands: ['GETMETADATA SHARED /shared/comment'], needs: 'r' },
  { commands: ['SETMETADATA SHARED (/shared/comment "x")'], needs: 'w' },
  { commands: ['GETACL SHARED'], needs: 'a' },
  { commands: ['SETACL SHARED anyone l'], needs: 'a' },
  { commands: ['DELETEACL SHARED anyone'], needs: 'a' },
  { commands: ['LISTRIGHTS SHARED anyone'], needs: 'a' },
  { commands: ['CREATE SHARED/new'], needs: 'k' },
  { commands: ['DELETE SHARED'], needs: 'x' },
  { commands: ['RENAME SHARED ABOVE/other'], needs: 'xk' },
  { commands: ['APPEND SHARED {3+}\r\na:b'], needs: 'i' },
  { commands: [...inside, 'SEARCH ALL'], needs: 'r' },
  { commands: [...inside, 'FETCH 1 BODY[TEXT]'], needs: 'r' },
  { commands: [...inside, 'STORE 1 +FLAGS (\\Seen)'], needs: 'rs' },
  { commands: [...inside, 'STORE 1 +FLAGS (\\Deleted)'], needs: 'rt' },
  { commands: [...inside, 'STORE 1 +FLAGS (\\Flagged)'], needs: 'rw' },
  { commands: [...inside, 'STORE 1 +FLAGS (Penting)'], needs: 'rw' },
  { commands: [...inside, 'EXPUNGE'], needs: 're' },
  { commands: [...inside, 'UID EXPUNGE 1'], needs: 're' },
  { commands: [...inside, 'COPY 1 Archive'], needs: 'r' },
  { commands: [...inside, 'MOVE 1 Archive'], needs: 'rte' },
  { commands: [...inside, 'COPY 1 SHARED'], needs: 'ri' },
  { commands: ['SELECT INBOX', 'COPY 1 SHARED'], needs: 'i' },
  { commands: ['SELECT INBOX', 'UID COPY 1 SHARED'], needs: 'i' },
];

/** All, none, each alone, each missing; and some by chance. */
const sets = [
  allRights,
  '',
  'l',
  ...Array.from(allRights, (right) => `l${right}`),
  ...Array.from(allRights, (right) => allRights.replace(right, '')),
  ...fc.sample(fc.subarray(Array.from(allRights)), 2).map((letters) => letters.join('')),
];

test('each right opens its doors and no other', { timeout: 240_000 }, async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: a\r\n\r\nb\r\n');
  await world.deliver(friend, 'Subject: c\r\n\r\nd\r\n');
  const owner = await world.enter(you);
  await owner.ask('SELECT INBOX');
  for (const [at, rights] of sets.entries()) await tryDoors(world, owner, { at, rights });
});

async function tryDoors(
  world: ImapWorld,
  owner: RawImap,
  { at, rights }: { readonly at: number; readonly rights: string },
): Promise<void> {
  const guest = await world.enter(friend);
  for (const [index, { commands, needs }] of doors.entries()) {
    const up = `s${at}-${index}`;
    await must(owner, `CREATE ${up}`);
    if (rights !== '') await must(owner, `SETACL ${up} ${friend} ${rights}`);
    await must(owner, `CREATE ${up}/box`);
    await must(owner, `COPY 1 ${up}/box`);
    const before = `"Other Users/${you}/`;
    let said = '';
    for (const command of commands) {
      const named = command
        .replaceAll(/SHARED([/\w]*)/g, `${before}${up}/box$1"`)
        .replaceAll(/ABOVE([/\w]*)/g, `${before}${up}$1"`);
      said = (await guest.ask(named)).at(-1) ?? '';
      if (!said.startsWith('OK')) break;
    }
    const isOpen = rights.includes('l') && Array.from(needs).every((one) => rights.includes(one));
    const where = `${commands.join(', ')} with "${rights}": ${said}`;
    assert.equal(said.startsWith('OK'), isOpen, where);
    // Nothing tells that it is there; to create at the top of others is never allowed.
    const hidden = /^NO \[(?:NONEXISTENT|TRYCREATE)\]|^NO \[NOPERM\] That is not yours$/;
    if (!rights.includes('l')) assert.match(said, hidden, where);
    await must(guest, 'EXAMINE INBOX');
    if (commands.includes('FETCH 1 BODY[TEXT]') && isOpen) {
      const seen = (await must(owner, `STATUS ${up}/box (UNSEEN)`))[0];
      assert.equal(seen, `* STATUS ${up}/box (UNSEEN ${rights.includes('s') ? 0 : 1})`, where);
    }
    await owner.ask(`DELETE ${up}/box`);
    await owner.ask(`DELETE ${up}`);
  }
  await guest.ask('LOGOUT');
}

async function must(raw: RawImap, command: string): Promise<string[]> {
  const lines = await raw.ask(command);
  assert.match(lines.at(-1) ?? '', /^OK/, command);
  return lines;
}
