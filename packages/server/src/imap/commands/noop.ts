/** NOOP, and CHECK, which is the same to us. RFC 9051 §6.1.2; RFC 3501 §6.4.1. */

import { type Answer, type CommandRow, anyState, ok } from '../command-row.ts';
import type { Session } from '../session.ts';

const look = async (session: Session): Promise<Answer> => {
  await session.update({ expungesAllowed: true, force: true });
  return ok('Still here');
};

export const noop: CommandRow<'noop'> = { states: anyState, expungesAllowed: 'yes', run: look };

export const check: CommandRow<'check'> = {
  states: ['selected'],
  expungesAllowed: 'yes',
  run: look,
};
