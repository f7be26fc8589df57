import assert from 'node:assert/strict';
import test from 'node:test';
import { latin1, utf8 } from '@merpati/formats/bytes.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { qualifyFields } from './qualify.ts';

function qualified(lines: readonly string[]): string[] {
  const message = utf8(`${lines.join('\r\n')}\r\n\r\nFrom: root\r\n`);
  return latin1(qualifyFields(message, readHead(message), 'contoh.id')).split('\r\n');
}

test('names without a domain get one; nothing else is touched', () => {
  const lines = [
    'From: root (Cron Daemon)',
    'X-Kept:   as  it (is)',
    'To: rina, "Tono" <tono@lain.id>, budi',
    'Cc: siti@lain.id (comments   stay)',
    'Subject: root',
  ];
  assert.deepEqual(qualified(lines), [
    'From: Cron Daemon <root@contoh.id>',
    'X-Kept:   as  it (is)',
    'To: rina@contoh.id, Tono <tono@lain.id>, budi@contoh.id',
    'Cc: siti@lain.id (comments   stay)',
    'Subject: root',
    '',
    'From: root',
    '',
  ]);
});

test('groups keep their form', () => {
  assert.equal(
    qualified(['To: admins: root, rina@lain.id;'])[0],
    'To: admins: root@contoh.id, rina@lain.id;',
  );
  const nobody = 'To: undisclosed-recipients:;';
  assert.equal(qualified([nobody])[0], nobody);
});
