/** What is told about the sending of people here, so that an account in wrong hands is noticed. */

import type { AccountId, JourneyId } from '@merpati/store/ids.ts';

export interface AlarmSink {
  /** A message of theirs was accepted. */
  sent(account: AccountId, journey: JourneyId): void;
  /** One was refused: they have sent as much as they may. */
  overLimit(account: AccountId, journey: JourneyId): void;
  /** What recipients of a message of theirs came to. */
  settled(
    account: AccountId,
    journey: JourneyId,
    came: { readonly delivered: number; readonly failed: number },
  ): void;
}
