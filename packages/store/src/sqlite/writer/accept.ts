/**
 * Accepting a message: everything that follows from it in one transaction. First it is checked
 * whether it can be, without writing; then it is written without a way back but the rollback of the
 * group.
 */

import type { Accepted, Stored } from '../../contract.ts';
import { accountId, emailId, mailboxId, modSeq, queueId, uid, type QueueId } from '../../ids.ts';
import type { JourneyEvent } from '../../journey.ts';
import { contentCrc, queueMessageCrc } from '../checksums.ts';
import type { PackedAcceptance, PackedDelivery, PackedEvents } from '../operations.ts';
import { queueSeal } from '../seals.ts';
import type { PlacedBody } from './blobs.ts';
import type { WriterContext } from './context.ts';
import { putIn } from './messages.ts';

export function accept(
  context: WriterContext,
  acceptance: PackedAcceptance,
  body: PlacedBody,
): Accepted {
  const refusal = checkSending(context, acceptance) ?? checkDeliveries(context, acceptance, body);
  if (refusal !== null) return refusal;
  countSending(context, acceptance);
  const stored = acceptance.deliveries.map((delivery) =>
    deliver(context, delivery, { acceptance, body }),
  );
  const queued = enqueue(context, acceptance, body);
  const newCopies = stored.filter((each) => !each.duplicate).length;
  const refs = newCopies + (queued.length > 0 ? 1 : 0);
  if (refs > 0) context.blobs.refer(body, refs);
  const accounts = stored.map((each): number => each.account);
  const [, , , , , , , , submittedBy] = acceptance.head;
  if (submittedBy !== null) accounts.push(submittedBy);
  context.journal.begin(
    acceptance.head,
    [acceptance.events, ownEvents(context, acceptance, { stored, queued })],
    accounts,
  );
  return { ok: true, stored, queued };
}

function checkSending(context: WriterContext, { sending }: PackedAcceptance): Accepted | null {
  if (sending === null) return null;
  const account = context.accounts.find(sending.account);
  if (account === null) return { ok: false, code: 'no-account', what: String(sending.account) };
  const sent = sentOn(context, sending.account, sending.day);
  const isOver =
    sent.messages + 1 > sending.limits.messagesPerDay ||
    sent.new_recipients + newRecipients(context, sending).length >
      sending.limits.newRecipientsPerDay;
  return isOver ? { ok: false, code: 'over-limit', what: account.address } : null;
}

function checkDeliveries(
  context: WriterContext,
  { deliveries }: PackedAcceptance,
  body: PlacedBody,
): Accepted | null {
  const taken = new Map<number, number>();
  for (const [id, wanted, key, prefix, , , , , recipient] of deliveries) {
    const account = context.accounts.find(id);
    if (account === null) return { ok: false, code: 'no-account', what: recipient };
    const mailbox = account.findRoom(wanted);
    if (mailbox === null || mailbox.role === 'downloaded') {
      return { ok: false, code: 'no-mailbox', what: recipient };
    }
    if (account.quota === null || findKey(context, id, key) !== undefined) continue;
    const more = (taken.get(id) ?? 0) + prefix.length + body.size;
    if (account.used + more > account.quota) {
      return { ok: false, code: 'over-quota', what: recipient };
    }
    taken.set(id, more);
  }
  return null;
}

interface KeyColumns {
  readonly mailbox_id: number;
  readonly uid: number;
  readonly modseq: number;
  readonly email_id: number;
}

function findKey(context: WriterContext, account: number, key: string): KeyColumns | undefined {
  return context.db.get<KeyColumns>(
    'SELECT mailbox_id, uid, modseq, email_id FROM append_key WHERE account_id = ? AND key = ?',
    account,
    key,
  );
}

/** Keys that nobody will come back with. */
export function dropKeys(
  { db }: WriterContext,
  what: { readonly keys: readonly (number | string)[]; readonly beforeMs: number },
): null {
  for (let index = 0; index < what.keys.length; index += 2) {
    db.run(
      'DELETE FROM append_key WHERE account_id = ? AND key = ? AND at_ms < ?',
      what.keys[index] ?? 0,
      what.keys[index + 1] ?? '',
      what.beforeMs,
    );
  }
  return null;
}

function deliver(
  context: WriterContext,
  delivery: PackedDelivery,
  from: { readonly acceptance: PackedAcceptance; readonly body: PlacedBody },
): Stored {
  const [id, wanted, key, prefixText, flags, keywords, internalDateMs, meta, recipient] = delivery;
  const { acceptance, body } = from;
  const { db } = context;
  const account = context.accounts.find(id);
  const mailbox = account?.findRoom(wanted);
  if (!account || !mailbox) throw new Error('a delivery passed its check without a mailbox');
  const isNew = db.run(
    `INSERT OR IGNORE INTO append_key (account_id, key, mailbox_id, uid, modseq, email_id, at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    id,
    key,
    mailbox.id,
    mailbox.uidNext,
    account.modseq + 1,
    account.nextEmail,
    acceptance.nowMs,
  );
  if (isNew === 0) return duplicateOf(context, delivery);
  const modseq = account.takeModseq();
  const content = account.nextContent;
  account.nextContent += 1;
  const email = account.nextEmail;
  account.nextEmail += 1;
  const prefix = Buffer.from(prefixText, 'latin1');
  const size = prefix.length + body.size;
  db.run(
    `INSERT INTO content (account_id, content_id, refs, blob_hash, size, crc, meta, prefix)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?)`,
    id,
    content,
    body.hash,
    size,
    contentCrc({ hash: body.hash, prefix, meta, size }),
    meta,
    prefix,
  );
  const newUid = putIn(
    context,
    { account, mailbox },
    {
      flags,
      keywords,
      content_id: content,
      email_id: email,
      internal_date_ms: internalDateMs,
      saved_ms: acceptance.nowMs,
      size,
      unterminated: body.unterminated ? 1 : 0,
      journey_id: acceptance.head[0],
    },
    modseq,
  );
  return {
    recipient,
    account: id,
    mailbox: mailboxId(mailbox.id),
    uid: uid(newUid),
    modseq: modSeq(modseq),
    email: emailId(email),
    duplicate: false,
  };
}

function duplicateOf(context: WriterContext, delivery: PackedDelivery): Stored {
  const [id, , key, , , , , , recipient] = delivery;
  const first = findKey(context, id, key);
  if (first === undefined) throw new Error('a key is taken and not there');
  return {
    recipient,
    account: accountId(id),
    mailbox: mailboxId(first.mailbox_id),
    uid: uid(first.uid),
    modseq: modSeq(first.modseq),
    email: emailId(first.email_id),
    duplicate: true,
  };
}

function enqueue(
  context: WriterContext,
  acceptance: PackedAcceptance,
  body: PlacedBody,
): readonly QueueId[] {
  const { queue } = acceptance;
  if (queue === null || queue.recipients.length === 0) return [];
  const { message, recipients } = queue;
  const first = context.sequences.take('queue', recipients.length);
  const prefix = Buffer.from(message.prefix, 'latin1');
  context.db.run(
    `INSERT INTO queue_message (first_id, rows_left, journey_id, submitted_by, created_ms,
       blob_hash, size, crc, sender, envid, ret, body_type, smtputf8, require_tls, prefix)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    first,
    recipients.length,
    acceptance.head[0],
    message.submittedBy,
    acceptance.nowMs,
    body.hash,
    prefix.length + body.size,
    queueMessageCrc({ hash: body.hash, prefix }),
    message.sender,
    message.envid,
    message.ret,
    message.bodyType,
    message.smtputf8 ? 1 : 0,
    message.requireTls ? 1 : 0,
    prefix,
  );
  return recipients.map((recipient, index) => {
    const id = first + index;
    const notify = recipient.notify.join(' ');
    context.db.run(
      `INSERT INTO queue (queue_id, first_id, recipient, domain, state, due_ms, ready_ms,
         expires_ms, notify, orcpt, attempts, delay_notice_sent, crc)
       VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, 0, 0, ?)`,
      id,
      first,
      recipient.recipient,
      recipient.domain,
      recipient.dueMs,
      recipient.dueMs,
      recipient.expiresMs,
      notify,
      recipient.orcpt,
      queueSeal({ ...recipient, queue_id: id, first_id: first, notify }),
    );
    const { dueMs, domain } = recipient;
    context.changes.push({ kind: 'queue-changed', dueMs, domain });
    return queueId(id);
  });
}

/** What the engine has to say: `store.stored`, `store.duplicate`, `queue.queued` and so on. */
function ownEvents(
  context: WriterContext,
  acceptance: PackedAcceptance,
  result: { readonly stored: readonly Stored[]; readonly queued: readonly QueueId[] },
): PackedEvents {
  const { atUs } = acceptance;
  const texts: string[] = [];
  const say = (event: JourneyEvent) => texts.push(JSON.stringify(event));
  for (const copy of result.stored) {
    const account = context.accounts.find(copy.account);
    const code = copy.duplicate ? 'store.duplicate' : 'store.stored';
    say({
      atUs,
      stage: 'store',
      state: copy.duplicate ? 'info' : 'ok',
      code,
      args: {
        account: account?.address ?? '',
        mailbox: account?.mailboxes.get(copy.mailbox)?.name ?? '',
        uid: copy.uid,
        email: copy.email,
      },
      ...(copy.recipient === '' ? {} : { rcpt: copy.recipient }),
    });
  }
  result.queued.forEach((id, index) => {
    const recipient = acceptance.queue?.recipients[index];
    if (recipient === undefined) return;
    say({
      atUs,
      stage: 'queue',
      state: 'ok',
      code: recipient.dueMs * 1000 > atUs ? 'queue.scheduled' : 'queue.queued',
      args: { id, domain: recipient.domain, due: recipient.dueMs },
      rcpt: recipient.recipient,
    });
  });
  return [texts.join(','), texts.length];
}

interface SentColumns {
  readonly messages: number;
  readonly new_recipients: number;
}

function sentOn(context: WriterContext, account: number, day: number): SentColumns {
  const row = context.db.get<SentColumns>(
    'SELECT messages, new_recipients FROM sent_day WHERE account_id = ? AND day = ?',
    account,
    day,
  );
  return row ?? { messages: 0, new_recipients: 0 };
}

type Sending = NonNullable<PackedAcceptance['sending']>;

function newRecipients(context: WriterContext, sending: Sending): string[] {
  const asked = new Set(sending.recipients.map((address) => address.toLowerCase()));
  return [...asked].filter(
    (address) =>
      context.db.get(
        'SELECT 1 FROM known_recipient WHERE account_id = ? AND address = ?',
        sending.account,
        address,
      ) === undefined,
  );
}

/** A week is kept for those who ask why. */
const daysKept = 7;

function countSending(context: WriterContext, { sending }: PackedAcceptance): void {
  if (sending === null) return;
  const added = newRecipients(context, sending);
  for (const address of added) {
    context.db.run('INSERT INTO known_recipient VALUES (?, ?)', sending.account, address);
  }
  const sent = sentOn(context, sending.account, sending.day);
  if (sent.messages === 0) {
    context.db.run(
      'DELETE FROM sent_day WHERE account_id = ? AND day < ?',
      sending.account,
      sending.day - daysKept,
    );
  }
  context.db.run(
    `INSERT INTO sent_day (account_id, day, messages, new_recipients) VALUES (?, ?, 1, ?)
     ON CONFLICT (account_id, day) DO UPDATE SET messages = messages + 1,
       new_recipients = new_recipients + excluded.new_recipients`,
    sending.account,
    sending.day,
    added.length,
  );
}
