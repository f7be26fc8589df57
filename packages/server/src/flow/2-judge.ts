/** Asks every check that applies, and decides. */

import type { JourneyEvent } from '@merpati/store/journey.ts';
import { authorOwned } from '../checks/author-owned.ts';
import type { Check } from '../checks/check.ts';
import { headerForm } from '../checks/header-form.ts';
import { loop } from '../checks/loop.ts';
import type { Home } from '../home.ts';
import type { Refusal } from '../refusal.ts';
import type { Incoming } from '../incoming/incoming.ts';

/** In the order in which they are made: the cheap ones first. */
const checks: readonly Check[] = [headerForm, loop, authorOwned];

export interface Verdict {
  readonly refusal: Refusal | null;
  /** Findings, as the journey tells them. */
  readonly events: readonly JourneyEvent[];
}

export async function judge(home: Home, incoming: Incoming): Promise<Verdict> {
  const events: JourneyEvent[] = [];
  for (const check of checks) {
    if (!check.kinds.includes(incoming.session.kind)) continue;
    const asked = check.run(home, incoming);
    const finding = asked instanceof Promise ? await asked : asked;
    if (finding === null) continue;
    const { code, state, args, weight } = finding;
    events.push({
      atUs: home.world.nowUs(),
      stage: 'check',
      state,
      code,
      args: weight === 0 ? args : { ...args, weight },
    });
    if (finding.refusal !== null) return { refusal: finding.refusal, events };
  }
  return { refusal: null, events };
}
