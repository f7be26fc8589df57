/** A thread for the tests: tells the time when it is asked. */

import { parentPort } from 'node:worker_threads';
import { createClockUs } from '../../real-world.ts';

const nowUs = createClockUs();
parentPort?.on('message', () => parentPort?.postMessage(nowUs()));
