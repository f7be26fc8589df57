/**
 * Finding what an operation is about: the home of a domain, the account of an address, a mailbox.
 */

import { normalAddress, normalDomain, splitAddress } from '@merpati/formats/smtp/path.ts';
import type { AccountRow, MailboxStatus } from '@merpati/store/contract.ts';
import { nearest } from '../config/nearest.ts';
import type { Home } from '../home.ts';
import { AdminFault, type AdminContext } from './operation.ts';

export function readAddress(text: string): { address: string; domain: string } {
  const address = normalAddress(text.trim());
  const domain = address === null ? undefined : splitAddress(address)?.domain;
  if (address === null || domain === undefined) {
    throw new AdminFault('address.invalid', { address: text });
  }
  return { address, domain };
}

export function readDomain(text: string): string {
  const domain = normalDomain(text.trim());
  if (domain === null || domain.startsWith('[') || !domain.includes('.')) {
    throw new AdminFault('domain.invalid', { domain: text });
  }
  return domain;
}

/** The home that calls the domain its own. */
export async function homeOfDomain(context: AdminContext, domain: string): Promise<Home> {
  const known: string[] = [];
  for (const home of context.homes) {
    if ((await home.store.findDomain(domain)) !== null) return home;
    known.push(...(await home.store.domains()).map((one) => one.name));
  }
  throw new AdminFault('domain.unknown', { domain, known: known.join(', ') || '–' });
}

export async function homeOfAddress(
  context: AdminContext,
  text: string,
): Promise<{ home: Home; address: string; domain: string }> {
  const { address, domain } = readAddress(text);
  return { home: await homeOfDomain(context, domain), address, domain };
}

export async function findAccount(
  context: AdminContext,
  text: string,
): Promise<{ home: Home; account: AccountRow }> {
  const { home, address } = await homeOfAddress(context, text);
  const accounts = await home.store.accounts();
  const account = accounts.find((one) => one.address === address);
  if (account !== undefined) return { home, account };
  const near = nearest(
    address,
    accounts.map((one) => one.address),
  );
  throw near === null
    ? new AdminFault('account.unknown', { address })
    : new AdminFault('account.unknown.near', { address, near });
}

/** By name, in any case. */
export async function findMailbox(
  home: Home,
  account: AccountRow,
  name: string,
): Promise<MailboxStatus> {
  const mailboxes = await home.store.mailboxes(account.id, { hidden: true });
  const wanted = name.toLowerCase();
  const found = mailboxes.find((one) => one.name.toLowerCase() === wanted || one.role === wanted);
  if (found !== undefined) return found;
  const known = mailboxes.map((one) => one.name).join(', ');
  throw new AdminFault('mailbox.unknown', { address: account.address, mailbox: name, known });
}

/** The server named, or the first. */
export function chooseHome(context: AdminContext, server: string | undefined): Home {
  if (server === undefined) return context.homes[0];
  const wanted = server.toLowerCase();
  const found = context.homes.find(
    (one) => one.config.hostname === wanted || one.config.hostname === `mx.${wanted}`,
  );
  if (found !== undefined) return found;
  const known = context.homes.map((one) => one.config.hostname).join(', ');
  throw new AdminFault('lab.server', { server, known });
}
