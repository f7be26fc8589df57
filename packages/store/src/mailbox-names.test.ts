import assert from 'node:assert/strict';
import { test } from 'node:test';
import { properName } from './mailbox-names.ts';

test('INBOX is one name in any case, also above others, and nowhere else', () => {
  const cases = [
    ['inbox', 'INBOX'],
    ['InBox/Lama', 'INBOX/Lama'],
    ['inbox/inbox', 'INBOX/inbox'],
    ['Kerja/inbox', 'Kerja/inbox'],
    ['inboxes', 'inboxes'],
    ['', ''],
  ] as const;
  for (const [name, proper] of cases) assert.equal(properName(name), proper);
});
