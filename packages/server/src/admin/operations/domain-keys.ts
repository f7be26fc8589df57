/** The keys a domain signs with, without their secrets; new ones, when asked for. */

import { z } from 'zod';
import type { Home } from '../../home.ts';
import { activateKeys, rotateKeys } from '../../signing/key-care.ts';
import { readKeys, type DomainKeys } from '../../signing/key-record.ts';
import { keyRecordText, type GenerationState } from '../../signing/keys.ts';
import { operation } from '../operation.ts';
import { homeOfDomain, readDomain } from '../places.ts';

export interface KeyView {
  readonly selector: string;
  readonly algorithm: string;
  readonly state: GenerationState;
  readonly createdMs: number;
  readonly signingMs: number | null;
  readonly retiredMs: number | null;
  /** When the record of a key that signs no more may go. */
  readonly keepUntilMs: number | null;
  readonly name: string;
  readonly text: string;
}

export const domainKeys = operation({
  input: z.strictObject({
    name: z.string(),
    /** `rotate`: new keys, which sign once they are in the DNS; `activate`: at once. */
    action: z.enum(['list', 'rotate', 'activate']).default('list'),
  }),
  async run(context, input): Promise<readonly KeyView[]> {
    const domain = readDomain(input.name);
    const home = await homeOfDomain(context, domain);
    const { generations } = await act(home, domain, input.action);
    return generations.flatMap(({ state, createdMs, signingMs, retiredMs, keepUntilMs, keys }) =>
      keys.map((key) => ({
        selector: key.selector,
        algorithm: `${key.kind}-sha256`,
        state,
        createdMs,
        signingMs,
        retiredMs,
        keepUntilMs,
        name: `${key.selector}._domainkey.${domain}`,
        text: keyRecordText(key, state === 'revoked'),
      })),
    );
  },
});

function act(
  home: Home,
  domain: string,
  action: 'list' | 'rotate' | 'activate',
): Promise<DomainKeys> {
  switch (action) {
    case 'list':
      return readKeys(home.store, domain);
    case 'rotate':
      return rotateKeys(home, domain);
    case 'activate':
      return activateKeys(home, domain);
    default:
      throw new Error(`unhandled action ${String(action satisfies never)}`);
  }
}
