/** A thread for the tests: makes ids of journeys in its own lane, and tells them. */

import { parentPort, workerData } from 'node:worker_threads';
import { newJourneyId, takeLane } from '../../journey/new-id.ts';

const { number, of, count } = workerData as { number: number; of: number; count: number };
takeLane({ number, of });
const world = { nowMs: () => Date.now(), random: () => Math.random() };
parentPort?.postMessage(Array.from({ length: count }, () => newJourneyId(world)));
