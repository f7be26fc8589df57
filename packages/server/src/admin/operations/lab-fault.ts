/** Switches a fault of the lab on or off. */

import { z } from 'zod';
import { dnsFaults, homeFaults, type LabFaultState } from '../lab-control.ts';
import { AdminFault, operation } from '../operation.ts';
import { homeOfDomain, readDomain } from '../places.ts';

export const labFault = operation({
  input: z.strictObject({
    /** null: only tell what is on. */
    fault: z
      .enum([...homeFaults, ...dnsFaults])
      .nullable()
      .default(null),
    on: z.boolean().default(true),
    /** The domain whose server misbehaves. */
    domain: z.string().optional(),
  }),
  async run(context, input): Promise<readonly LabFaultState[]> {
    const { lab } = context;
    if (lab === null) throw new AdminFault('lab.none');
    if (input.fault !== null) {
      const last = context.homes.at(-1) ?? context.homes[0];
      const usual = (await last.store.domains())[0]?.name ?? last.config.hostname;
      const domain = input.domain === undefined ? usual : readDomain(input.domain);
      const home = await homeOfDomain(context, domain);
      await lab.setFault({ fault: input.fault, on: input.on, domain, home });
    }
    return lab.faults();
  },
});
