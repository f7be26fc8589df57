/** An address that leads to others, ours or foreign ones. */

import { z } from 'zod';
import { findCircle } from '../../accounts/alias-circle.ts';
import { AdminFault, operation } from '../operation.ts';
import { homeOfAddress, readAddress } from '../places.ts';
import type { AliasView } from './alias-list.ts';

export interface AliasPut extends AliasView {
  /** The way that leads back to it, for it may be a mistake; null: none does. */
  readonly circle: readonly string[] | null;
}

export const aliasPut = operation({
  input: z.strictObject({
    address: z.string(),
    targets: z.array(z.string()).min(1).max(1000),
    /** `add` must be new, `set` replaces the targets. */
    mode: z.enum(['add', 'set']),
  }),
  async run(context, input): Promise<AliasPut> {
    const { home, address } = await homeOfAddress(context, input.address);
    const targets = [...new Set(input.targets.map((target) => readAddress(target).address))];
    if (targets.includes(address)) throw new AdminFault('alias.to-itself', { address });
    const before = (await home.store.aliases()).some((one) => one.address === address);
    if (before && input.mode === 'add') throw new AdminFault('address.exists', { address });
    if (!before && input.mode === 'set') throw new AdminFault('alias.unknown', { address });
    const result = await home.store.editDirectory({ kind: 'alias-put', address, targets });
    if (!result.ok) throw new AdminFault('address.exists', { address });
    const circle = await findCircle(home.store, address);
    return { address, targets, server: home.config.hostname, circle };
  },
});
