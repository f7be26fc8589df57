/** GETQUOTA. RFC 9208 §4.1.1. One's own, and no other. */

import { normalAddress } from '@merpati/formats/smtp/path.ts';
import { type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { writeQuota } from '../mailboxes/quota.ts';

export const getquota: CommandRow<'getquota'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { root }) {
    const account = await session.store.findAccount(session.account);
    if (account === null || normalAddress(root) !== account.address) {
      return no('No such quota', { code: 'NONEXISTENT' });
    }
    session.put(writeQuota(account));
    return ok('That is the quota');
  },
};
