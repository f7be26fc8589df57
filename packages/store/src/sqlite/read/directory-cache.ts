/**
 * Domains, addresses and accounts as they were last read. Each recipient of each message asks for
 * them, and they change a few times a day. Of addresses only those that exist are kept: others are
 * guessed without end. Foreign domains are kept, because whatever is sent on asks whether its
 * domain is ours.
 */

import type { AccountRow, AddressTarget, DomainRow } from '../../contract.ts';
import { modSeq, type AccountId } from '../../ids.ts';
import type { Database } from '../database.ts';
import * as directory from './directory.ts';

/** Entries of each kind; about 1 KB for an account. Beyond it all are forgotten. */
const entriesMax = 10_000;

type KnownTarget =
  | { readonly kind: 'account'; readonly id: AccountId }
  | Extract<AddressTarget, { kind: 'alias' }>;

/** Of one account, after so many commits. */
interface Counted extends Counters {
  readonly commits: number;
}

interface Counters {
  readonly used: number;
  readonly messages: number;
  readonly modseq: number;
}

export class DirectoryCache {
  readonly #db: Database;
  /** null: not ours. */
  readonly #domains = new Map<string, DomainRow | null>();
  readonly #targets = new Map<string, KnownTarget>();
  readonly #accounts = new Map<AccountId, AccountRow>();
  readonly #counted = new Map<AccountId, Counted>();
  readonly #commits: () => number;

  /** `commits` is another number whenever there is something new to read. */
  constructor(db: Database, commits: () => number) {
    this.#db = db;
    this.#commits = commits;
  }

  /** Something was changed in the directory. */
  forget(): void {
    this.#domains.clear();
    this.#targets.clear();
    this.#accounts.clear();
    this.#counted.clear();
  }

  findDomain(name: string): DomainRow | null {
    const known = this.#domains.get(name);
    if (known !== undefined) return known;
    const found = directory.findDomain(this.#db, name);
    keep(this.#domains, name, found);
    return found;
  }

  findAddress(address: string): AddressTarget | null {
    const known = this.#targets.get(address);
    if (known === undefined) return this.#readAddress(address);
    if (known.kind === 'alias') return known;
    const account = this.findAccount(known.id);
    return account === null ? null : { kind: 'account', account };
  }

  /** With its counters of this moment. */
  findAccount(id: AccountId): AccountRow | null {
    const known = this.#accounts.get(id);
    if (known === undefined) {
      const found = directory.findAccount(this.#db, id);
      if (found !== null) keep(this.#accounts, id, found);
      return found;
    }
    const counted = this.#count(id);
    if (counted === null) return null;
    const { used, messages, modseq } = counted;
    return { ...known, usedBytes: used, messages, modseq: modSeq(modseq) };
  }

  #count(id: AccountId): Counted | null {
    const commits = this.#commits(); // before the look: what comes meanwhile is looked at again
    const known = this.#counted.get(id);
    if (known?.commits === commits) return known;
    const counters = this.#db.get<Counters>(
      'SELECT used, messages, modseq FROM account WHERE account_id = ?',
      id,
    );
    if (counters === undefined) return null;
    const counted = { ...counters, commits };
    keep(this.#counted, id, counted);
    return counted;
  }

  #readAddress(address: string): AddressTarget | null {
    const found = directory.findAddress(this.#db, address);
    if (found?.kind === 'alias') keep(this.#targets, address, found);
    if (found?.kind === 'account') {
      keep(this.#targets, address, { kind: 'account', id: found.account.id });
      keep(this.#accounts, found.account.id, found.account);
    }
    return found;
  }
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (map.size >= entriesMax) map.clear();
  map.set(key, value);
}
