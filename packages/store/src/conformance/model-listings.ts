/** Light listings, lists of rights and changes of the model. */

import type {
  AclEntry,
  ChangesSince,
  FlagRow,
  FlagTable,
  MailboxChanges,
  SharedMailbox,
  Store,
  UidSlice,
  WholeMessage,
} from '../contract.ts';
import { accountId, mailboxId, modSeq, uid, type AccountId, type MailboxId } from '../ids.ts';
import { effectiveRights } from '../rights.ts';
import { readAll } from './fixtures.ts';
import { flagRow, inMailbox, messageRow, statusOf } from './model-mailboxes.ts';
import { mailboxOf, type ModelAccount, type ModelState } from './model-state.ts';

export function flagRowsOf(account: ModelAccount | undefined, mailbox: number): FlagRow[] {
  return account === undefined ? [] : inMailbox(account, mailbox).map(flagRow);
}

export type WholeSlice = UidSlice & { readonly octetsMax: number };

export async function wholeMessagesOf(
  store: Pick<Store, 'flagRows' | 'readMessage'>,
  account: AccountId,
  ask: WholeSlice & { readonly mailbox: MailboxId },
): Promise<readonly WholeMessage[]> {
  const whole: WholeMessage[] = [];
  let left = ask.octetsMax;
  for (const row of await store.flagRows(account, ask.mailbox, ask)) {
    left -= row.size;
    if (whole.length > 0 && left < 0) break;
    const body = row.size > ask.octetsMax ? null : await store.readMessage(account, row.content);
    whole.push({ uid: row.uid, bytes: body === null ? null : await readAll(body) });
  }
  return whole;
}

export function flagTableOf(rows: readonly FlagRow[]): FlagTable {
  const sets = [...new Set(['', ...rows.map((row) => row.keywords.join(' '))])];
  return {
    uids: Uint32Array.from(rows.map((row) => row.uid)),
    flags: Uint8Array.from(rows.map((row) => row.flags)),
    modseqs: Float64Array.from(rows.map((row) => row.modseq)),
    keywords: sets.map((set) => (set === '' ? [] : set.split(' '))),
    keywordSets: Uint16Array.from(rows.map((row) => sets.indexOf(row.keywords.join(' ')))),
  };
}

export function aclOf(account: ModelAccount | undefined, mailbox: number): AclEntry[] {
  const entries = account === undefined ? undefined : mailboxOf(account, mailbox)?.acl;
  return [...(entries ?? [])]
    .map(([identifier, rights]) => ({ identifier, rights }))
    .sort((a, b) => (a.identifier < b.identifier ? -1 : 1));
}

export function sharedWith(state: ModelState, account: ModelAccount): SharedMailbox[] {
  const others = [...state.accounts.values()].filter((each) => each !== account);
  const all = others.flatMap((other) =>
    other.mailboxes.map((mailbox) => ({
      owner: accountId(other.id),
      ownerAddress: other.address,
      rights: effectiveRights(aclOf(other, mailbox.id), account.address),
      status: statusOf(other, mailbox),
    })),
  );
  const place = (each: SharedMailbox) => `${each.ownerAddress}/${each.status.name}`;
  return all
    .filter((each) => each.rights.includes('l'))
    .sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

export function changesOf(
  account: ModelAccount | undefined,
  query: { readonly mailbox?: number; readonly since: number; readonly limit: number },
): ChangesSince {
  if (account === undefined) {
    return { modseq: modSeq(0), changed: [], vanished: [], truncated: false };
  }
  const order = (a: { modseq: number }, b: { modseq: number }) => a.modseq - b.modseq;
  const isNew = (each: { mailbox: number; modseq: number }) =>
    each.modseq > query.since && (query.mailbox === undefined || each.mailbox === query.mailbox);
  const ends = [account.messages, account.expunged].map(
    (list) => list.filter(isNew).sort(order)[Math.max(query.limit, 1) - 1]?.modseq ?? Infinity,
  );
  const end = Math.min(account.modseq, ...ends);
  const isAsked = (each: { mailbox: number; modseq: number }) => isNew(each) && each.modseq <= end;
  const place = (a: { modseq: number; mailbox: number; uid: number }, b: typeof a) =>
    a.modseq - b.modseq || a.mailbox - b.mailbox || a.uid - b.uid;
  return {
    modseq: modSeq(end),
    changed: account.messages.filter(isAsked).sort(place).map(messageRow),
    vanished: account.expunged
      .filter(isAsked)
      .sort(place)
      .map((each) => ({ mailbox: mailboxId(each.mailbox), uid: uid(each.uid) })),
    truncated: false,
  };
}

export function mailboxChangesOf(
  account: ModelAccount | undefined,
  query: { readonly mailbox: number; readonly since: number; readonly limit: number },
): MailboxChanges {
  const { changed, vanished, ...rest } = changesOf(account, query);
  return {
    ...rest,
    changed: changed.map(({ mailbox: _mailbox, summary: _summary, ...row }) => row),
    vanished: vanished.map((each) => each.uid),
  };
}
