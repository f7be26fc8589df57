/** What runs here: servers, ports, queue, certificates; in a lab also how to connect to it. */

import { z } from 'zod';
import type { LabInfo } from '../lab-control.ts';
import { operation } from '../operation.ts';

export interface ServerStatus {
  /** null when only the store was opened. */
  readonly version: string | null;
  readonly startedMs: number | null;
  readonly homes: readonly {
    readonly hostname: string;
    readonly folder: string;
    readonly domains: readonly string[];
    /** Service → addresses. */
    readonly listen: Readonly<Record<string, readonly string[]>>;
    readonly queue: { readonly waiting: number; readonly held: number };
  }[];
  readonly lab: LabInfo | null;
}

export const serverStatus = operation({
  input: z.strictObject({}),
  async run(context): Promise<ServerStatus> {
    const homes = await Promise.all(
      context.homes.map(async (home) => {
        const { waiting, held } = await home.store.queueCount();
        return {
          hostname: home.config.hostname,
          folder: home.config.data,
          domains: (await home.store.domains()).map((one) => one.name),
          listen: context.server === null ? {} : home.config.listen,
          queue: { waiting, held },
        };
      }),
    );
    return {
      version: context.server?.version ?? null,
      startedMs: context.server?.startedMs ?? null,
      homes,
      lab: context.lab?.info() ?? null,
    };
  },
});
