/**
 * How fast a mailbox is indexed, searched and sorted, and what the index takes:
 * `node packages/store/bench/search.ts [messages] [folder]`. A folder is kept, and a later run adds
 * what is missing to the number of messages; without one everything goes at the end.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../src/contract.ts';
import { uid, type AccountId, type MailboxId } from '../src/ids.ts';
import { makeJourneyId } from '../src/journey.ts';
import type { Criterion, DetailKind, SortKey } from '../src/search.ts';
import { openStore } from '../src/sqlite/open.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';

const [wanted = 10_000] = process.argv.slice(2, 3).map(Number);
const kept = process.argv[3];
const directory = kept ?? mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'search-bench-'));
const startMs = Date.UTC(2020, 0, 1);

let state = 12345;
function random(): number {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return state / 0x80000000;
}

const syllables =
  'a ba ca da ga ha ja ka la ma na pa ra sa ta wa ber di ke men per se ter an i u'.split(' ');
const vocabulary = Array.from({ length: 20_000 }, () => {
  const count = 2 + Math.floor(random() * 3);
  return Array.from(
    { length: count },
    () => syllables[Math.floor(random() * syllables.length)],
  ).join('');
});

/** Few words make up most of a text. */
function words(count: number): string {
  let text = '';
  for (let n = 0; n < count; n += 1) {
    text += `${vocabulary[Math.floor(random() ** 4 * vocabulary.length)]} `;
    if (n % 12 === 11) text += '\r\n';
  }
  return text;
}

function makeMessage(number: number): string {
  state = number * 7919 + 1;
  const from = `user${Math.floor(random() * 500)}`;
  const body = words(100 + Math.floor(random() * 500));
  const rare = number % 1000 === 7 ? 'bandaraya zamrud\r\n' : '';
  const asian = number % 100 === 3 ? '東京都の会議\r\n' : '';
  const date = new Date(startMs + number * 600_000).toUTCString().replace('GMT', '+0000');
  return (
    `Received: from mx.surat.test by merpati.test; ${date}\r\n` +
    `From: ${from} <${from}@surat.test>\r\nTo: you@bench.test\r\nDate: ${date}\r\n` +
    `Subject: ${number % 3 === 0 ? 'Re: ' : ''}${words(4).trim()} ${Math.floor(number / 5)}\r\n` +
    `Message-ID: <${number}@surat.test>\r\nMIME-Version: 1.0\r\n` +
    `In-Reply-To: <${number - 5}@surat.test>\r\n` +
    `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n` +
    `Content-Type: text/plain; charset=utf-8\r\n\r\n${body}${rare}${asian}\r\n--b\r\n` +
    `Content-Type: text/html; charset=utf-8\r\n\r\n<p>${body.slice(0, 300)}</p>\r\n--b--\r\n`
  );
}

async function addAccount(store: Store): Promise<AccountId> {
  const nowMs = startMs;
  const [known] = await store.accounts();
  if (known !== undefined) return known.id;
  const domain = { name: 'bench.test', aliasOf: null, catchAll: null, createdMs: nowMs };
  await store.editDirectory({ kind: 'domain-put', domain });
  const settings = {
    displayName: '',
    state: 'active',
    quotaBytes: null,
    pop: { policy: 'hide', keepDays: 30 },
    limits: { messagesPerDay: 1e9, newRecipientsPerDay: 1e9 },
    hideClientAddress: false,
  } as const;
  const credential = { passwordHash: '', scram: null };
  const address = 'you@bench.test';
  await store.editDirectory({ kind: 'account-add', address, settings, credential, nowMs });
  return addAccount(store);
}

async function put(store: Store, account: AccountId, number: number): Promise<void> {
  const writer = store.newBody();
  await writer.write(Buffer.from(makeMessage(number)));
  const body = await writer.finish();
  const nowMs = startMs + number * 600_000;
  const id = makeJourneyId(nowMs, number % 1024);
  const messageId = `${number}@surat.test`;
  const summary = { from: '', to: '', subject: '', dateMs: nowMs, messageId };
  const result = await store.accept({
    head: {
      id,
      startedUs: nowMs * 1000,
      direction: 'in',
      sender: '',
      recipients: [],
      messageId,
      subject: null,
      size: body.size,
      submittedBy: null,
    },
    events: [],
    body,
    deliveries: [
      {
        account,
        mailbox: 'inbox',
        key: `k${number}`,
        prefix: new Uint8Array(0),
        flags: number % 4 === 0 ? 0 : 1,
        keywords: [],
        internalDateMs: nowMs,
        summary,
        recipient: '',
      },
    ],
    queue: null,
    sending: null,
    nowMs,
  });
  if (!result.ok) throw new Error(result.code);
}

const inFlight = 100;

async function fill(store: Store, account: AccountId, from: number): Promise<void> {
  let next = from;
  const begin = performance.now();
  const run = async () => {
    while (next < wanted) {
      const number = next;
      next += 1;
      await put(store, account, number);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, run));
  const seconds = (performance.now() - begin) / 1000;
  console.log(`stored   ${wanted - from} in ${seconds.toFixed(1)} s`);
  await store.indexed(account);
  const more = (performance.now() - begin) / 1000 - seconds;
  const each = ((seconds + more) * 1000) / (wanted - from);
  console.log(`indexed  after ${more.toFixed(1)} s more (${each.toFixed(2)} ms each with storing)`);
}

const text = (of: string): Criterion => ({ kind: 'text', text: of });
const body = (of: string): Criterion => ({ kind: 'body', text: of });
const header = (name: string, of: string): Criterion => ({ kind: 'header', name, text: of });
const unseen: Criterion = { kind: 'not', of: { kind: 'flag', flags: 1 } };
const since = (ms: number): Criterion => ({
  kind: 'day',
  of: 'internal',
  is: 'since',
  day: Math.floor(ms / 86_400_000),
});

const searches: readonly (readonly [name: string, Criterion, SortKey[]?])[] = [
  ['ALL', { kind: 'all' }],
  ['UNSEEN', unseen],
  ['SINCE the last tenth', since(startMs + wanted * 540_000)],
  ['SENTSINCE the last tenth', { ...since(startMs + wanted * 540_000), of: 'sent' } as Criterion],
  ['BODY rare word', body('zamrud')],
  ['BODY rare phrase', body('bandaraya zamrud')],
  ['BODY nowhere', body('xyzzyx')],
  ['BODY common word', body(vocabulary[40] ?? '')],
  ['BODY three letters', body('ber')],
  ['BODY 東京', body('東京')],
  ['BODY one letter', body('z')],
  ['TEXT rare word', text('zamrud')],
  ['TEXT common word', text(vocabulary[40] ?? '')],
  ['SUBJECT word', header('subject', vocabulary[40] ?? '')],
  ['FROM address', header('from', 'user77@')],
  ['HEADER Message-ID', header('message-id', '<777@')],
  ['UNSEEN FROM BODY', { kind: 'and', of: [unseen, header('from', 'user7'), body('ka')] }],
  ['SORT SUBJECT', { kind: 'all' }, [{ by: 'subject', reverse: false }]],
  ['SORT REVERSE DATE', { kind: 'all' }, [{ by: 'date', reverse: true }]],
  ['SORT FROM of UNSEEN', unseen, [{ by: 'from', reverse: false }]],
];

async function measureSearches(
  store: Store,
  account: AccountId,
  mailbox: MailboxId,
): Promise<void> {
  let longestMs = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last - 2);
    last = performance.now();
  }, 2);
  for (const [name, criteria, order = []] of searches) {
    const times: number[] = [];
    let count = 0;
    for (let round = 0; round < 3; round += 1) {
      count = 0;
      const begin = performance.now();
      for await (const { uids } of store.search(account, {
        mailboxes: [mailbox],
        criteria,
        order,
      })) {
        count += uids.length;
      }
      times.push(performance.now() - begin);
    }
    const [first = 0, ...more] = times;
    const best = Math.min(...more);
    const shown = `${best.toFixed(1).padStart(8)} ms (first ${first.toFixed(1)})`;
    console.log(`${name.padEnd(26)} ${shown}, ${count} found`);
  }
  clearInterval(beat);
  console.log(`longest pause of the calling thread: ${longestMs.toFixed(1)} ms`);
}

async function measureDetails(store: Store, account: AccountId, mailbox: MailboxId): Promise<void> {
  for (const kind of [
    'envelope',
    'structure',
    'head',
    'preview',
    'thread',
    'sort',
  ] as DetailKind[]) {
    const begin = performance.now();
    let count = 0;
    let fromUid = uid(1);
    for (;;) {
      const slice = { fromUid, toUid: uid(2 ** 32 - 1), limit: 1000 };
      const rows = await store.details(account, mailbox, slice, [kind]);
      count += rows.length;
      const end = rows.at(-1);
      if (end === undefined) break;
      fromUid = uid(end.uid + 1);
    }
    console.log(
      `details ${kind.padEnd(10)} ${(performance.now() - begin).toFixed(1)} ms, ${count}`,
    );
  }
}

function showSizes(): void {
  const db = new DatabaseSync(storePaths(directory).database, { readOnly: true });
  const rows = db
    .prepare(
      `SELECT iif(name LIKE 'content_grams%', 'content_grams', name) AS name, sum(pgsize) AS octets
       FROM dbstat WHERE aggregate = TRUE GROUP BY 1 ORDER BY 2 DESC LIMIT 12`,
    )
    .all();
  for (const row of rows) {
    const octets = Number(row['octets']);
    console.log(`${String(row['name']).padEnd(20)} ${(octets / wanted).toFixed(0)} octets/message`);
  }
  const raw = db.prepare('SELECT avg(size) AS n FROM message').get()?.['n'];
  console.log(`messages have ${Number(raw).toFixed(0)} octets`);
  db.close();
}

const store = await openStore({ directory, reserveBytes: 0 });
const account = await addAccount(store);
const [inbox] = await store.mailboxes(account);
if (inbox === undefined) throw new Error('no inbox');
if (inbox.total < wanted) await fill(store, account, inbox.total);
await measureSearches(store, account, inbox.id);
await measureDetails(store, account, inbox.id);
await store.close();
showSizes();
if (kept === undefined) rmSync(directory, { recursive: true });
