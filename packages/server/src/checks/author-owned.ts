/**
 * Our users write in their own name: each address of From, and Sender, must be theirs. RFC 6409
 * §6.1, §8.1.
 */

import { mailboxesOf, readAddressList } from '@merpati/formats/message/address.ts';
import { ownsAddress } from '../accounts/own-addresses.ts';
import { Refusal } from '../refusal.ts';
import type { Check } from './check.ts';

const authorFields: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'resent-from',
  'resent-sender',
]);

export const authorOwned: Check = {
  kinds: ['submission'],
  async run(home, { head, session }) {
    const { account } = session;
    if (account === null) throw new Error('a submission without an account');
    for (const field of head.fields) {
      if (!authorFields.has(field.key)) continue;
      const list = readAddressList(field.value());
      const mailboxes = mailboxesOf(list);
      if (
        mailboxes.length === 0 ||
        list.faults.some((fault) => fault.code === 'addresses-too-many')
      ) {
        return foreign(field.name, field.value().slice(0, 100), 'bad-header');
      }
      for (const { address } of mailboxes) {
        if (await ownsAddress(home.store, account, address)) continue;
        return foreign(field.name, address, 'from-not-yours');
      }
    }
    return {
      code: 'check.author',
      state: 'ok',
      weight: 0,
      args: { account: account.address },
      refusal: null,
    };
  },
};

function foreign(field: string, address: string, code: 'from-not-yours' | 'bad-header') {
  const message =
    code === 'bad-header'
      ? `The ${field} field has no readable address`
      : `You may not send as <${address}> (${field} field)`;
  return {
    code: 'check.author',
    state: 'fail',
    weight: 0,
    args: { field, address },
    refusal: new Refusal(code, message),
  } as const;
}
