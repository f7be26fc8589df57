/**
 * Proofs in the DNS: a TXT record that we put into the zone ourselves, seen at all of its servers
 * before the authority looks. RFC 8555 §8.4.
 */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ZoneChange } from '@merpati/formats/dns/update.ts';
import { updateZone, type UpdateTarget } from '../../dns/update.ts';
import { ZoneAsker, textsOf } from '../../dns/zone-servers.ts';
import type { World } from '../../world.ts';
import { AcmeFault } from './fault.ts';
import type { Solver } from './obtain.ts';

export interface DnsSolverOptions {
  readonly world: World;
  /** The zone is found from the name unless it is told. */
  readonly target: Omit<UpdateTarget, 'zone'> & { readonly zone: string | null };
  readonly signal: AbortSignal;
}

const ttlSeconds = 60;
/** Secondaries are told at once (RFC 1996), and come soon. */
const spreadMsMax = 120_000;
const pauseMs = 1000;

export function dnsSolver({ world, target, signal }: DnsSolverOptions): Solver {
  return {
    type: 'dns-01',
    async show(name, { keyAuthorization }) {
      const at = `_acme-challenge.${name}`;
      const text = createHash('sha256').update(keyAuthorization).digest('base64url');
      const data = { type: 'TXT', strings: [Buffer.from(text)] } as const;
      const zone = target.zone ?? (await new ZoneAsker(world).zoneOf(name))?.name ?? null;
      if (zone === null) throw new AcmeFault('acme.dns', `${name}: its zone cannot be found`);
      const change = async (one: ZoneChange) => {
        const updated = await updateZone(world, { ...target, zone }, [one]);
        if (updated.kind === 'done') return;
        throw new AcmeFault('acme.dns-update', `zone ${zone}: ${updated.why}`, { names: [name] });
      };
      await change({ kind: 'add', name: at, ttlSeconds, data });
      await spread(world, { name: at, text, signal });
      return () => change({ kind: 'remove', name: at, data });
    },
  };
}

/** Until every server of the zone that can be asked says it; one that is slow is not waited for. */
async function spread(
  world: World,
  about: { readonly name: string; readonly text: string; readonly signal: AbortSignal },
): Promise<void> {
  const asker = new ZoneAsker(world);
  const endMs = performance.now() + spreadMsMax;
  while (performance.now() < endMs) {
    const said = await asker.ask(about.name, 'TXT');
    const heard = said.flatMap(({ answer }) => (answer === null ? [] : [textsOf(answer)]));
    if (heard.every((texts) => texts.includes(about.text))) return;
    await delay(pauseMs, undefined, { signal: about.signal });
  }
}
