/**
 * What an address of ours stands for: an account, an alias with its targets, the catch-all, or
 * nobody. Domain aliases and +tags are looked through. Every question "is this ours?" is answered
 * here and nowhere else.
 */

import {
  normalAddress,
  normalDomain,
  normalLocal,
  splitAddress,
} from '@merpati/formats/smtp/path.ts';
import type { AccountRow, AddressTarget, DomainRow, Store } from '@merpati/store/contract.ts';
import type { MailboxId } from '@merpati/store/ids.ts';
import { openReportMailbox, reportKindOf } from './report-addresses.ts';

export interface LocalTarget {
  readonly account: AccountRow;
  /** The address of ours that led there, normalised. */
  readonly address: string;
  /** Where it goes there; left out: the inbox. */
  readonly mailbox?: MailboxId;
}

export type Resolution =
  | { readonly kind: 'not-ours' }
  /** A domain of ours, but nobody of that name. */
  | { readonly kind: 'unknown' }
  /** Another address wrapped in a local part of ours (`a%b@ours`, `b!a@ours`): asked to relay. */
  | { readonly kind: 'disguised' }
  | {
      readonly kind: 'ours';
      /** Each account once. */
      readonly accounts: readonly LocalTarget[];
      /** Addresses of others that an alias of ours forwards to. */
      readonly elsewhere: readonly string[];
      readonly viaAlias: boolean;
    };

export const resolveLimits = {
  /** Aliases of aliases of … */
  depthMax: 10,
  targetsMax: 1000,
  /** Domain aliases of domain aliases. */
  domainHopsMax: 4,
} as const;

const notOurs: Resolution = { kind: 'not-ours' };
const unknown: Resolution = { kind: 'unknown' };

/** Resolves `local@domain`; a lone `postmaster` is the home's. */
export async function resolveAddress(store: Store, address: string): Promise<Resolution> {
  const parts = splitAddress(address);
  if (parts === null)
    return address.toLowerCase() === 'postmaster' ? postmaster(store, null) : unknown;
  const domain = await findDomain(store, parts.domain);
  if (domain === null) return notOurs;
  const local = normalLocal(parts.local);
  const target = await findTarget(store, local, domain);
  if (target !== null) return expand(store, `${local}@${domain.name}`, target);
  if (local === 'postmaster') return postmaster(store, domain);
  if (reportKindOf(`${local}@${domain.name}`) !== null) return reports(store, local, domain);
  if (/[%!@]/.test(local)) return { kind: 'disguised' };
  if (domain.catchAll === null) return unknown;
  return expand(store, `${local}@${domain.name}`, { kind: 'alias', targets: [domain.catchAll] });
}

/** The domain that holds the addresses, domain aliases followed; null when it is not ours. */
export async function findDomain(store: Store, domain: string): Promise<DomainRow | null> {
  let name = normalDomain(domain);
  for (let hops = 0; name !== null && hops < resolveLimits.domainHopsMax; hops += 1) {
    const row: DomainRow | null = await store.findDomain(name);
    if (row === null || row.aliasOf === null) return row;
    name = row.aliasOf;
  }
  return null;
}

/** Has the account no room left for so many octets? */
export function isFullFor({ quotaBytes, usedBytes }: AccountRow, size: number): boolean {
  return quotaBytes !== null && usedBytes + size > quotaBytes;
}

/** As it stands, then without its +tag (RFC 5233 calls it detail). */
async function findTarget(
  store: Store,
  local: string,
  domain: DomainRow,
): Promise<AddressTarget | null> {
  const exact = await store.findAddress(`${local}@${domain.name}`);
  const plus = local.indexOf('+');
  if (exact !== null || plus <= 0) return exact;
  return store.findAddress(`${local.slice(0, plus)}@${domain.name}`);
}

async function expand(store: Store, address: string, first: AddressTarget): Promise<Resolution> {
  if (first.kind === 'account') {
    const accounts = [{ account: first.account, address }];
    return { kind: 'ours', accounts, elsewhere: [], viaAlias: false };
  }
  const accounts = new Map<number, LocalTarget>();
  const elsewhere = new Map<string, string>();
  const seen = new Set([address]);
  let level: readonly string[] = first.targets;
  for (let depth = 0; level.length > 0 && depth < resolveLimits.depthMax; depth += 1) {
    const next: string[] = [];
    for (const text of level) {
      const key = normalAddress(text);
      if (key === null || seen.has(key) || seen.size > resolveLimits.targetsMax) continue;
      seen.add(key);
      const parts = splitAddress(key);
      const domain = parts === null ? null : await findDomain(store, parts.domain);
      if (parts === null || domain === null) {
        elsewhere.set(key, text);
        continue;
      }
      const target = await findTarget(store, parts.local, domain);
      if (target?.kind === 'account' && target.account.state === 'active') {
        accounts.set(target.account.id, { account: target.account, address: key });
      } else if (target?.kind === 'alias') {
        next.push(...target.targets);
      }
    }
    level = next;
  }
  if (accounts.size === 0 && elsewhere.size === 0) return unknown;
  return {
    kind: 'ours',
    accounts: [...accounts.values()],
    elsewhere: [...elsewhere.values()],
    viaAlias: true,
  };
}

/**
 * RFC 5321 §4.5.1: mail to postmaster is always taken. Who has made no alias for it gets it in the
 * domain's oldest account, since whoever set up the domain made that one first; a domain without
 * accounts uses the home's oldest.
 */
async function postmaster(store: Store, domain: DomainRow | null): Promise<Resolution> {
  const active = (await store.accounts()).filter((account) => account.state === 'active');
  const oldest = active.toSorted((a, b) => a.createdMs - b.createdMs || a.id - b.id);
  const suffix = `@${domain?.name ?? ''}`;
  const account = oldest.find((one) => one.address.endsWith(suffix)) ?? oldest[0];
  if (account === undefined) return unknown;
  const address = domain === null ? 'postmaster' : `postmaster${suffix}`;
  return { kind: 'ours', accounts: [{ account, address }], elsewhere: [], viaAlias: true };
}

/**
 * Reports of others that nobody has made an account for: beside the postmaster's mail, in a mailbox
 * of their own, so that they are in nobody's way.
 */
async function reports(store: Store, local: string, domain: DomainRow): Promise<Resolution> {
  const found = await postmaster(store, domain);
  const target = found.kind === 'ours' ? found.accounts[0] : undefined;
  if (target === undefined) return unknown;
  const mailbox = await openReportMailbox(store, target.account.id);
  const address = `${local}@${domain.name}`;
  const place = { account: target.account, address, ...(mailbox === null ? {} : { mailbox }) };
  return { kind: 'ours', accounts: [place], elsewhere: [], viaAlias: true };
}
