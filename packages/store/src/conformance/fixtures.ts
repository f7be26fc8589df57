/** Small messages, accounts and envelopes for tests of stores. */

import type {
  Acceptance,
  AccountSettings,
  Body,
  Delivery,
  QueueRecipient,
  Store,
  StoredBody,
  Transfer,
} from '../contract.ts';
import {
  accountId,
  journeyId,
  mailboxId,
  type AccountId,
  type JourneyId,
  type Uid,
} from '../ids.ts';
import { firstJourneyIdAt, type JourneyEvent } from '../journey.ts';

/** When tests take place. */
export const nowMs = Date.UTC(2026, 10, 21, 12, 5, 29);

export const settings: AccountSettings = {
  displayName: 'You',
  state: 'active',
  quotaBytes: null,
  pop: { policy: 'hide', keepDays: 30 },
  limits: { messagesPerDay: 100, newRecipientsPerDay: 100 },
  hideClientAddress: false,
};

export const credential = { passwordHash: '$argon2id$v=19$test', scram: null };

export async function addDomain(store: Pick<Store, 'editDirectory'>, name: string): Promise<void> {
  const domain = { name, aliasOf: null, catchAll: null, createdMs: nowMs };
  await store.editDirectory({ kind: 'domain-put', domain });
}

/** The domain must be there. */
export async function addAccount(
  store: Pick<Store, 'editDirectory'>,
  address: string,
  changed: Partial<AccountSettings> = {},
): Promise<AccountId> {
  const result = await store.editDirectory({
    kind: 'account-add',
    address,
    settings: { ...settings, ...changed },
    credential,
    nowMs,
  });
  if (!result.ok || result.id === null) throw new Error(`no account ${address}`);
  return accountId(result.id);
}

export async function makeBody(
  store: Pick<Store, 'newBody'>,
  bytes: Uint8Array,
  chunkBytes = 65_536,
): Promise<Body> {
  const writer = store.newBody();
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      await writer.write(bytes.slice(at, at + chunkBytes));
    }
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

export async function readAll(body: StoredBody): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.chunks()) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

let serial = 0;

/** A journey id of its own for each call, made at `nowMs`. */
export function nextJourney(): JourneyId {
  serial += 1;
  return journeyId(firstJourneyIdAt(nowMs) + serial);
}

export function event(code: string, atUs = nowMs * 1000): JourneyEvent {
  return { atUs, stage: 'receive', state: 'ok', code };
}

export function delivery(account: AccountId, changed: Partial<Delivery> = {}): Delivery {
  return {
    account,
    mailbox: 'inbox',
    key: `key-${nextJourney()}`,
    prefix: Buffer.from('Return-Path: <a@sender.test>\r\n'),
    flags: 0,
    keywords: [],
    internalDateMs: nowMs,
    summary: {
      from: 'A <a@sender.test>',
      to: 'you@merpati.test',
      subject: 'Halo',
      dateMs: nowMs,
      messageId: 'm@sender.test',
    },
    recipient: 'you@merpati.test',
    ...changed,
  };
}

export function recipient(address: string, changed: Partial<QueueRecipient> = {}): QueueRecipient {
  return {
    recipient: address,
    domain: address.slice(address.indexOf('@') + 1),
    dueMs: nowMs,
    expiresMs: nowMs + 432_000_000,
    notify: [],
    orcpt: null,
    ...changed,
  };
}

export function acceptance(
  body: Body,
  what: {
    readonly deliveries?: readonly Delivery[];
    readonly recipients?: readonly QueueRecipient[];
    readonly submittedBy?: AccountId;
    readonly journey?: JourneyId;
    readonly events?: readonly JourneyEvent[];
    readonly sending?: Acceptance['sending'];
    readonly sender?: string;
    readonly nowMs?: number;
  },
): Acceptance {
  const deliveries = what.deliveries ?? [];
  const recipients = what.recipients ?? [];
  const sender = what.sender ?? 'a@sender.test';
  const submittedBy = what.submittedBy ?? null;
  return {
    head: {
      id: what.journey ?? nextJourney(),
      startedUs: nowMs * 1000,
      direction: recipients.length > 0 ? 'out' : 'in',
      sender,
      recipients: [...deliveries, ...recipients].map((each) => each.recipient),
      messageId: 'm@sender.test',
      subject: 'Halo',
      size: body.size,
      submittedBy,
    },
    events: what.events ?? [event('smtp.data')],
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
              ret: null,
              bodyType: '8bitmime',
              smtputf8: false,
              requireTls: false,
              submittedBy,
            },
            recipients,
          },
    sending: what.sending ?? null,
    nowMs: what.nowMs ?? nowMs,
  };
}

export const sampleText = 'Subject: Halo\r\n\r\nApa kabar?\r\n';

export function sampleBody(store: Pick<Store, 'newBody'>, text = sampleText): Promise<Body> {
  return makeBody(store, Buffer.from(text));
}

/** Within an account, from one mailbox to another. */
export function transfer(
  account: AccountId,
  [from, to]: readonly [from: number, to: number],
  uids: readonly Uid[],
): Transfer {
  return {
    from: { account, mailbox: mailboxId(from) },
    to: { account, mailbox: mailboxId(to) },
    uids,
    nowMs,
  };
}
