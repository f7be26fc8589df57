/**
 * What changed in a mailbox since the client was there last: in one round trip by QRESYNC (RFC 7162
 * §3.2.5), in three by CONDSTORE (§3.1.4.1), or by looking at all flags where the server has
 * neither.
 */

import { numbersOf } from '@merpati/formats/imap/sequence-set.ts';
import type { Response } from '@merpati/formats/imap/response.ts';
import type { ImapClient } from './client.ts';

/** What the client knew. */
export interface MailboxState {
  readonly uidValidity: number;
  /** null: the server had none. */
  readonly modseq: number | null;
  /** Of the messages that it had, ascending. */
  readonly uids: readonly number[];
}

export interface ChangedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
}

export interface Synced {
  /** What to know next time. */
  readonly state: MailboxState;
  /** The mailbox is another one than it was: everything known of it is void. */
  readonly isNew: boolean;
  /** UIDs that are there no more. */
  readonly vanished: readonly number[];
  /** New messages and changed flags, by UID, ascending. */
  readonly changed: readonly ChangedMessage[];
}

/** Selects the mailbox, and leaves it selected. */
export async function sync(
  client: ImapClient,
  mailbox: string,
  known: MailboxState | null,
): Promise<Synced> {
  const capabilities = await client.capabilities();
  const gathered = new Gathered();
  const hasQresync = capabilities.has('QRESYNC');
  if (hasQresync) await client.enable('QRESYNC');
  if (hasQresync && known !== null && known.modseq !== null) {
    // Without the known UIDs, which would keep new messages out of the answer. RFC 7162 §3.2.5.
    const parameters = `(QRESYNC (${known.uidValidity} ${known.modseq}))`;
    const { onResponse } = gathered;
    const selected = await client.selectWith(mailbox, { parameters, onResponse });
    if (selected.uidValidity === known.uidValidity && selected.highestModseq !== null) {
      return gathered.result(client, known);
    }
    return await syncAll(client, null);
  }
  const selected = await client.selectWith(mailbox, {
    parameters: capabilities.has('CONDSTORE') ? '(CONDSTORE)' : '',
  });
  const isSame = known?.uidValidity === selected.uidValidity;
  if (isSame && known.modseq !== null && selected.highestModseq !== null) {
    return await syncByModseq(client, known);
  }
  return await syncAll(client, isSame ? known : null);
}

async function syncByModseq(client: ImapClient, known: MailboxState): Promise<Synced> {
  const gathered = new Gathered();
  const changedSince = known.modseq ?? 0;
  for await (const { uid, flags } of client.fetch('1:*', 'UID FLAGS', { changedSince })) {
    gathered.change(uid, flags);
  }
  const there = new Set(await client.search('ALL'));
  gathered.vanish(known.uids.filter((uid) => !there.has(uid)));
  return gathered.result(client, known);
}

/** Everything that is there, as if nothing had been known; what was known and is not, vanished. */
async function syncAll(client: ImapClient, known: MailboxState | null): Promise<Synced> {
  const gathered = new Gathered();
  if ((client.mailbox?.exists ?? 0) > 0) {
    for await (const { uid, flags } of client.fetch('1:*', 'UID FLAGS'))
      gathered.change(uid, flags);
  }
  gathered.vanish(known?.uids.filter((uid) => !gathered.has(uid)) ?? []);
  return gathered.result(client, known);
}

class Gathered {
  readonly #changed = new Map<number, readonly string[]>();
  readonly #vanished = new Set<number>();

  readonly onResponse = (response: Response): void => {
    if (response.kind === 'fetch') this.change(response.fetched.uid, response.fetched.flags);
    else if (response.kind === 'vanished') this.vanish(numbersOf(response.uids));
  };

  has(uid: number): boolean {
    return this.#changed.has(uid);
  }

  change(uid: number | null, flags: readonly string[] | null): void {
    if (uid !== null && flags !== null) this.#changed.set(uid, flags);
  }

  vanish(uids: Iterable<number>): void {
    for (const uid of uids) this.#vanished.add(uid);
  }

  result(client: ImapClient, known: MailboxState | null): Synced {
    const before = new Set(known?.uids);
    // A server may name more than the client ever had. RFC 7162 §3.2.10.1.
    const vanished = [...this.#vanished].filter((uid) => before.has(uid));
    for (const uid of vanished) before.delete(uid);
    for (const uid of this.#vanished) this.#changed.delete(uid);
    const changed = [...this.#changed].map(([uid, flags]) => ({ uid, flags }));
    const uids = new Set([...before, ...this.#changed.keys()]);
    const ascending = (a: number, b: number): number => a - b;
    return {
      state: {
        uidValidity: client.mailbox?.uidValidity ?? 0,
        modseq: client.mailbox?.highestModseq ?? null,
        uids: [...uids].toSorted(ascending),
      },
      isNew: known === null,
      vanished: vanished.toSorted(ascending),
      changed: changed.toSorted((a, b) => a.uid - b.uid),
    };
  }
}
