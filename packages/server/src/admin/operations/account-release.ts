/** Lets an account send again whose sending was paused, and what was held back go out. */

import { z } from 'zod';
import { releaseSending } from '../../accounts/sending-pause.ts';
import { AdminFault, operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export const accountRelease = operation({
  input: z.strictObject({ address: z.string() }),
  async run(context, input): Promise<{ readonly address: string; readonly released: number }> {
    const { home, account } = await findAccount(context, input.address);
    const { store, world } = home;
    const { id, address } = account;
    if (!(await releaseSending(store, id, world.nowMs()))) {
      throw new AdminFault('account.not-paused', { address });
    }
    const event = { atUs: world.nowUs(), stage: 'queue', state: 'info' } as const;
    const told = [{ ...event, code: 'queue.released' }];
    const released = await store.editQueue({ submittedBy: id }, { kind: 'release' }, told);
    home.log.info({ event: 'alarm.released', account: address, released: released.length });
    home.wakeQueue('person');
    return { address, released: released.length };
  },
});
