/** A new domain, or a change to one that is there. */

import { z } from 'zod';
import type { DomainRow } from '@merpati/store/contract.ts';
import type { Home } from '../../home.ts';
import { ensureKeys } from '../../signing/key-care.ts';
import { AdminFault, operation, type AdminContext } from '../operation.ts';
import { chooseHome, homeOfDomain, readAddress, readDomain } from '../places.ts';

export const domainPut = operation({
  input: z.strictObject({
    name: z.string(),
    /** `add` must be new, `edit` must be there. */
    mode: z.enum(['add', 'edit']),
    /** null: a domain of its own. */
    aliasOf: z.string().nullable().optional(),
    /** null: none. */
    catchAll: z.string().nullable().optional(),
    server: z.string().optional(),
  }),
  async run(context, input): Promise<DomainRow & { readonly server: string }> {
    const name = readDomain(input.name);
    const { home, before } = await place(context, { ...input, name });
    const aliasOf =
      input.aliasOf === undefined
        ? (before?.aliasOf ?? null)
        : await readAliasOf(home, name, input.aliasOf);
    const catchAll =
      input.catchAll === undefined ? (before?.catchAll ?? null) : readCatchAll(input.catchAll);
    const createdMs = before?.createdMs ?? home.world.nowMs();
    const domain: DomainRow = { name, aliasOf, catchAll, createdMs };
    await home.store.editDirectory({ kind: 'domain-put', domain });
    home.keyRing.forget();
    if (home.config.dkim.sign) await ensureKeys(home, name);
    return { ...domain, server: home.config.hostname };
  },
});

async function place(
  context: AdminContext,
  input: {
    readonly name: string;
    readonly mode: 'add' | 'edit';
    readonly aliasOf?: string | null | undefined;
    readonly server?: string | undefined;
  },
): Promise<{ home: Home; before: DomainRow | null }> {
  if (input.mode === 'edit') {
    const home = await homeOfDomain(context, input.name);
    return { home, before: await home.store.findDomain(input.name) };
  }
  for (const home of context.homes) {
    if ((await home.store.findDomain(input.name)) !== null) {
      throw new AdminFault('domain.exists', { domain: input.name });
    }
  }
  const { aliasOf, server } = input;
  // In a lab an alias belongs to the server that has the domain.
  const home =
    typeof aliasOf === 'string' && server === undefined
      ? await homeOfDomain(context, readDomain(aliasOf))
      : chooseHome(context, server);
  return { home, before: null };
}

const readCatchAll = (text: string | null) => (text === null ? null : readAddress(text).address);

async function readAliasOf(home: Home, name: string, text: string | null): Promise<string | null> {
  if (text === null) return null;
  const target = readDomain(text);
  const row = await home.store.findDomain(target);
  if (row === null) {
    const known = (await home.store.domains()).map((one) => one.name).join(', ');
    throw new AdminFault('domain.unknown', { domain: target, known });
  }
  if (target === name || row.aliasOf !== null) throw new AdminFault('domain.alias-of-itself');
  return target;
}
