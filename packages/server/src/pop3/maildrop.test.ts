import assert from 'node:assert/strict';
import test from 'node:test';
import { isUidl } from '@merpati/formats/pop3/reply.ts';
import type { MaildropEntry } from '@merpati/store/contract.ts';
import { contentId, emailId, uid } from '@merpati/store/ids.ts';
import { Maildrop } from './maildrop.ts';

const createdMs = Date.UTC(2026, 10, 21);

function entry(number: number, more: Partial<MaildropEntry> = {}): MaildropEntry {
  return {
    uid: uid(number),
    email: emailId(number * 10),
    content: contentId(number),
    size: number * 100,
    unterminated: false,
    seen: false,
    ...more,
  };
}

const lines = (maildrop: Maildrop) => [...maildrop.lines((one) => maildrop.uidl(one))];

test('marks leave gaps, and RSET closes them', () => {
  const maildrop = new Maildrop([entry(1), entry(2), entry(3)], { createdMs });
  assert.deepEqual([maildrop.count, maildrop.octets], [3, 600]);
  maildrop.markDeleted(2);
  maildrop.markDeleted(2);
  maildrop.markDeleted(9);
  assert.deepEqual([maildrop.count, maildrop.octets], [2, 400]);
  assert.deepEqual([...maildrop.lines(({ size }) => size)], ['1 100', '3 300']);
  assert.equal(maildrop.find(2).kind, 'deleted');
  assert.equal(maildrop.find(0).kind, 'none');
  assert.equal(maildrop.find(4).kind, 'none');
  assert.equal(maildrop.find(1.5).kind, 'none');
  assert.deepEqual(maildrop.deleted, [2]);
  maildrop.unmarkDeleted();
  assert.deepEqual([maildrop.count, maildrop.octets, maildrop.deleted.length], [3, 600, 0]);
});

test('a message whose last line is open counts two octets more', () => {
  const maildrop = new Maildrop([entry(1, { unterminated: true })], { createdMs });
  assert.equal(maildrop.octets, 102);
  maildrop.markDeleted(1);
  assert.equal(maildrop.octets, 0);
});

test('unique-ids are of the email and its account, and apart even for twins', () => {
  const twins = [entry(1), entry(2, { email: emailId(10) }), entry(3)];
  const maildrop = new Maildrop(twins, { createdMs });
  const ids = lines(maildrop).map((line) => line.split(' ')[1] ?? '');
  assert.equal(new Set(ids).size, 3);
  assert.ok(ids.every(isUidl));
  const moved = new Maildrop([entry(7, { email: emailId(10) })], { createdMs });
  assert.equal(lines(moved)[0], `1 ${ids[0]}`);
  const anew = new Maildrop([entry(1)], { createdMs: createdMs + 1 });
  assert.notEqual(lines(anew)[0], `1 ${ids[0]}`);
  const large = entry(2 ** 32 - 1, { email: emailId(Number.MAX_SAFE_INTEGER) });
  const longest = new Maildrop([large, { ...large }], { createdMs: 8.64e15 });
  assert.ok(lines(longest).every((line) => isUidl(line.split(' ')[1] ?? '')));
});
