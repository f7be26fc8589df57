/** placeholder */
import type { Subject } from './subjects.ts';
export async function startMerpati(
  _relayTo?: number,
): Promise<Subject & { ports: { SMTP: number; POP3: number } }> {
  throw new Error('later');
}
