/** Random commands for a store, and how to give one to an engine and to the model alike. */

import * as fc from 'fast-check';
import type {
  Acceptance,
  Append,
  DirectoryEdit,
  MailboxEdit,
  MailboxStatus,
  Outcome,
  QueueEdit,
  QueueFilter,
} from '../contract.ts';
import {
  accountId,
  emailId,
  journeyId,
  mailboxId,
  modSeq,
  queueId,
  uid,
  type AccountId,
} from '../ids.ts';
import { firstJourneyIdAt } from '../journey.ts';
import {
  acceptance,
  credential,
  delivery,
  event,
  makeBody,
  nowMs,
  recipient,
  settings,
} from './fixtures.ts';
import type { Model } from './model.ts';

export const accountsMax = 3;
// Mostly what is there and has mail in it: commands that miss are soon dull.
const accountOf = often(1, accountsMax + 1).map(accountId);
const mailboxOf = often(1, 10).map(mailboxId);
const uids = fc.uniqueArray(fc.integer({ min: 1, max: 6 }).map(uid), { maxLength: 6 });
const domain = fc.constantFrom('surat.test', 'pos.test', 'kantor.test');
const time = fc.integer({ min: 0, max: 50 }).map((days) => nowMs + days * 86_400_000);
/** Less than a week: delivery keys are remembered that long, and the model remembers for ever. */
const soon = fc.integer({ min: 0, max: 6 }).map((days) => nowMs + days * 86_400_000);
const text = fc.string({ maxLength: 40 });
const flags = fc.integer({ min: 0, max: 31 });
const keywords = fc.uniqueArray(fc.constantFrom('$Forwarded', 'kerja', 'KERJA', 'Penting'), {
  maxLength: 3,
});
const role = fc.constantFrom('inbox', 'inbox', 'inbox', 'sent', 'archive', 'downloaded');

function often(first: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.integer({ min: first, max }) },
  );
}

/** How far a test's memory of ids reaches. */
const journeysMax = 20;
const journeyOf = fc
  .integer({ min: 1, max: journeysMax })
  .map((n) => journeyId(firstJourneyIdAt(nowMs + n * 3_600_000) + n));

const acceptCommand = fc.record({
  kind: fc.constant('accept' as const),
  journey: journeyOf,
  text,
  to: fc.array(
    fc.record({
      account: accountOf,
      mailbox: fc.oneof({ weight: 4, arbitrary: role }, { weight: 1, arbitrary: mailboxOf }),
      key: fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9'),
      flags,
      keywords,
    }),
    { maxLength: 2 },
  ),
  queued: fc.array(fc.record({ domain, dueMs: time }), { maxLength: 3 }),
  by: fc.option(accountOf),
  counts: fc.boolean(),
  limit: fc.integer({ min: 1, max: 12 }),
});

type AcceptCommand = typeof acceptCommand extends fc.Arbitrary<infer T> ? T : never;

const nameOf = fc.constantFrom(
  'Kerja',
  'Kerja/2026',
  'inbox',
  'Inbox/Lama',
  'Sent/Lama',
  'a//b',
  '',
);
const entry = fc.constantFrom('/private/comment', '/shared/comment', '');
const octets = fc.uint8Array({ maxLength: 4 });

const mailboxEdit: fc.Arbitrary<MailboxEdit> = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    name: nameOf,
    role: fc.constantFrom(null, null, 'archive' as const, 'inbox' as const),
  }),
  fc.record({
    kind: fc.constant('rename' as const),
    id: mailboxOf,
    name: fc.constantFrom('Kerja', 'Kantor', 'Sent/Lama', 'Kerja/2026/Nov', 'INBOX/Lama'),
    nowMs: time,
  }),
  fc.record({ kind: fc.constant('remove' as const), id: mailboxOf }),
  fc.record({
    kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const),
    name: nameOf,
  }),
  fc.record({
    kind: fc.constant('annotate' as const),
    mailbox: fc.option(mailboxOf),
    entry,
    value: fc.option(octets),
  }),
  fc.record({
    kind: fc.constant('set-acl' as const),
    mailbox: mailboxOf,
    identifier: fc.constantFrom('a1@surat.test', 'a2@surat.test', 'anyone', '-a3@surat.test', ''),
    rights: fc.constantFrom(null, '', 'lr', 'lrswi', 'Q'),
  }),
);

const transferCommand = fc.record({
  kind: fc.constantFrom('move' as const, 'copy' as const),
  from: accountOf,
  to: accountOf,
  mailboxes: fc.tuple(mailboxOf, mailboxOf),
  uids,
  nowMs: time,
});

const appendCommand = fc.record({
  kind: fc.constant('append' as const),
  account: accountOf,
  mailbox: mailboxOf,
  key: fc.constantFrom(null, null, 'k1', 'k10'),
  messages: fc.array(
    fc.record({ journey: journeyOf, text, flags, keywords, internalDateMs: time }),
    { maxLength: 3 },
  ),
  replaces: fc.option(
    fc.record({ mailbox: mailboxOf, uid: fc.integer({ min: 1, max: 6 }).map(uid) }),
    { freq: 2 },
  ),
  nowMs: soon,
});

type AppendCommand = typeof appendCommand extends fc.Arbitrary<infer T> ? T : never;

const directoryEdit: fc.Arbitrary<DirectoryEdit> = fc.oneof(
  fc.record({
    kind: fc.constant('domain-put' as const),
    domain: fc.record({
      name: domain,
      aliasOf: fc.option(domain),
      catchAll: fc.constantFrom(null, 'semua@surat.test'),
      createdMs: fc.constant(nowMs),
    }),
  }),
  fc.record({ kind: fc.constant('domain-remove' as const), name: domain }),
  fc.record({
    kind: fc.constant('account-add' as const),
    address: fc.tuple(fc.constantFrom('ani', 'budi', 'tono'), domain).map((each) => each.join('@')),
    settings: fc.constant(settings),
    credential: fc.constant(credential),
    nowMs: fc.constant(nowMs),
  }),
  fc.record({
    kind: fc.constant('account-edit' as const),
    id: accountOf,
    settings: fc.record(
      {
        quotaBytes: fc.option(fc.integer({ min: 100, max: 800 })),
        pop: fc.record({
          policy: fc.constantFrom('hide' as const, 'leave-copy' as const),
          keepDays: fc.constantFrom(0, 2, 30),
        }),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    kind: fc.constant('alias-put' as const),
    address: fc.tuple(fc.constantFrom('ani', 'semua'), domain).map((each) => each.join('@')),
    targets: fc.constant(['ani@surat.test', 'budi@surat.test']),
  }),
  fc.record({
    kind: fc.constant('alias-remove' as const),
    address: fc.tuple(fc.constantFrom('ani', 'semua'), domain).map((each) => each.join('@')),
  }),
  fc.record({
    kind: fc.constant('app-password-add' as const),
    account: accountOf,
    label: text,
    credential: fc.constant(credential),
    nowMs: time,
  }),
  fc.record({
    kind: fc.constantFrom('app-password-remove' as const, 'app-password-used' as const),
    account: accountOf,
    id: fc.integer({ min: 1, max: 3 }),
    nowMs: time,
  }),
);

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constantFrom('done' as const, 'untried' as const) }),
  fc.record({ kind: fc.constant('failed' as const), reply: text }),
  fc.record({
    kind: fc.constant('later' as const),
    dueMs: time,
    reply: text,
    delayNoticeSent: fc.boolean(),
  }),
);

const queueEdit: fc.Arbitrary<QueueEdit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('hold' as const, 'release' as const, 'cancel' as const) }),
  fc.record({ kind: fc.constantFrom('retry' as const, 'bounce' as const), nowMs: time }),
  fc.record({ kind: fc.constant('reroute' as const), route: fc.option(fc.constant('smart')) }),
);

const queueFilter: fc.Arbitrary<QueueFilter> = fc.record(
  {
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 12 }).map(queueId)),
    journey: journeyOf,
    toDomain: domain,
    olderThanMs: fc.constantFrom(nowMs, nowMs + 1),
    state: fc.constantFrom('waiting' as const, 'held' as const),
  },
  { requiredKeys: [] },
);

export const command = fc.oneof(
  { weight: 8, arbitrary: acceptCommand },
  fc.record({ kind: fc.constant('directory' as const), edit: directoryEdit }),
  fc.record({
    kind: fc.constant('flags' as const),
    edit: fc.record(
      {
        account: accountOf,
        mailbox: mailboxOf,
        uids,
        op: fc.constantFrom('add' as const, 'remove' as const, 'set' as const),
        flags,
        keywords,
        unchangedSince: fc.integer({ min: 0, max: 30 }).map(modSeq),
      },
      { requiredKeys: ['account', 'mailbox', 'uids', 'op', 'flags', 'keywords'] },
    ),
  }),
  transferCommand,
  appendCommand,
  fc.record({
    kind: fc.constant('read' as const),
    account: accountOf,
    mailbox: mailboxOf,
    uids,
    reader: fc.constantFrom('a1@surat.test', 'a2@surat.test'),
    device: fc.constantFrom('', 'Thunderbird'),
    nowMs: time,
  }),
  fc.record({
    kind: fc.constant('expunge' as const),
    account: accountOf,
    mailbox: mailboxOf,
    uids,
  }),
  fc.record({
    kind: fc.constant('mailbox' as const),
    account: accountOf,
    edit: mailboxEdit,
  }),
  fc.record({
    kind: fc.constant('pop' as const),
    account: accountOf,
    nowMs: soon,
    retrieved: uids,
    deleted: uids,
  }),
  fc.record({
    kind: fc.constant('restore' as const),
    account: accountOf,
    emails: fc.oneof(
      fc.constant('all' as const),
      fc.uniqueArray(fc.integer({ min: 1, max: 9 }).map(emailId), { maxLength: 3 }),
    ),
    nowMs: time,
  }),
  fc.record({ kind: fc.constant('purge' as const), nowMs: soon }),
  fc.record({
    kind: fc.constant('claim' as const),
    nowMs: time,
    itemsMax: fc.integer({ min: 1, max: 5 }),
    skipDomains: fc.uniqueArray(domain, { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('settle' as const),
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
    outcome,
    notice: fc.option(acceptCommand),
    journey: journeyOf,
  }),
  fc.record({
    kind: fc.constant('edit-queue' as const),
    filter: queueFilter,
    edit: queueEdit,
  }),
  fc.record({ kind: fc.constant('journey' as const), journey: journeyOf }),
  fc.record({
    kind: fc.constant('prune' as const),
    beforeMs: fc.integer({ min: 0, max: 6 }).map((hours) => nowMs + hours * 3_600_000),
  }),
);

export type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Someone to command: a store and the lease tokens it has given. */
export interface Subject {
  readonly store: Model;
  readonly tokens: Map<number, number>;
}

/** Gives the command and answers what the store said, tokens left out. */
export async function perform({ store, tokens }: Subject, given: Command): Promise<unknown> {
  switch (given.kind) {
    case 'accept':
      return store.accept(await acceptanceOf(store, given));
    case 'directory':
      return store.editDirectory(given.edit);
    case 'flags':
      return store.setFlags(given.edit);
    case 'move':
    case 'copy': {
      const [from, to] = given.mailboxes;
      const transfer = {
        ...given,
        from: { account: given.from, mailbox: from },
        to: { account: given.to, mailbox: to },
      };
      return given.kind === 'move' ? store.move(transfer) : store.copy(transfer);
    }
    case 'append':
      return store.append(await appendOf(store, given));
    case 'read':
      return store.readNote({ ...given, address: '192.0.2.7' });
    case 'expunge':
      return store.expunge(given.account, given.mailbox, given.uids);
    case 'mailbox':
      return store.editMailbox(given.account, given.edit);
    case 'pop':
      return store.popUpdate({ ...given, device: 'ponsel', address: '192.0.2.7' });
    case 'restore':
      return store.restoreDownloaded(given.account, given.emails, given.nowMs);
    case 'purge':
      return store.purgeDownloaded(given.nowMs);
    case 'claim': {
      const items = await store.claim({ ...given, leaseMs: 86_400_000 });
      for (const item of items) tokens.set(item.id, item.token);
      return items.map(({ token, ...rest }) => ({ ...rest, hasToken: token > 0 }));
    }
    case 'settle':
      return store.settle({
        items: given.ids.map((id) => ({
          id: queueId(id),
          token: tokens.get(id) ?? -1,
          outcome: given.outcome,
        })),
        events: [{ journey: given.journey, events: [event('smtp.tried')] }],
        notices: given.notice === null ? [] : [await acceptanceOf(store, given.notice)],
        nowMs,
      });
    case 'edit-queue':
      return store.editQueue(given.filter, given.edit, [event('queue.edited')]);
    case 'journey':
      return store.appendJourney(given.journey, [event('a'), event('b')]);
    case 'prune':
      return store.pruneJourneys(given.beforeMs);
    default:
      return given satisfies never;
  }
}

async function appendOf(store: Model, given: AppendCommand): Promise<Append> {
  const messages = given.messages.map(async (each) => {
    const body = await makeBody(store, Buffer.from(each.text));
    const { flags: bits, keywords: words, internalDateMs } = each;
    const { head, events } = acceptance(body, { journey: each.journey });
    const { summary } = delivery(given.account);
    return { head, events, body, flags: bits, keywords: words, internalDateMs, summary };
  });
  return { ...given, messages: await Promise.all(messages) };
}

async function acceptanceOf(store: Model, given: AcceptCommand): Promise<Acceptance> {
  const body = await makeBody(store, Buffer.from(given.text));
  const submittedBy: AccountId | null = given.by;
  const recipients = given.queued.map((each, index) =>
    recipient(`orang${index}@${each.domain}`, { dueMs: each.dueMs }),
  );
  const limits = { messagesPerDay: given.limit, newRecipientsPerDay: given.limit };
  const deliveries = given.to.map((to, index) =>
    delivery(to.account, {
      mailbox: to.mailbox as never,
      key: to.key,
      flags: to.flags,
      keywords: to.keywords,
      recipient: `ani${index}@surat.test`,
    }),
  );
  const sender = 'a@sender.test';
  return {
    head: {
      id: given.journey,
      startedUs: nowMs * 1000,
      direction: 'in',
      sender,
      recipients: [...deliveries, ...recipients].map((each) => each.recipient),
      messageId: `${given.text}@sender.test`,
      subject: null,
      size: body.size,
      submittedBy,
    },
    events: [event('smtp.data')],
    body,
    deliveries,
    queue:
      recipients.length === 0
        ? null
        : {
            message: {
              sender,
              prefix: Buffer.from('Received: by merpati.test\r\n'),
              envid: null,
              ret: 'hdrs',
              bodyType: '7bit',
              smtputf8: true,
              requireTls: false,
              submittedBy,
            },
            recipients,
          },
    sending:
      submittedBy !== null && given.counts
        ? {
            account: submittedBy,
            day: 20_000,
            recipients: recipients.map((each) => each.recipient),
            limits,
          }
        : null,
    nowMs,
  };
}

/** Everything that can be read, in plain values. */
export async function readEverything({ store }: Subject): Promise<unknown> {
  const accounts = await store.accounts();
  const journeys = await store.journeys({ limit: 1000 });
  return {
    domains: await store.domains(),
    aliases: await store.aliases(),
    accounts,
    mail: await Promise.all(accounts.map((account) => readAccount(store, account.id))),
    queue: await store.queue({}, 1000),
    queueCount: await store.queueCount(),
    nextDue: await store.nextDue([]),
    nextDueElsewhere: await store.nextDue(['surat.test']),
    journeys: await Promise.all(journeys.map((head) => store.journey(head.id))),
    found: await store.journeys({ text: 'ORANG1@', limit: 3 }),
    recent: await store.journeys({ sinceMs: nowMs + 8 * 3_600_000, limit: 100 }),
    byPrefix: await store.journeysByPrefix(''),
  };
}

async function readAccount(store: Model, account: AccountId): Promise<unknown> {
  const mailboxes = await store.mailboxes(account, { hidden: true });
  const messages = [];
  const listings = [];
  for (const mailbox of mailboxes) {
    listings.push(await readMailbox(store, account, mailbox));
    const rows = await store.messages(account, mailbox.id, { fromUid: uid(1), limit: 1000 });
    for (const row of rows) {
      const body = await store.readMessage(account, row.content);
      const chunks: Uint8Array[] = [];
      if (body !== null) for await (const chunk of body.chunks()) chunks.push(chunk);
      messages.push({ row, size: body?.size, text: Buffer.concat(chunks).toString('latin1') });
    }
  }
  return {
    visible: (await store.mailboxes(account)).map((mailbox) => mailbox.name),
    mailboxes,
    listings,
    messages,
    subscriptions: await store.subscriptions(account),
    annotations: await store.annotations(account, null),
    shared: await store.sharedMailboxes(account),
    byName: await store.mailbox(account, 'inBox'),
    byId: await store.mailbox(account, mailboxId(9)),
    maildrop: await store.maildrop(account),
    downloaded: await store.downloaded(account),
    passwords: await store.appPasswords(account),
    sent: await store.sent(account, 20_000),
    changes: await store.changes(account, { since: modSeq(0), limit: 10_000 }),
    someChanges: await store.changes(account, { since: modSeq(10), limit: 2 }),
    changesOfOne: await store.changes(account, {
      mailbox: mailboxId(1),
      since: modSeq(9),
      limit: 3,
    }),
    journeys: await store.journeys({ account, limit: 1000 }),
  };
}

async function readMailbox(store: Model, account: AccountId, { id }: MailboxStatus) {
  const table = await store.flagTable(account, id, { fromUid: uid(1), toUid: uid(9), limit: 7 });
  return {
    uids: await store.uids(account, id),
    keywords: await store.keywords(account, id),
    firstUnseen: await store.firstUnseen(account, id),
    flagRows: await store.flagRows(account, id, { fromUid: uid(2), toUid: uid(5), limit: 3 }),
    annotations: await store.annotations(account, id),
    acl: await store.acl(account, id),
    changes: await store.mailboxChanges(account, id, { since: modSeq(9), limit: 4 }),
    table: Array.from(table.uids, (each, index) => [
      each,
      table.flags[index],
      table.modseqs[index],
      table.keywords[table.keywordSets[index] ?? -1],
    ]),
  };
}

/** Buffers and plain arrays, null prototypes and classes: all the same. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) => {
      if (each instanceof Uint8Array) return Buffer.from(each).toString('hex');
      if (isBufferJson(each)) return Buffer.from(each.data).toString('hex');
      return each;
    }) ?? 'null',
  );
}

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return (
    typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
  );
}
