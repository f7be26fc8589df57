/**
 * SETQUOTA. RFC 9208 §4.1.3. Quota is set by who runs the server, by `merpati account`; here it is
 * always refused, and QUOTASET is not announced.
 */

import { type CommandRow, afterLogin, no } from '../command-row.ts';

export const setquota: CommandRow<'setquota'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  run: () => no('Ask the postmaster for more room', { code: 'NOPERM' }),
};
