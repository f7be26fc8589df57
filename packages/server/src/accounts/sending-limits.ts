/** How much an account may send in a day: its own numbers, or those of the configuration. */

import type { AccountSettings, SendingCount } from '@merpati/store/contract.ts';
import type { Config } from '../config/schema.ts';

export function sendingLimits(
  { limits }: Pick<Config, 'limits'>,
  { limits: own }: Pick<AccountSettings, 'limits'>,
): SendingCount['limits'] {
  return {
    messagesPerDay: own.messagesPerDay ?? limits.messages_per_day,
    newRecipientsPerDay: own.newRecipientsPerDay ?? limits.new_recipients_per_day,
  };
}
