/** Asks every check that applies, and decides. */

import type { Finding } from '../checks/check.ts';
import { checksInOrder } from '../checks/in-order.ts';
import { verdictOf, type Verdict } from '../checks/verdict.ts';
import type { Home } from '../home.ts';
import type { Incoming } from '../incoming/incoming.ts';

export async function judge(home: Home, incoming: Incoming): Promise<Verdict> {
  const findings: Finding[] = [];
  for (const check of checksInOrder) {
    if (!check.kinds.includes(incoming.session.kind)) continue;
    const asked = check.run(home, incoming);
    const found = asked instanceof Promise ? await asked : asked;
    findings.push(...(found === null ? [] : [found].flat()));
    if (findings.some(({ refusal }) => refusal !== null)) break;
  }
  return verdictOf(home, incoming, findings);
}
